"""Write a new bundle, prove it, and put it among the user's."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from tagger.bundle.spec import BundleSpec
from tagger.bundle.store import BundleStore
from tagger.bundle.write import make_bundle
from tagger.imaging.model_input import model_input
from trainer.child import ChildGroup
from trainer.parity import Parity, check_parity
from trainer.session import open_session


@dataclass(frozen=True)
class Description:
    """What a new bundle says of itself beside its groups.

    Attributes:
        name: what people call it.
        dataset: what it was trained on (`trainer.data.lineage_entry`).
        metrics: what was measured.
        producer: program, version and method.
        card: text of card.md.
    """

    name: str
    dataset: dict[str, Any]
    metrics: dict[str, Any]
    producer: dict[str, Any]
    card: str


def store_child(
    store: BundleStore,
    parent: BundleSpec,
    backbone: onnx.ModelProto,
    groups: Sequence[ChildGroup],
    description: Description,
    photos: Sequence[Path],
) -> tuple[BundleSpec, Parity]:
    """Write a new bundle, check it on real photos, and put it among the user's.

    Args:
        store: the user's bundles.
        parent: what it was trained from; preprocessing and licence are inherited.
        backbone: image → embedding.
        groups: in the order of the outputs.
        description: the rest.
        photos: real photos for the parity check.

    Returns:
        the stored spec, and how far the graph agrees with NumPy, and with itself on GPUs.

    Raises:
        ParityError: the graph does not give the numbers of the heads; nothing is stored.
        BundleError: the parts do not fit, or the store cannot be written.
    """
    spec = BundleSpec(
        name=description.name,
        preprocessing=parent.preprocessing,
        groups=tuple(child.group for child in groups),
        embedding_size=parent.embedding_size,
        parent=parent.bundle_id,
        metrics=description.metrics,
        dataset=description.dataset,
        producer=description.producer,
        licence=parent.licence,
        attribution=parent.attribution,
    )
    heads = [child.head for child in groups]
    with tempfile.TemporaryDirectory(prefix="child-") as temporary:
        folder = Path(temporary) / "bundle"
        make_bundle(folder, spec, backbone, heads, description.card, model_input, open_session)
        parity = check_parity(folder, photos)
        return store.add(folder), parity
