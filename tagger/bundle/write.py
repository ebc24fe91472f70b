"""Write a bundle folder, all of it or none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx

from tagger.bundle.golden import Golden
from tagger.bundle.heads import Head
from tagger.bundle.spec import BundleSpec


def write_bundle(
    folder: Path,
    spec: BundleSpec,
    model: onnx.ModelProto,
    heads: Sequence[Head],
    golden: Golden,
    card: str,
) -> BundleSpec:
    """Write `folder` and return the spec with its ids filled in."""
    raise NotImplementedError
