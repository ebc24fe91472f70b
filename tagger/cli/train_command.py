"""Retrain from your labels: a new model is made and judged against the present one.

Nothing is activated: the last line names the new model; use "tagger models use" to take it.
The quick way fits new heads on kept embeddings in seconds; --better adds small networks and
likeness to labelled photos, half a minute or so; --deep fine-tunes the backbone (needs the training
set-up: python3 installer/bootstrap.py setup --training).

  tagger train ~/Photos
  tagger train ~/Photos --better
  tagger train ~/Photos --json
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tagger.bundle.files import read_json
from tagger.cli.opening import ModelError, ensure_bundle, opened_library, run_trainer
from tagger.cli.output import emit
from tagger.core.verdict import verdict_sentence
from tagger.library.opening import checked_folder

_NAMED = 6
"""Labels with too few examples that are named."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, help="folder of the library")
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--better", action="store_true", help="take a little longer than the quick way"
    )
    way.add_argument("--deep", action="store_true", help="fine-tune the backbone (slow)")
    parser.add_argument(
        "--seconds", type=float, help="with --deep: stop after about that many seconds"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(args: argparse.Namespace) -> int:
    """Train; returns the exit code."""
    if args.seconds is not None and not args.deep:
        raise ModelError("--seconds belongs to --deep: the quick way takes seconds anyway.")
    checked_folder(args.folder)
    with opened_library(args.folder) as opened:
        ensure_bundle(opened.library)
    command = ["fit" if args.deep else "quick", "--library", str(args.folder), "--json"]
    if args.better:
        command.append("--better")
    if args.seconds is not None:
        command += ["--seconds", str(args.seconds)]
    result = run_trainer(command)
    emit(result, args.json, _text(result, args.folder))
    return 0


def _missing(report: Path) -> list[str]:
    """Return what the report says is missing, fewest photos first; past some only how many."""
    found = read_json(report).get("missing") or []
    rest = len(found) - _NAMED
    more = [f"{rest} more labels have too few confirmed photos; the report names them"]
    return [*found[:_NAMED], *(more if rest > 0 else [])]


def _text(result: dict[str, Any], folder: Path) -> str:
    advice = "Recommended" if result["recommended"] else "Not recommended"
    lines = [f"{verdict_sentence(result['verdict'])} {advice}."]
    lines += [f"  {reason}" for reason in result["reasons"]]
    lines += [f"  {sentence}." for sentence in _missing(Path(result["report"]))]
    lines.append(f"Take it: tagger models use {result['bundle'][:12]} --library {folder}")
    return "\n".join(lines)
