"""Assemble the starter model, if it is missing or its recipe changed.

It is made from the EfficientNet-Lite0 weights that come as a package, without torch and without
a network, and put beside the other models in the user data folder. Older starters are kept.
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
from trainer.starter.build import build_starter, find_starter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--bundles",
        type=Path,
        metavar="FOLDER",
        help="put it into this folder instead of the user data folder's 'bundles'",
    )
    parser.add_argument("--rebuild", action="store_true", help="assemble it even if it is there")
    parser.add_argument("--json", action="store_true", help="print the result as one line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Make sure that the starter is there; print where. Returns the exit code."""
    folder = arguments.bundles or user_folder("bundles")
    started = time.monotonic()
    spec = None if arguments.rebuild else find_starter(folder)
    built = spec is None
    if spec is None:
        spec = build_starter(folder, _print_progress)
    store = BundleStore(folder)
    _offer_to_new_libraries(store, spec)
    place = store.folder(spec.bundle_id).resolve()
    if arguments.json:
        result = {
            "bundle": spec.bundle_id,
            "folder": str(place),
            "built": built,
            "seconds": round(time.monotonic() - started, 2),
        }
        print(json.dumps(result))
    else:
        print(f"{spec.name} {spec.bundle_id[:8]}: {place}")
    return 0


def _offer_to_new_libraries(store: BundleStore, spec: BundleSpec) -> None:
    """Make the starter the default where none was chosen, or where an older starter is."""
    default = store.default()
    if default is None or "recipe" in store.get(default).producer:
        store.set_default(spec.bundle_id)


def _print_progress(step: str, share: float) -> None:
    print(f"{share:4.0%}  {step}", file=sys.stderr, flush=True)
