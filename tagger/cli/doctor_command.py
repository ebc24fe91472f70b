"""Say what hardware and libraries are used for suggesting, and what is wrong with them.

tagger doctor
tagger doctor --json
"""

from __future__ import annotations

import argparse
import json
import subprocess
from typing import Any

from tagger.cli.opening import ModelError
from tagger.cli.output import emit
from tagger.suggest.client import suggester_command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(args: argparse.Namespace) -> int:
    """Examine; returns the exit code."""
    done = subprocess.run(
        [*suggester_command(), "--doctor"], stdout=subprocess.PIPE, text=True, check=False
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise ModelError("The suggester could not be started; see what it said above.")
    found = json.loads(lines[-1])
    emit(found, args.json, _text(found))
    return 0


def _text(found: dict[str, Any]) -> str:
    problems = found.get("problems", [])
    lines = [
        f"{key.replace('_', ' ')}: {_shown(value)}"
        for key, value in found.items()
        if key not in ("problems", "type")
    ]
    lines += [f"Problem: {problem}" for problem in problems] or ["No problems found."]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(part) for part in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {part}" for key, part in value.items()) or "none"
    return "none" if value is None else str(value)
