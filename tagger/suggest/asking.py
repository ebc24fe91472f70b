"""Asking the suggester's program one question and waiting for its answer. No ONNX Runtime here."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from tagger.suggest.client import SuggesterError, suggester_command


def ask_child(arguments: Sequence[str], request: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run the child with arguments (and a request on its stdin) and return its one answer.

    Blocks for some seconds: a window calls it on a thread of its own.

    Raises:
        SuggesterError: it ended without an answer, or the answer is an error.
    """
    try:
        done = subprocess.run(
            [*suggester_command(), *arguments],
            input=b"" if request is None else json.dumps(request).encode() + b"\n",
            stdout=subprocess.PIPE,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            check=False,
        )
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (OSError, ValueError, IndexError) as error:
        raise SuggesterError(
            "The part of the program that looks at models ended without an answer. "
            "The log says more; if the model is very large, close other programs and try again."
        ) from error
    if "error" in answer:
        raise SuggesterError(answer["error"])
    return answer
