"""Take labels in from a CSV or JSON file, as one act; "tagger undo" takes it back.

Columns, separator and encoding are found by themselves where the file leaves no doubt. Photos are
found by path, file name, name without ending, then ignoring case, spaces, _ and -. A list is
complete for its own labels (what it does not give a photo is absent) unless --partial. What a
person decided here is kept, and conflicts are counted.

  tagger import ~/Photos labels.csv
  tagger import ~/Photos train.csv --labels Labels --separator " " --names label_names.json
  tagger import ~/Photos attributes.csv --single sleeve_length --single neckline
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tagger.cli.opening import ensure_bundle, opened_library
from tagger.cli.output import emit, remark
from tagger.core.errors import TaggerError
from tagger.library.annotation_read import is_ours, take_in
from tagger.library.importing import ImportResult, import_file
from tagger.library.library import Library
from tagger.library.mirror import note_taken_in
from tagger.library.tables import TableOptions

_NAMED = 20


class MissingFileError(TaggerError):
    """The file to import is not there."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, help="folder of the library")
    parser.add_argument("file", type=Path, help="CSV, TSV or JSON file with labels")
    parser.add_argument("--photo", metavar="COLUMN", help="column with the names of the photos")
    parser.add_argument("--labels", metavar="COLUMN", help="column with several labels a cell")
    parser.add_argument("--separator", metavar="SEP", help="what stands between labels in a cell")
    parser.add_argument("--group", metavar="NAME", help="group of these labels (default: tags)")
    parser.add_argument(
        "--single",
        metavar="COLUMN",
        action="extend",
        nargs="+",
        default=[],
        help="columns that are one single group each; may be given several times",
    )
    parser.add_argument("--unsure", metavar="COLUMN", help="column with labels that are unsure")
    parser.add_argument("--split", metavar="COLUMN", help="column with train, val, …")
    parser.add_argument("--encoding", help="of the file, such as latin-1")
    parser.add_argument("--names", type=Path, help="JSON file with the names of numbered labels")
    parser.add_argument(
        "--partial", action="store_true", help="the list does not name every label of a photo"
    )
    parser.add_argument(
        "--override", action="store_true", help="turn around what a person said, where it differs"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(args: argparse.Namespace) -> int:
    """Import; returns the exit code."""
    if not args.file.is_file():
        raise MissingFileError(f"The file {args.file} does not exist. Check the name.")
    with opened_library(args.folder) as opened:
        ensure_bundle(opened.library)
        own = args.file.resolve() == opened.library.places.annotations.resolve()
        if own and is_ours(args.file):
            result = _take_in(opened.library, args.file)
        else:
            result = import_file(opened.library, args.file, _options(args), args.override)
    for line, reason in result.problems[:_NAMED]:
        remark(f"{args.file}, line {line}: {reason}")
    _name("not found", result.missing)
    _name("ambiguous", list(result.ambiguous))
    emit(result.to_json(), args.json, _text(result))
    return 0


def _options(args: argparse.Namespace) -> TableOptions:
    return TableOptions(
        photo=args.photo,
        labels=args.labels,
        separator=args.separator,
        group=args.group,
        single=tuple(args.single),
        unsure=args.unsure,
        split=args.split,
        encoding=args.encoding,
        names=args.names,
        partial=args.partial,
    )


def _take_in(library: Library, path: Path) -> ImportResult:
    """Take the library's own annotation file in, after somebody changed it."""
    before = len(library.facts.decisions)
    taken = take_in(library, path)
    note_taken_in(library, path)
    changed = len(taken.act.changes) if taken.act else 0
    return ImportResult(
        photos=taken.photos,
        decisions=max(changed, len(library.facts.decisions) - before),
        missing=taken.missing,
        act=taken.act,
    )


def _name(what: str, names: list[str]) -> None:
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        remark(f"Photos {what}: {', '.join(names[:_NAMED])}{more}")


def _text(result: ImportResult) -> str:
    return (
        f"{result.decisions} decisions for {result.photos} photos; {len(result.missing)} photos "
        f"not found, {len(result.ambiguous)} ambiguous, {result.conflicts} conflicts with what a "
        f"person said."
    )
