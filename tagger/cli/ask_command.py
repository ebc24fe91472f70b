"""Say what a photo shows: a dog (and of which breed), a human, or neither.

Asks your own model, or the starter where yours knows no dogs; faces are found by OpenCV. The dog
is asked first.

  tagger ask photo.jpg
  tagger ask photo.jpg --json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tagger.bundle.spec import BundleSpec
from tagger.cli.opening import prepare_starter
from tagger.cli.output import emit
from tagger.core.errors import TaggerError
from tagger.library.session import bundle_store
from tagger.suggest.dog_or_human import CannotAsk, look_at, questions_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("photo", type=Path, help="file of the photo")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(args: argparse.Namespace) -> int:
    """Ask; returns the exit code."""
    spec = _model()
    seen = look_at([args.photo], bundle_store().folder(spec.bundle_id), spec)[0]
    if isinstance(seen, str):
        raise CannotAsk(f"{args.photo}: {seen}")
    result = {
        "photo": str(args.photo),
        "answer": seen.answer,
        "dog": round(seen.dog, 4),
        "breed": seen.breed,
        "breed_probability": round(seen.breed_probability, 4),
        "faces": seen.faces,
        "sentence": seen.sentence,
        "bundle": spec.bundle_id,
    }
    emit(result, args.json, seen.sentence)
    return 0


def _model() -> BundleSpec:
    """Return the default model if it knows dogs, else the starter, made if missing."""
    store = bundle_store()
    chosen = store.default()
    if chosen is not None:
        try:
            spec = store.get(chosen)
        except TaggerError:
            spec = None
        if spec is not None and questions_of(spec) is not None:
            return spec
    return store.get(prepare_starter())
