"""The virtual environment `.venv` of a checkout: made, checked, and made anew when it is broken."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from installer import places
from installer.console import SetupError, ask, run, say
from installer.state import State, read_state, write_state

CHECK = "import sys, pip; print(sys.prefix); print('.'.join(map(str, sys.version_info[:3])))"


def ensure() -> tuple[State, str]:
    """Make `.venv` where there is none that works; returns its state and its Python version.

    An environment is made anew, keeping what was asked for, when its Python does not start,
    when a set-up was killed while it wrote packages, and when the checkout was moved.
    """
    environment = places.ENVIRONMENT
    state = read_state(environment)
    if environment.is_symlink() or environment.exists():
        fault, version = _fault(environment, state)
        if not fault:
            return state, version
        say(f"The environment .venv {fault}; it is made anew.")
        _remove(environment)
    elif not os.access(environment.parent, os.W_OK):
        raise SetupError(
            f"{environment.parent} cannot be written to. Run the set-up as its owner, or clone "
            "the program to a folder of your own."
        )
    else:
        say("Making the environment .venv.")
    _make(environment)
    fault, version = _fault(environment, State())
    if fault:
        raise SetupError(f"The new environment {environment} {fault}.")
    state = State(extras=state.extras, where=str(environment))
    write_state(environment, state)
    return state, version


def ensure_uv(environment: Path = places.ENVIRONMENT) -> Path:
    """The pinned uv inside the environment, installed with pip if it is missing or another."""
    lock = places.REQUIREMENTS / "uv.txt"
    uv = places.program("uv", environment)
    wanted = lock.read_text(encoding="utf-8").split()[0].removeprefix("uv==")
    code, output = ask([uv, "--version"])
    if code or output.split()[1:2] != [wanted]:
        say(f"Installing uv {wanted} with pip.")
        run(
            [
                *(places.python(environment), "-m", "pip", "install", "--quiet"),
                *("--disable-pip-version-check", "--require-hashes", "-r", lock),
            ],
            "pip could not install uv (see above). Check the network and pip's settings, "
            "then run the same command again.",
        )
    return uv


def _fault(environment: Path, state: State) -> tuple[str, str]:
    """(what is wrong with the environment as the end of a sentence or "", its Python version)."""
    if state.unfinished:
        return "was left half made", ""
    if state.where and Path(state.where) != environment:
        return f"was made at {state.where}", ""
    code, output = ask([places.python(environment), "-I", "-c", CHECK])
    lines = output.splitlines()
    if code or len(lines) != 2:
        return "does not work", ""
    if not os.path.samefile(lines[0], environment):
        return "belongs to another place", ""
    return "", lines[1]


def _make(environment: Path) -> None:
    """Make an empty environment with pip, from the Python underneath the one that runs."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    run(
        [base, "-m", "venv", environment],
        f"Python could not make an environment in {environment} (see above).",
    )


def _remove(environment: Path) -> None:
    """Delete the environment; its own link only, where it is a link to somewhere else."""
    try:
        if environment.is_symlink() or environment.is_file():
            environment.unlink()
        else:
            shutil.rmtree(environment)
    except OSError as error:
        raise SetupError(
            f"{environment} cannot be deleted ({error.strerror}: {error.filename}). "
            "Delete it as its owner, then run the same command again."
        ) from error
