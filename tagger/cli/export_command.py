"""Write the labels of a library as JSON or CSV: every photo, also undecided ones.

CSV has one row per photo; --layout long has one per photo and label, with verdict and score.
Cells that a spreadsheet would run as a formula are made harmless, and read back right.

  tagger export ~/Photos --format csv -o labels.csv
  tagger export ~/Photos --format csv --layout long --with-scores --min-score 0.3 -o scores.csv
  tagger export ~/Photos --format json --with-scores -o labels.json
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tagger.cli.opening import opened_library
from tagger.cli.output import emit
from tagger.library.exporting import export_json, export_long, export_wide
from tagger.library.score_table import ScoreTable

_WAYS: dict[tuple[str, str], Callable[..., int]] = {
    ("json", "wide"): export_json,
    ("json", "long"): export_json,
    ("csv", "long"): export_long,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, help="folder of the library")
    parser.add_argument("--format", choices=["json", "csv"], required=True, help="what to write")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the file to write")
    parser.add_argument(
        "--layout",
        choices=["wide", "long"],
        help="CSV: a row per photo (wide, the default), or per photo and label (long; the default "
        "with scores)",
    )
    parser.add_argument(
        "--with-scores", action="store_true", help="add the model's scores (JSON, long CSV)"
    )
    parser.add_argument(
        "--min-score", type=float, default=0.0, help="with scores: leave lower ones out"
    )
    parser.add_argument("--top", type=int, help="with scores: only the best N of each group")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(args: argparse.Namespace) -> int:
    """Export; returns the exit code."""
    layout = args.layout or ("long" if args.with_scores else "wide")
    with opened_library(args.folder) as opened:
        library = opened.library
        if (args.format, layout) == ("csv", "wide"):
            count = export_wide(library, args.output)
        else:
            wanted = ScoreTable(library.facts, args.min_score, args.top)
            scores = wanted if args.with_scores else None
            count = _WAYS[args.format, layout](library, args.output, scores)
    path = args.output.absolute()
    emit({"photos": count, "path": str(path)}, args.json, f"Wrote {count} photos to {path}")
    return 0
