"""Ids that follow from content: of a bundle, of an embedding space."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from tagger.bundle.heads import Head, heads_to_json, named_arrays
from tagger.bundle.spec import BundleSpec
from tagger.core.preprocessing import PIPELINE_VERSION, Preprocessing


def space_id(backbone: str, preprocessing: Preprocessing) -> str:
    """Return 32 hex digits that name an embedding space.

    Equal ids mean that embeddings may be exchanged: the same backbone (what `backbone_hash` of
    `head_graph` gives), the same preprocessing, by the same version of the pixel pipeline.
    """
    return _digest(
        {
            "backbone": backbone,
            "preprocessing": _description(preprocessing),
            "pipeline": PIPELINE_VERSION,
        }
    )


def bundle_id(model: bytes, heads: Sequence[Head], spec: BundleSpec) -> str:
    """Return 32 hex digits that name a bundle.

    Args:
        model: content of `model.onnx`.
        heads: its heads.
        spec: preprocessing and the ordered ids of groups and labels are taken from it.
    """
    arrays = hashlib.sha256()
    for head in sorted(heads, key=lambda head: head.group):
        for name, array in named_arrays(head):
            arrays.update(f"{name} {array.dtype} {array.shape}\n".encode())
            arrays.update(array.tobytes())
    return _digest(
        {
            "model": hashlib.sha256(model).hexdigest(),
            "heads": sorted(heads_to_json(heads), key=lambda facts: str(facts["group"])),
            "arrays": arrays.hexdigest(),
            "preprocessing": _description(spec.preprocessing),
            "groups": [
                [group.id, group.kind, group.has_null, [label.id for label in group.labels]]
                for group in spec.groups
            ],
        }
    )


def _description(preprocessing: Preprocessing) -> dict[str, Any]:
    data = preprocessing.to_json()
    data.pop("pipeline_version")
    return data


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
