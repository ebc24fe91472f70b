"""Photos as training batches: decoded once where memory allows, flipped and shifted each time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagger.core.preprocessing import Preprocessing
from tagger.imaging.model_input import model_input
from tagger.imaging.problems import PhotoProblem

KEPT_BYTES = 2 << 30
"""Decoded photos are kept in memory up to this size."""

SHIFT = 0.06
"""Largest shift, as a share of the side."""

_THREADS = 4

Pixels = NDArray[np.uint8]


class PhotoReader:
    """Model input of photos by row.

    Attributes:
        unreadable: rows of photos that could not be read; they come as grey pictures.
    """

    def __init__(self, paths: Sequence[Path], preprocessing: Preprocessing) -> None:
        self._paths = paths
        self._preprocessing = preprocessing
        one = preprocessing.width * preprocessing.height * 3
        self._room = max(0, KEPT_BYTES // one)
        self._kept: dict[int, Pixels] = {}
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="decode")
        self.unreadable: set[int] = set()

    def read(self, rows: Sequence[int]) -> Pixels:
        """Return uint8 [n, H, W, 3]."""
        return np.stack(list(self._pool.map(self._one, rows)))

    def close(self) -> None:
        """End the decoding threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _one(self, row: int) -> Pixels:
        kept = self._kept.get(row)
        if kept is not None:
            return kept
        try:
            pixels = model_input(self._paths[row], self._preprocessing)
        except (PhotoProblem, OSError):
            self.unreadable.add(row)
            shape = (self._preprocessing.height, self._preprocessing.width, 3)
            pixels = np.full(shape, 127, np.uint8)
        if len(self._kept) < self._room:
            self._kept[row] = pixels
        return pixels


def augmented(pixels: Pixels, rng: np.random.Generator) -> Tensor:
    """Flip half of the pictures and shift each a little, edges repeated: uint8 [n, H, W, 3]."""
    count, height, width = pixels.shape[:3]
    reach = (round(height * SHIFT), round(width * SHIFT))
    margins = ((0, 0), (reach[0],) * 2, (reach[1],) * 2, (0, 0))
    wide = np.pad(pixels, margins, mode="edge")
    out = np.empty_like(pixels)
    tops = rng.integers(0, 2 * reach[0] + 1, count)
    lefts = rng.integers(0, 2 * reach[1] + 1, count)
    flips = rng.integers(0, 2, (count,))
    for at in range(count):
        part = wide[at, tops[at] : tops[at] + height, lefts[at] : lefts[at] + width]
        out[at] = part[:, ::-1] if flips[at] else part
    return torch.from_numpy(out)
