"""Where things lie in a checkout, on every operating system."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
ENVIRONMENT = CHECKOUT / ".venv"
REQUIREMENTS = CHECKOUT / "requirements"


def program(name: str, environment: Path = ENVIRONMENT) -> Path:
    """The path of a program of the environment: ``.venv/bin/NAME``, on Windows Scripts/NAME.exe."""
    if os.name == "nt":
        return environment / "Scripts" / f"{name}.exe"
    return environment / "bin" / name


def python(environment: Path = ENVIRONMENT) -> Path:
    """The environment's own Python."""
    return program("python", environment)


def site_packages(environment: Path = ENVIRONMENT) -> Path | None:
    """The folder that packages are installed into, or None where the environment has none yet."""
    if os.name == "nt":
        folder = environment / "Lib" / "site-packages"
        return folder if folder.is_dir() else None
    return next(iter(sorted(environment.glob("lib/python3.*/site-packages"))), None)
