"""Take back the last act of a library: a decision, a bulk act, an import, a schema change.

Calling it again takes back the one before. --list shows what can be taken back.

  tagger undo ~/Photos
  tagger undo ~/Photos --list
  tagger undo ~/Photos --redo
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tagger.cli.opening import close_library
from tagger.cli.output import emit
from tagger.library.library import Library


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, help="folder of the library")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--redo", action="store_true", help="do the act again that was undone last")
    what.add_argument("--list", action="store_true", help="show the latest acts, newest first")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(args: argparse.Namespace) -> int:
    """Undo, redo or list; returns the exit code."""
    library = Library.open(args.folder)
    try:
        if args.list:
            _list(library, args.json)
            return 0
        result = library.redo() if args.redo else library.undo()
        word = "Did again" if args.redo else "Took back"
        emit(
            {"act": result.act.description, "id": result.act.id, "changed": len(result.changes)},
            args.json,
            f"{word}: {result.act.description} ({len(result.changes)} changes)",
        )
    finally:
        close_library(library)
    return 0


def _list(library: Library, as_json: bool) -> None:
    found = library.acts()
    rows = [{"time": act.time, "description": act.description, "state": act.state} for act in found]
    lines = [f"{act.time}  {act.state:<7} {act.description}" for act in found]
    emit({"acts": rows}, as_json, "\n".join(lines) or "Nothing was done here yet.")
