"""The graph must give what the numbers give, on real photos, before a bundle is stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.heads import head_scores, read_heads
from tagger.bundle.read import read_bundle
from tagger.bundle.spec import MODEL_FILE
from tagger.core.errors import TaggerError
from tagger.core.preprocessing import Preprocessing
from tagger.imaging.model_input import model_input
from tagger.imaging.problems import PhotoProblem
from trainer.session import open_session

LIMIT = 1e-4
"""Largest difference of a score between ONNX and NumPy (or torch), float32."""

PHOTOS = 24
_BATCH = 8


class ParityError(TaggerError):
    """The exported model does not answer as the trained one."""


def check_parity(folder: Path, photos: Sequence[Path]) -> float:
    """Compare a bundle's graph with its heads in NumPy on real photos.

    Args:
        folder: the bundle.
        photos: candidates; the first `PHOTOS` that can be read are used.

    Returns:
        the largest difference of a score; 0 where no photo could be read.

    Raises:
        ParityError: it is larger than `LIMIT`.
    """
    spec, heads = read_bundle(folder), read_heads(folder)
    pixels = readable_pixels(photos, spec.preprocessing, PHOTOS)
    run = open_session((folder / MODEL_FILE).read_bytes())
    largest = 0.0
    for at in range(0, len(pixels), _BATCH):
        outputs = run(pixels[at : at + _BATCH])
        for head in heads:
            expected = head_scores(head, outputs["embedding"])
            difference = float(np.abs(outputs[f"scores/{head.group}"] - expected).max())
            if not difference <= LIMIT:
                raise ParityError(
                    f"The new model is not used: its graph differs by {difference:.2g} from what "
                    f"was trained (group {head.group}; {LIMIT:g} is allowed)."
                )
            largest = max(largest, difference)
    return largest


def readable_pixels(
    photos: Sequence[Path], preprocessing: Preprocessing, count: int
) -> NDArray[np.uint8]:
    """Return the model input of the first photos that can be read: uint8 [n, H, W, 3]."""
    found: list[NDArray[np.uint8]] = []
    for path in photos:
        if len(found) == count:
            break
        try:
            found.append(model_input(path, preprocessing))
        except (PhotoProblem, OSError):
            continue
    shape = (0, preprocessing.height, preprocessing.width, 3)
    return np.stack(found) if found else np.zeros(shape, np.uint8)
