"""Assemble the starter models, where they are missing or their recipe changed.

They are made from the EfficientNet-Lite0 weights that come as a package, without torch and without
a network, and put beside the other models in the user data folder: the starter that new libraries
use, and a fast one in whole numbers. Older starters are kept.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from tagger.bundle.spec import BundleSpec
from tagger.bundle.store import BundleStore
from tagger.library.places import user_folder
from trainer.starter.build import FAST_STARTER, STARTER, Variant, build_starter, find_starter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--bundles",
        type=Path,
        metavar="FOLDER",
        help="put them into this folder instead of the user data folder's 'bundles'",
    )
    parser.add_argument(
        "--rebuild", action="store_true", help="assemble them even if they are there"
    )
    parser.add_argument("--json", action="store_true", help="print the result as one line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Make sure that both starters are there; print where. Returns the exit code."""
    store = BundleStore(arguments.bundles or user_folder("bundles"))
    started = time.monotonic()
    spec, built = _ensured(store, STARTER, rebuild=arguments.rebuild)
    fast, fast_built = _ensured(store, FAST_STARTER, rebuild=arguments.rebuild)
    _offer_to_new_libraries(store, spec, fast)
    places = [store.folder(made.bundle_id).resolve() for made in (spec, fast)]
    if arguments.json:
        result = {
            "bundle": spec.bundle_id,
            "folder": str(places[0]),
            "built": built,
            "fast": {"bundle": fast.bundle_id, "folder": str(places[1]), "built": fast_built},
            "seconds": round(time.monotonic() - started, 2),
        }
        print(json.dumps(result))
    else:
        print(f"{fast.name} {fast.bundle_id[:8]}: {places[1]}")
        print(f"{spec.name} {spec.bundle_id[:8]}: {places[0]}")
    return 0


def _ensured(store: BundleStore, variant: Variant, *, rebuild: bool) -> tuple[BundleSpec, bool]:
    """Return a starter, and whether it had to be built."""
    found = None if rebuild else find_starter(store.root, variant)
    if found is not None:
        return found, False
    return build_starter(store.root, _print_progress, variant), True


def _offer_to_new_libraries(store: BundleStore, spec: BundleSpec, fast: BundleSpec) -> None:
    """Make the starter the default where none was chosen; where an older starter is, its like."""
    default = store.default()
    producer = store.get(default).producer if default is not None else {"recipe": ""}
    if "recipe" in producer:
        newest = fast if producer.get("variant") == fast.producer["variant"] else spec
        store.set_default(newest.bundle_id)


def _print_progress(step: str, share: float) -> None:
    print(f"{share:4.0%}  {step}", file=sys.stderr, flush=True)
