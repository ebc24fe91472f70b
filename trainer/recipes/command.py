"""Run one of the five published systems on a folder in its own form: original against ours.

Both sides get the same photos, split, seeds and seconds; everything is chosen inside train, and
the judged photos are used once. With --predict a finished run answers for other photos.

  python -m trainer recipe satellite-fbeta --data ~/planet
  python -m trainer recipe dog-breeds --data ~/dogImages --seconds 60 --seeds 1 --json
  python -m trainer recipe dog-breeds --predict photo.jpg
  python -m trainer recipe fashion-attributes --predict ~/fashion/Tests/question.csv
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from tagger.core.errors import TaggerError
from tagger.library.runs import new_run
from trainer.progress import Progress
from trainer.recipes.catalogue import RECIPES, Options
from trainer.recipes.fight import Wish, hold_fight
from trainer.recipes.forms.tags import TOP_LABELS


class UsageProblem(TaggerError):
    """Options that do not fit each other."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    listed = "; ".join(f"{recipe.name}: {recipe.form}" for recipe in RECIPES.values())
    parser.add_argument("recipe", choices=sorted(RECIPES), help="which system")
    parser.add_argument("--data", type=Path, metavar="DIR", help=f"folder of photos ({listed})")
    parser.add_argument(
        "--predict",
        nargs="+",
        type=Path,
        metavar="PHOTO",
        help="photos, folders, or tables (question.csv) to answer for, with a finished run",
    )
    parser.add_argument(
        "--seconds", type=_positive, default=300.0, help="for each side and seed (%(default)s)"
    )
    parser.add_argument("--seeds", type=_count, default=3, help="how many (%(default)s)")
    parser.add_argument(
        "--run", type=Path, metavar="FOLDER", help="run folder (default: a new one in runs/)"
    )
    parser.add_argument(
        "--backbone", default="", help="instead of the source's (any of timm or a preset)"
    )
    parser.add_argument(
        "--weights", default="", metavar="FILE", help="of the backbone; 'none' = random numbers"
    )
    parser.add_argument(
        "--sha256", default="", metavar="HEX", help="that the weights file must begin with"
    )
    parser.add_argument(
        "--top-labels",
        type=_whole,
        default=TOP_LABELS,
        metavar="N",
        help="photo-tags: keep the N most frequent labels, 0 = all (%(default)s)",
    )
    parser.add_argument(
        "--first-photos",
        type=_whole,
        metavar="N",
        help="photo-tags: take the first N samples, 0 = all (6,000 where there is no split)",
    )
    parser.add_argument(
        "--method", choices=("ours", "original"), default="ours", help="which model predicts"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="predict: where the answers or the page go"
    )
    parser.add_argument("--json", action="store_true", help="print the result as one line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Hold the fight, or predict; print the result. Returns the exit code."""
    if arguments.predict:
        from trainer.recipes.predicting import predict_command

        result, text = predict_command(
            arguments.recipe, arguments.predict, arguments.run, arguments.method, arguments.out
        )
    elif arguments.data is None:
        raise UsageProblem("Give the folder of photos with --data, or photos with --predict.")
    else:
        result = _fight(arguments)
        text = _text(result)
    print(json.dumps(result, ensure_ascii=False) if arguments.json else text)
    return 0


def _fight(arguments: argparse.Namespace) -> dict[str, Any]:
    recipe = RECIPES[arguments.recipe]
    wish = Wish(
        seconds=arguments.seconds,
        seeds=arguments.seeds,
        backbone=arguments.backbone,
        weights=arguments.weights,
        sha256=arguments.sha256,
        options=Options(arguments.top_labels, arguments.first_photos),
    )
    folder = _run_folder(arguments.run, arguments.data)
    progress = Progress()
    return hold_fight(
        recipe,
        arguments.data,
        wish,
        folder,
        lambda share, text: progress.tell("recipe", share, text),
    )


def _run_folder(wanted: Path | None, data: Path) -> Path:
    """Return the run folder, made if missing; never inside the data."""
    if wanted is None:
        return new_run()
    if wanted.resolve().is_relative_to(data.resolve()):
        raise UsageProblem(f"{wanted} lies in {data}, where nothing is written. Choose another.")
    try:
        wanted.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageProblem(f"{wanted} cannot be made: {error.strerror or error}.") from error
    return wanted


def _text(result: dict[str, Any]) -> str:
    low, high = result["low"], result["high"]
    verdict = "ours is better" if low > 0 else "ours is not better beyond doubt"
    return (
        f"{result['recipe']}, {result['metric']}: original {result['original_setting']:.4f}, "
        f"ours {result['ours']:.4f}, difference {result['difference']:+.4f} "
        f"({low:+.4f} to {high:+.4f}): {verdict}. Everything lies in {result['run']}."
    )


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _whole(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value
