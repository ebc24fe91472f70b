"""Assemble the starter model: Lite0's weights, the curated maps, one bundle. No torch needed.

There are two: in float32, and a fast one in whole numbers (see `int8.py`), each with embeddings of
its own and the same labels under the same ids.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from tagger import __version__
from tagger.bundle.errors import BundleError
from tagger.bundle.spec import BundleSpec
from tagger.bundle.store import BundleStore
from tagger.bundle.validate import validate_bundle
from tagger.bundle.write import make_bundle
from tagger.core.preprocessing import PIPELINE_VERSION, Preprocessing
from tagger.imaging.model_input import model_input
from trainer.starter.card import fast_card, starter_card
from trainer.starter.checkpoint import read_checkpoint
from trainer.starter.int8 import int8_backbone
from trainer.starter.lite0 import (
    EMBEDDING_SIZE,
    INPUT_SIZE,
    Tensors,
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
from trainer.starter.measured import MEASURED_FILE, read_measured
from trainer.starter.weights import WEIGHTS_FILE, weights, weights_path

PRODUCER = "trainer.starter"

PREPROCESSING = Preprocessing(width=INPUT_SIZE, height=INPUT_SIZE, fit="squash")
"""The whole photo, squashed (see docs/starter.md for what was measured)."""

Progress = Callable[[str, float], None]
"""Told what is being done, and which share of all of it is done, 0 to 1."""


@dataclass(frozen=True)
class Variant:
    """One of the two starters.

    Attributes:
        name: what people call it.
        lay: the checkpoint's tensors to the graph from photo to embedding.
        card: the text of its card.
        recipe_version: raised when this code makes another starter of the same files.
        files: in `resources/starter`, from which it is made.
        facts: what its `producer` says besides.
    """

    name: str
    lay: Callable[[Tensors], onnx.ModelProto]
    card: Callable[[BundleSpec], str]
    recipe_version: int
    files: tuple[str, ...]
    facts: dict[str, Any]

    def recipe(self) -> str:
        """Return 32 hex digits that change when the starter would come out differently."""
        digest = hashlib.sha256()
        versions = [self.recipe_version, PIPELINE_VERSION, PREPROCESSING.to_json()]
        digest.update(json.dumps(versions, sort_keys=True).encode())
        for name in self.files:
            content = starter_file(name).replace(b"\r\n", b"\n")
            digest.update(f"\n{name} {len(content)}\n".encode() + content)
        return digest.hexdigest()[:32]


def _lay_fast(tensors: Tensors) -> onnx.ModelProto:
    measured = read_measured()
    measured.check(weights().sha256)
    return int8_backbone(tensors, measured)


_FILES = (WEIGHTS_FILE, CLASSES_FILE, *MAP_FILES)

STARTER = Variant("Starter (EfficientNet-Lite0)", lite0_backbone, starter_card, 1, _FILES, {})
"""The one that new libraries use."""

FAST_STARTER = Variant(
    "Fast starter (EfficientNet-Lite0, 8 bits)",
    _lay_fast,
    fast_card,
    1,
    (*_FILES, MEASURED_FILE),
    {
        "variant": "fast",
        "summary": "About twice as fast as the starter, and nearly the same suggestions. For "
        "computers without a graphics card that can be used.",
    },
)
"""The one in whole numbers."""


def ensure_starter(
    bundles_dir: Path, progress: Progress | None = None, variant: Variant = STARTER
) -> BundleSpec:
    """Return a starter bundle, assembled first if it is missing or its recipe changed.

    Older starters stay where they are. Takes a few seconds when there is something to do.

    Args:
        bundles_dir: folder of all bundles (`bundles` in the user data folder).
        progress: told of each step; not called when nothing is to be done.
        variant: which one.

    Raises:
        CheckpointError: the weights' package is missing or its file is not the right one.
        BundleError: the bundle cannot be written.
    """
    return find_starter(bundles_dir, variant) or build_starter(bundles_dir, progress, variant)


def find_starter(bundles_dir: Path, variant: Variant = STARTER) -> BundleSpec | None:
    """Return the sound starter bundle of the present recipe, or None."""
    store = BundleStore(bundles_dir)
    recipe = variant.recipe()
    for spec in store.list():
        if spec.producer.get("recipe") == recipe:
            try:
                return validate_bundle(store.folder(spec.bundle_id))
            except BundleError:
                continue
    return None


def build_starter(
    bundles_dir: Path, progress: Progress | None = None, variant: Variant = STARTER
) -> BundleSpec:
    """Assemble a starter bundle, whether or not one is there, and put it into the store.

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
    backbone = variant.lay(tensors)
    spec = BundleSpec(
        name=variant.name,
        preprocessing=PREPROCESSING,
        groups=tuple(bundle_group(label_map) for label_map in maps),
        embedding_size=EMBEDDING_SIZE,
        producer=_producer(variant),
        licence=weights().licence,
        attribution=weights().attribution,
    )
    tell("Checking it on golden pictures", 0.4)
    with tempfile.TemporaryDirectory(prefix="starter-") as folder:
        made = Path(folder) / "starter"
        make_bundle(made, spec, backbone, heads, variant.card(spec), model_input, open_session)
        tell("Storing the bundle", 0.8)
        stored = BundleStore(bundles_dir).add(made)
    tell(f"{variant.name} is ready", 1.0)
    return stored


def _producer(variant: Variant) -> dict[str, Any]:
    return {
        "program": PRODUCER,
        "version": __version__,
        "recipe": variant.recipe(),
        "weights": f"{weights().distribution} {weights().version}",
    } | variant.facts
