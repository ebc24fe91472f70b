"""The command line: parsing, dispatch, exit codes.

Exit codes: 0 done (also with problem files, missing photos, or nothing to do), 1 could not be
done, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import tagger
from tagger.cli.display import can_open_window
from tagger.cli.output import remark
from tagger.core.errors import TaggerError
from tagger.core.names import utc_now
from tagger.library.places import user_folder

COMMANDS = {
    "demo": "try the program on sample photos, or on a folder of yours",
    "suggest": "compute suggestions for a folder of photos",
    "ask": "say what a photo shows: a dog and its breed, a human, or neither",
    "import": "take labels in from a CSV or JSON file",
    "labels": "list, add, rename, merge and delete groups and labels",
    "export": "write the labels of a library as JSON or CSV",
    "train": "retrain from your labels; makes a new model, activates nothing",
    "evaluate": "judge the active model on labelled photos",
    "models": "list, choose, add models, or go back to the one before",
    "undo": "take back the last act of a library",
    "bench": "measure how fast this machine suggests, and what limits it",
    "doctor": "say what hardware and libraries are used, and what is wrong",
}

_DESCRIPTION = """\
Tag photos with a model that runs on this machine.

  tagger [FOLDER]            open the window, on a folder
  tagger COMMAND --help      what a command does, with examples

commands:
"""


def run(arguments: Sequence[str]) -> int:
    """Run a command, or open the window; returns the exit code."""
    if arguments and arguments[0] in COMMANDS:
        return _run_command(arguments[0], list(arguments[1:]))
    return _run_window(list(arguments))


def _run_command(name: str, arguments: list[str]) -> int:
    module = importlib.import_module(f"tagger.cli.{name}_command")
    parser = argparse.ArgumentParser(
        prog=f"tagger {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    args = parser.parse_args(arguments)
    try:
        return int(module.run(args))
    except TaggerError as error:
        remark(str(error))
        return 1
    except KeyboardInterrupt:
        remark("Stopped. What was finished is kept.")
        return 1
    except BrokenPipeError:
        return 1
    except Exception as error:
        remark(_unexpected(name, error))
        return 1


def _unexpected(command: str, error: Exception) -> str:
    """Keep the trace of a fault of ours in the log, and return the sentence for the user."""
    log = user_folder("logs") / "tagger.log"
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{utc_now()} tagger {command}\n{traceback.format_exc()}\n")
    return (
        f"Something went wrong that should not have ({type(error).__name__}: {error}). Nothing "
        f"that was saved is lost; the details are in {log}."
    )


def _run_window(arguments: list[str]) -> int:
    listed = "\n".join(f"  {name:<10} {text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="tagger",
        description=_DESCRIPTION + listed,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("folder", nargs="?", type=Path, help="folder of photos to open")
    parser.add_argument("--version", action="version", version=f"tagger {tagger.__version__}")
    args = parser.parse_args(arguments)
    if args.folder is not None and not args.folder.is_dir():
        kind = "is a file, not a folder" if args.folder.exists() else "does not exist"
        known = ", ".join(COMMANDS)
        remark(f"{args.folder} {kind}. Give a folder of photos, or one of the commands: {known}.")
        return 1
    if not can_open_window():
        remark(
            "There is no display to show the window on. The commands work without one: "
            "tagger suggest FOLDER computes suggestions, tagger demo FOLDER also saves a picture."
        )
        return 1
    window = importlib.import_module("tagger.app.main")
    return int(window.run_window(args.folder))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
