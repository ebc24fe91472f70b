"""Saying what happens, and running other programs so that a failure becomes a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class SetupError(Exception):
    """The set-up cannot go on; the message is what the user reads, with the remedy."""


def say(sentence: str) -> None:
    """Print one sentence for the user on stdout, at once."""
    print(sentence, flush=True)


def complain(sentence: str) -> None:
    """Print one sentence about a failure on stderr, after everything said so far."""
    sys.stdout.flush()
    print(sentence, file=sys.stderr, flush=True)


def run(
    command: Sequence[str | Path],
    failure: str,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run `command` with its output shown; raises `SetupError(failure)` unless it succeeds.

    The program inherits the lock of `guard`, so that the lock outlives a kill as long as it does.
    """
    sys.stdout.flush()
    line = [str(part) for part in command]
    try:
        done = subprocess.run(line, env=env, cwd=cwd, check=False, close_fds=os.name == "nt")
    except OSError as error:
        raise SetupError(f"{failure} ({error.strerror}: {command[0]})") from error
    if done.returncode:
        raise SetupError(failure)


def ask(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 60.0,
) -> tuple[int, str]:
    """Run `command` silently; returns (exit code, stdout and stderr together).

    The exit code is 127 where the program is not there, and 124 where it took too long.
    """
    try:
        done = subprocess.run(
            [str(part) for part in command],
            env=env,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        return 124, ""
    except OSError:
        return 127, ""
    return done.returncode, done.stdout
