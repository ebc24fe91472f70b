"""Fine-tune a library's model on its labels, with torch: minutes on a GPU, longer without.

Starts from the backbone of the active model, keeps 15 % of the training photos out for
regularisation, thresholds and calibration, fits the same heads as quick retraining on the new
embeddings, and stores a new model with a report. What is not labelled is held to what it said
before. Nothing is activated. Run again with the same --run it goes on where it was ended.

  python -m trainer fit --library ~/Photos
  python -m trainer fit --library ~/Photos --seconds 600 --size 192 --json
  torchrun --nproc-per-node 2 -m trainer fit --library ~/Photos   (several GPUs or processes)
"""

from __future__ import annotations

import argparse

from tagger.bundle.store import BundleStore
from tagger.library.library import Library
from tagger.library.opening import checked_folder, find_places
from tagger.library.places import user_folder
from trainer.deep.plan import Plan
from trainer.deep.run import Wish, assist, fine_tune
from trainer.lifetime import lifetime
from trainer.loop.processes import is_first, said_by_first
from trainer.quick.command import add_common_arguments, print_result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_common_arguments(parser)
    usual = Plan()
    parser.add_argument(
        "--epochs", type=_positive, default=usual.epochs, help="passes (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=0.0,
        help="time for fine-tuning itself; fewer passes if it does not suffice",
    )
    parser.add_argument(
        "--size",
        type=_size,
        default=0,
        metavar="PIXELS",
        help="side of the model input; smaller is faster (default: as the model has it)",
    )
    parser.add_argument(
        "--batch", type=_positive, default=usual.batch, help="photos a step (default: 16 or 32)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of order and augmentation")
    parser.add_argument(
        "--precision",
        choices=["auto", "fp32", "bf16", "fp16"],
        default=usual.precision,
        help="of the network's arithmetic (default: half on a GPU, else full)",
    )
    parser.add_argument(
        "--compile", action="store_true", help="compile the network; pays on long runs with a GPU"
    )
    parser.add_argument(
        "--deterministic",
        action="store_true",
        help="refuse arithmetic whose result depends on timing",
    )


def run(arguments: argparse.Namespace) -> int:
    """Fine-tune; print the result. Returns the exit code."""
    checked_folder(arguments.library)
    plan = Plan(
        epochs=arguments.epochs,
        seconds=max(0.0, arguments.seconds),
        batch=arguments.batch,
        seed=arguments.seed,
        precision=arguments.precision,
        compile=arguments.compile,
        deterministic=arguments.deterministic,
    )
    wish = Wish(plan, arguments.size, arguments.aim.replace("-", "_"))
    home = find_places(arguments.library).home
    store = BundleStore(user_folder("bundles"))
    if not is_first():
        with Library.open(home) as library:
            assist(library, store, wish, said_by_first())
        return 0
    with lifetime(home, "deep", arguments.run) as life, Library.open(home) as library:
        said_by_first(life.run)
        outcome = fine_tune(library, store, wish, life.progress, life.run)
        life.bundle = outcome.spec.bundle_id
    print_result(outcome.result, arguments.json)
    return 0


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _size(text: str) -> int:
    value = int(text)
    if not 64 <= value <= 1024:
        raise argparse.ArgumentTypeError(f"{text} is not between 64 and 1024 pixels")
    return value
