"""Assemble the starter model: Lite0's weights, the curated maps, one bundle. No torch needed."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tagger import __version__
from tagger.bundle.errors import BundleError
from tagger.bundle.spec import BundleSpec
from tagger.bundle.store import BundleStore
from tagger.bundle.validate import validate_bundle
from tagger.bundle.write import make_bundle
from tagger.core.preprocessing import PIPELINE_VERSION, Preprocessing
from tagger.imaging.model_input import model_input
from trainer.starter.card import starter_card
from trainer.starter.checkpoint import read_checkpoint
from trainer.starter.lite0 import (
    EMBEDDING_SIZE,
    INPUT_SIZE,
    imagenet_classifier,
    lite0_backbone,
)
from trainer.starter.maps import (
    CLASSES_FILE,
    MAP_FILES,
    bundle_group,
    bundle_head,
    read_maps,
    starter_file,
)
from trainer.starter.weights import WEIGHTS_FILE, weights, weights_path

NAME = "Starter (EfficientNet-Lite0)"
PRODUCER = "trainer.starter"
RECIPE_VERSION = 1
"""Raised when this code makes another starter of the same files."""

PREPROCESSING = Preprocessing(width=INPUT_SIZE, height=INPUT_SIZE, fit="squash")
"""The whole photo, squashed (see docs/starter.md for what was measured)."""

Progress = Callable[[str, float], None]
"""Told what is being done, and which share of all of it is done, 0 to 1."""


def ensure_starter(bundles_dir: Path, progress: Progress | None = None) -> BundleSpec:
    """Return the starter bundle, assembled first if it is missing or its recipe changed.

    Older starters stay where they are. Takes a few seconds when there is something to do.

    Args:
        bundles_dir: folder of all bundles (`bundles` in the user data folder).
        progress: told of each step; not called when nothing is to be done.

    Raises:
        CheckpointError: the weights' package is missing or its file is not the right one.
        BundleError: the bundle cannot be written.
    """
    return find_starter(bundles_dir) or build_starter(bundles_dir, progress)


def find_starter(bundles_dir: Path) -> BundleSpec | None:
    """Return the sound starter bundle of the present recipe, or None."""
    store = BundleStore(bundles_dir)
    recipe = recipe_hash()
    for spec in store.list():
        if spec.producer.get("recipe") == recipe:
            try:
                return validate_bundle(store.folder(spec.bundle_id))
            except BundleError:
                continue
    return None


def build_starter(bundles_dir: Path, progress: Progress | None = None) -> BundleSpec:
    """Assemble the starter bundle, whether or not one is there, and put it into the store.

    Raises:
        CheckpointError: the weights' package is missing or its file is not the right one.
        BundleError: the bundle cannot be written.
    """
    from trainer.session import open_session  # who only finds a starter needs no ONNX Runtime

    tell = progress or (lambda _step, _share: None)
    tell("Reading the weights of EfficientNet-Lite0", 0.0)
    tensors = read_checkpoint(weights_path(), weights().sha256)
    tell("Laying the graph", 0.2)
    maps = read_maps()
    weight, bias = imagenet_classifier(tensors)
    heads = [bundle_head(label_map, weight, bias) for label_map in maps]
    backbone = lite0_backbone(tensors)
    spec = BundleSpec(
        name=NAME,
        preprocessing=PREPROCESSING,
        groups=tuple(bundle_group(label_map) for label_map in maps),
        embedding_size=EMBEDDING_SIZE,
        producer=_producer(),
        licence=weights().licence,
        attribution=weights().attribution,
    )
    tell("Checking it on golden pictures", 0.4)
    with tempfile.TemporaryDirectory(prefix="starter-") as folder:
        made = Path(folder) / "starter"
        make_bundle(made, spec, backbone, heads, starter_card(spec), model_input, open_session)
        tell("Storing the bundle", 0.8)
        stored = BundleStore(bundles_dir).add(made)
    tell("The starter model is ready", 1.0)
    return stored


def recipe_hash() -> str:
    """Return 32 hex digits that change when the starter would come out differently."""
    digest = hashlib.sha256()
    versions = [RECIPE_VERSION, PIPELINE_VERSION, PREPROCESSING.to_json()]
    digest.update(json.dumps(versions, sort_keys=True).encode())
    for name in (WEIGHTS_FILE, CLASSES_FILE, *MAP_FILES):
        content = starter_file(name).replace(b"\r\n", b"\n")
        digest.update(f"\n{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:32]


def _producer() -> dict[str, Any]:
    return {
        "program": PRODUCER,
        "version": __version__,
        "recipe": recipe_hash(),
        "weights": f"{weights().distribution} {weights().version}",
    }
