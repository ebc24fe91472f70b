"""Judge the active model on the labelled photos of a library.

Uses the scores already computed (run "tagger suggest" first). --split names the photos that
judge: the value of an imported split, or "held-out" where the program drew one.

  tagger evaluate ~/Photos --split val --json
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tagger.cli.opening import ensure_bundle, opened_library
from tagger.cli.output import emit
from tagger.library.evaluation import evaluate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, help="folder of the library")
    parser.add_argument(
        "--split", default="val", help="photos that judge: a split's name (default: val)"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(args: argparse.Namespace) -> int:
    """Evaluate; returns the exit code."""
    with opened_library(args.folder) as opened:
        ensure_bundle(opened.library)
        result = evaluate(opened.library, args.split)
    emit(result, args.json, _text(result))
    return 0


def _text(result: dict[str, Any]) -> str:
    lines = []
    for name, group in result["groups"].items():
        figures = ", ".join(
            f"{key} {value:.3f}"
            for key, value in group.items()
            if isinstance(value, float) and key != "support"
        )
        lines.append(f"{name}: {figures or 'nothing to judge'} ({group['support']} photos)")
    return "\n".join(lines) or "No labelled photos to judge with."
