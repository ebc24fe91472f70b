"""Say what hardware and libraries are used for suggesting, and what is wrong with them.

tagger doctor
tagger doctor --json
tagger doctor --provider cuda
tagger doctor --try-again        after a change: try providers again that ended the program before
"""

from __future__ import annotations

import argparse
import json
import subprocess
from typing import Any

from tagger.cli.opening import ModelError
from tagger.cli.output import emit, remark
from tagger.suggest.client import suggester_command
from tagger.suggest.findings import as_text
from tagger.suggest.protocol import DOCTOR

PROVIDERS = ("auto", "cuda", "tensorrt", "directml", "coreml", "cpu")
"""What may be asked for; the table itself is the child's, where ONNX Runtime is."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument(
        "--provider", choices=PROVIDERS, default="auto", help="what to compute on; default: auto"
    )
    parser.add_argument("--model", default="", metavar="ID", help="try it with this model")
    parser.add_argument(
        "--try-again",
        action="store_true",
        help="try providers again that ended the program when they were opened before",
    )


def run(args: argparse.Namespace) -> int:
    """Examine; returns the exit code."""
    wanted = {"requested": args.provider, "bundle": args.model, "try_again": args.try_again}
    found, code = _ask(wanted)
    if found is None and code not in (1, 2):
        # A provider ended it; the mark that it left makes the next one pass it over.
        remark("Looking at the graphics card ended the examination; once more without it.")
        found, code = _ask(wanted | {"try_again": False})
    if found is None:
        raise ModelError("The suggester could not be started; see what it said above.")
    emit(found, args.json, as_text(found))
    return 0


def _ask(wanted: dict[str, Any]) -> tuple[dict[str, Any] | None, int]:
    """Let the child examine the machine; None if it ended without an answer, and its exit code."""
    done = subprocess.run(
        [*suggester_command(), DOCTOR, json.dumps(wanted)],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return None, done.returncode
    found: dict[str, Any] = json.loads(lines[-1])
    return found, 0
