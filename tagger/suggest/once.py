"""The suggester's single answers: a question in its arguments, one answer, and the process ends."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import IO, Any

from tagger.core.errors import TaggerError
from tagger.suggest.apart import serve_decode
from tagger.suggest.protocol import ADD, BENCH, CHECK, COMMAND, DECODE, DOCTOR, SCORE
from tagger.suggest.workplace import open_model


def answer_once(arguments: list[str], out: IO[bytes]) -> int:
    """Give the one answer that these arguments ask for.

    Args:
        arguments: as `tagger.suggest.protocol` names them; what else is needed comes on stdin.
        out: takes the answer, one line of JSON, or what the asked-for service writes.

    Returns:
        Exit code: 0 answered, 2 wrong usage.
    """
    answer: dict[str, Any]
    if arguments == [DECODE]:
        serve_decode(sys.stdin.buffer, out)
    if arguments == [BENCH]:
        from tagger.suggest.bench_service import serve_bench

        serve_bench(sys.stdin.buffer, out)
        logging.shutdown()
        os._exit(0)  # decoding threads may still be busy with a large photo
    if arguments[0] == DOCTOR and len(arguments) <= 2:
        from tagger.suggest.doctor import examine

        answer = examine(**(json.loads(arguments[1]) if len(arguments) == 2 else {}))
    elif arguments == [ADD]:
        from tagger.suggest.adapting import adapt

        answer = adapt(json.loads(sys.stdin.buffer.readline()))
    elif arguments == [SCORE]:
        from tagger.suggest.scoring import score

        answer = score(json.loads(sys.stdin.buffer.readline()))
    elif arguments[0] == CHECK and len(arguments) == 3:
        answer = _checked(Path(arguments[1]), arguments[2])
    else:
        usage = f"[{DOCTOR} [WISHES] | {ADD} | {SCORE} | {BENCH} | {CHECK} FOLDER PROVIDER]"
        sys.stderr.write(f"usage: tagger {COMMAND} {usage}\n")
        return 2
    out.write(json.dumps(answer).encode() + b"\n")
    out.flush()
    return 0


def _checked(folder: Path, provider: str) -> dict[str, Any]:
    """Open a bundle, which compares its golden answers, and say whether it may be used."""
    try:
        model = open_model(folder, provider, lambda: False)
    except TaggerError as error:
        return {"error": str(error)}
    return {"bundle": model.spec.bundle_id, "provider": model.obtained.provider.key}
