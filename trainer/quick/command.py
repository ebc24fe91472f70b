"""Retrain a library's model from its labels, in seconds, without torch.

New heads are fitted on the embeddings that suggesting has kept, judged against the present model
on photos kept out of training, and stored as a new model. Nothing is activated. With --better
small networks and likeness to labelled photos take part: up to half a minute instead of seconds.

  python -m trainer quick --library ~/Photos
  python -m trainer quick --library ~/Photos --better
  python -m trainer quick --library ~/Photos --aim few-mistakes --json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from tagger.bundle.store import BundleStore
from tagger.core.verdict import verdict_sentence
from tagger.library.library import Library
from tagger.library.opening import checked_folder, find_places
from tagger.library.places import user_folder
from trainer.lifetime import lifetime
from trainer.quick.run import retrain
from trainer.quick.thresholds import AIMS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_common_arguments(parser)
    parser.add_argument(
        "--better", action="store_true", help="take a little longer for a better model"
    )


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that every way of retraining a library has."""
    parser.add_argument(
        "--library", type=Path, required=True, metavar="FOLDER", help="folder of the library"
    )
    parser.add_argument(
        "--aim",
        choices=[name.replace("_", "-") for name in AIMS],
        default="balanced",
        help="what default thresholds aim at: F1, F0.5 or F2 (default: balanced)",
    )
    parser.add_argument(
        "--run", type=Path, metavar="FOLDER", help="folder to keep the run in, made if missing"
    )
    parser.add_argument("--json", action="store_true", help="print the result as one line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Retrain; print the result. Returns the exit code."""
    checked_folder(arguments.library)
    home = find_places(arguments.library).home
    method = "better" if arguments.better else "quick"
    with lifetime(home, method, arguments.run) as life, Library.open(home) as library:
        outcome = retrain(
            library,
            BundleStore(user_folder("bundles")),
            aim=arguments.aim.replace("-", "_"),
            better=arguments.better,
            progress=life.progress,
            run=life.run,
        )
        life.bundle = outcome.spec.bundle_id
    print_result(outcome.result, arguments.json)
    return 0


def print_result(result: dict[str, Any], as_json: bool) -> None:
    """Print a training's result as the last line, or as text."""
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    advice = "Recommended" if result["recommended"] else "Not recommended"
    print(f"{verdict_sentence(result['verdict'])} {advice}.")
    for reason in result["reasons"]:
        print(f"  {reason}")
    print(f"{result['bundle']}  {result['total_s']:.1f} s, report: {result['report']}")
