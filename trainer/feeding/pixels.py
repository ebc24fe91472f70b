"""Photos as model input: decoded by threads, kept where memory or disk allows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.core.preprocessing import Preprocessing
from tagger.imaging.decode import Source
from tagger.imaging.model_input import model_input
from tagger.imaging.problems import PhotoProblem

KEPT_BYTES = 2 << 30
"""Decoded photos are kept in memory up to this size."""

GREY = 127

Pixels = NDArray[np.uint8]


class PixelStore:
    """Model input of photos by row; every photo is decoded once as long as there is room.

    Attributes:
        preprocessing: from photo to input.
        unreadable: rows of photos that could not be read; they come as grey pictures.
    """

    def __init__(
        self,
        photos: Sequence[Source],
        preprocessing: Preprocessing,
        *,
        kept_bytes: int = KEPT_BYTES,
        folder: Path | None = None,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            photos: in the order of the rows.
            preprocessing: what they are brought to.
            kept_bytes: room for decoded photos; the rest is decoded anew each time.
            folder: keep them in a file there instead of in memory; it goes when this does.
        """
        self.preprocessing = preprocessing
        self.unreadable: set[int] = set()
        self._photos = photos
        shape = (preprocessing.height, preprocessing.width, 3)
        room = min(len(photos), max(0, kept_bytes) // int(np.prod(shape)))
        self._file = None
        if folder is not None and room:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed in `close`)
            self._kept: Pixels = np.memmap(self._file, np.uint8, "w+", shape=(room, *shape))
        else:
            self._kept = np.empty((room, *shape), np.uint8)
        self._there = np.zeros(len(photos), bool)
        self._place = np.full(len(photos), -1, np.int64)
        self._free = iter(range(room))

    def __len__(self) -> int:
        return len(self._photos)

    def read(self, row: int) -> Pixels:
        """Return uint8 [H, W, 3] of one photo; not to be written to."""
        if self._there[row]:
            return self._kept[self._place[row]]
        pixels = self._decoded(row)
        place = next(self._free, -1)
        if place >= 0:
            self._kept[place] = pixels
            self._place[row] = place
            self._there[row] = True
        return pixels

    def _decoded(self, row: int) -> Pixels:
        try:
            return model_input(self._photos[row], self.preprocessing)
        except (PhotoProblem, OSError):
            self.unreadable.add(row)
            shape = (self.preprocessing.height, self.preprocessing.width, 3)
            return np.full(shape, GREY, np.uint8)

    def close(self) -> None:
        """Give room and file back."""
        self._kept = np.empty((0, 0, 0, 3), np.uint8)
        self._there[:] = False
        if self._file is not None:
            self._file.close()


@contextmanager
def decoding_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Lend threads; what they have not begun is dropped at the end."""
    pool = ThreadPoolExecutor(count, thread_name_prefix="decode")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
