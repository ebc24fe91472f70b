"""The commands of `bootstrap.py` and the order of their steps."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from installer import (
    checks,
    console,
    environment,
    gpu,
    guard,
    packages,
    parts,
    places,
    samples,
    support,
    system_packages,
)

EPILOG = """\
Run it again at any time: steps whose result is already there take no time, and after
`git pull` it brings everything up to date. Tried on Debian 12 with Python 3.11; written for
Windows and macOS too, but not tried there.
"""


def run(arguments: list[str]) -> int:
    """Run one command; returns the exit code: 0 done, 1 could not be done, 2 wrong usage."""
    pytest_arguments: list[str] = []
    if arguments[:1] == ["test"] and arguments[1:] not in (["-h"], ["--help"]):
        arguments, pytest_arguments = arguments[:1], arguments[1:]
    options = _parser().parse_args(arguments)
    try:
        if options.command == "demo":
            return _demo(options.folder)
        if options.command == "test":
            set_up([parts.TRAINING, parts.TEST])
            return checks.run_all(pytest_arguments)
        set_up([parts.TRAINING] if options.training else [])
    except console.SetupError as error:
        console.complain(str(error))
        return 1
    except OSError as error:
        console.complain(f"{error.filename or 'The set-up'}: {error.strerror or error}.")
        return 1
    except KeyboardInterrupt:
        console.complain("Stopped. Run the same command again to go on.")
        return 1
    console.say(f"Ready. Start it with: {_typed(places.program('tagger'))} FOLDER")
    return 0


def set_up(extras: Iterable[str]) -> None:
    """Make the checkout ready to run, with the optional parts `extras` and those of earlier runs.

    Raises `console.SetupError` with the sentence for the user where that cannot be done.
    """
    support.check()
    with guard.one_at_a_time(places.CHECKOUT):
        system_packages.ensure()
        state, version = environment.ensure()
        packages.ensure(state.wanting(extras), version, gpu.detect())
        _compile_sources()
        _prepare_starter()


def _demo(folder: str | None) -> int:
    """Set up, then hand over to the program with `folder` or the samples; its exit code.

    The program's output comes last and untouched: without a display its last lines are paths.
    """
    if folder is not None and not Path(folder).is_dir():
        kind = "is not a folder" if Path(folder).exists() else "does not exist"
        raise console.SetupError(f"{folder} {kind}; give a folder of photos.")
    set_up([])
    photos = samples.ensure() if folder is None else Path(folder)
    console.say(f"Opening {photos}")
    command = [str(places.program("tagger")), "demo", str(photos.absolute())]
    return subprocess.run(command, check=False).returncode


def _compile_sources() -> None:
    """Compile the program's own modules, so that the first start is as quick as the others."""
    names = [str(places.CHECKOUT / name) for name in ("tagger", "trainer", "resources")]
    console.ask([places.python(), "-m", "compileall", "-q", *names])


def _prepare_starter() -> None:
    """Let the trainer build the starter model, which returns at once when it is up to date."""
    console.run(
        [places.python(), "-m", "trainer", "starter"],
        "The starter model could not be prepared (see above).",
        cwd=places.CHECKOUT,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bootstrap.py",
        description="Sets up the photo tagger in this checkout, then runs or tests it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="set up, then open a folder with suggestions")
    demo.add_argument("folder", nargs="?", help="a folder of photos; left out: sample photos")
    commands.add_parser(
        "test",
        usage="bootstrap.py test [PYTEST ARGUMENTS]",
        help="set up with torch and test tools, then run all checks; or pytest with arguments",
    )
    setup = commands.add_parser("setup", help="only set up; never asks")
    setup.add_argument(
        "--training",
        action="store_true",
        help="with torch, for deep retraining (5 GB; later set-ups keep it)",
    )
    return parser


def _typed(path: Path) -> str:
    """The path as a person would type it from here."""
    try:
        shown = str(path.relative_to(Path.cwd()))
    except ValueError:
        shown = str(path)
    if " " not in shown:
        return shown
    return f'& "{shown}"' if sys.platform == "win32" else f'"{shown}"'
