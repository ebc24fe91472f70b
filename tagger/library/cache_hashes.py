"""What photos look like in 64 bits each: kept by the suggester, used to find near twins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.library.cache_file import ArrayFile, Layout

FOLDER = "hashes"
_LAYOUT = Layout("perceptual-1", 4, by_column=False, empty=0.0)


class HashStore:
    """The perceptual hashes of a library's photos: uint64 [slots], by the bytes they are of.

    A hash lies in the place of four float16 numbers, bit for bit, so that it shares the safe
    file of embeddings and scores.
    """

    def __init__(self, file: ArrayFile) -> None:
        self._file = file

    @classmethod
    def open(cls, cache_dir: Path, *, writable: bool = False) -> HashStore:
        """Open the hashes of a library; where none are kept it is empty.

        Args:
            cache_dir: the library's cache folder.
            writable: only the suggester may write, and it holds the library's lock.
        """
        return cls(ArrayFile(cache_dir, (FOLDER,), _LAYOUT, writable=writable))

    def read(
        self, slots: NDArray[np.int64], signatures: NDArray[np.uint64]
    ) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """Return hashes, and for which photos one is kept.

        Args:
            slots: int64 [n].
            signatures: uint64 [n], of the bytes the photos have now.

        Returns:
            uint64 [n], 0 where none is kept; bool [n].
        """
        kept = self._file.kept(slots, signatures)
        hashes = np.zeros(len(slots), np.uint64)
        rows = np.ascontiguousarray(self._file.rows[slots[kept]])
        hashes[kept] = rows.view(np.uint64).reshape(-1)
        return hashes, kept

    def reserve(self, slots: int) -> None:
        """Make room for this many slots at once.

        Raises:
            CacheError: the disk is full or write-protected.
        """
        self._file.reserve(slots)

    def write(
        self,
        slots: NDArray[np.int64],
        hashes: NDArray[np.uint64],
        signatures: NDArray[np.uint64],
    ) -> None:
        """Keep hashes uint64 [n] of photos, by slot and signature.

        Raises:
            CacheError: the disk is full or write-protected.
        """
        rows = np.ascontiguousarray(hashes, np.uint64).view(np.float16).reshape(-1, 4)
        self._file.put(slots, rows, signatures)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
