"""What `bootstrap.py test` runs once the environment stands: style, types, layers, tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from installer import places
from installer.console import complain, say

NO_TESTS_COLLECTED = 5

CHECKS = (
    ("style", ("ruff", "check", ".")),
    ("formatting", ("ruff", "format", "--check", ".")),
    ("types", ("mypy",)),
    ("layers", ("lint-imports",)),
)
SPREAD = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")
"""Slow tests run on all cores; those of a file together, because they share what they prepare.
The fast ones, most of them of the window, run one after the other: spread out, one of four runs
stood still in a wait for Qt's events."""

TESTS = (
    ("fast tests", ("pytest", "-m", "not slow")),
    ("slow tests", ("pytest", "-m", "slow", "--durations=12", *SPREAD)),
)


def run_all(pytest_arguments: Sequence[str]) -> int:
    """Run every check and every test; with arguments only pytest, with those.

    All of them run even if an early one fails, so that one run tells everything. Returns the
    exit code, 0 or 1. pytest comes last, so that its closing line is the last one of a good run.
    """
    if pytest_arguments:
        return _run(("pytest", *pytest_arguments))
    failed = []
    for name, command in (*CHECKS, *TESTS):
        say(f"\n{name}: {' '.join(command)}")
        code = _run(command)
        if code and not (command[0] == "pytest" and code == NO_TESTS_COLLECTED):
            failed.append(name)
    if failed:
        complain(f"\nFailed: {', '.join(failed)}.")
    return 1 if failed else 0


def _run(command: Sequence[str]) -> int:
    """Run a program of the environment in the checkout, without a display; its exit code."""
    env = {**os.environ}
    env.setdefault("QT_QPA_PLATFORM", "offscreen")
    env["PATH"] = os.pathsep.join([str(places.python().parent), env.get("PATH", "")])
    program: Path = places.program(command[0])
    return subprocess.run(
        [str(program), *command[1:]], cwd=places.CHECKOUT, env=env, check=False
    ).returncode
