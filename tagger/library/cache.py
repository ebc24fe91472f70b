"""Embeddings and scores of a library's photos: disposable arrays that only the suggester writes.

Deleting the cache folder costs time only. Row = slot of the photo in the catalog.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.spec import BundleSpec
from tagger.core.thresholds import LOGIT_LIMIT, logit
from tagger.library.cache_file import CURRENT, ArrayFile, Layout

EMBEDDINGS = "embeddings"
SCORES = "scores"
FLOAT16_MAX = 65504.0


class EmbeddingStore:
    """The embeddings of one embedding space: float16 [slots, D], NaN where there is none.

    A row belongs to the bytes its signature names: the first 8 bytes of the photo's fingerprint.
    Readers never block the writer; they see new rows at once and a grown file after `refresh`.
    """

    def __init__(self, file: ArrayFile) -> None:
        self._file = file

    @classmethod
    def open(
        cls, cache_dir: Path, space_id: str, size: int, *, writable: bool = False
    ) -> EmbeddingStore:
        """Open the embeddings of a space; where none are kept it is empty.

        Args:
            cache_dir: the library's cache folder.
            space_id: id of the embedding space.
            size: numbers per embedding, D.
            writable: only the suggester may write, and it holds the library's lock.
        """
        layout = Layout(space_id, size, by_column=False, empty=float("nan"))
        return cls(_open_file(cache_dir, (EMBEDDINGS, space_id), layout, writable))

    @property
    def capacity(self) -> int:
        """Slots there is room for."""
        return self._file.capacity

    def signatures(self, slots: NDArray[np.int64] | None = None) -> NDArray[np.uint64]:
        """Return the signature of each kept row, 0 where there is none.

        Args:
            slots: int64 [n]; None means all there is room for.
        """
        return _gather(self._file.signatures, slots, 0)

    def kept(self, slots: NDArray[np.int64], signatures: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return bool [n]: whether the embedding of exactly these bytes is kept."""
        return self._file.kept(slots, signatures)

    def read(self, slots: NDArray[np.int64]) -> NDArray[np.float16]:
        """Return the embeddings float16 [n, D] of these slots; NaN where there is none."""
        rows = _gather(self._file.rows, slots, np.nan)
        rows[self.signatures(slots) == 0] = np.nan
        self._file.touched(len(slots))
        return rows

    def reserve(self, slots: int) -> None:
        """Make room for this many slots at once, so that the file does not grow often.

        Raises:
            CacheError: the disk is full or write-protected.
        """
        self._file.reserve(slots)

    def write(
        self,
        slots: NDArray[np.int64],
        rows: NDArray[np.floating],
        signatures: NDArray[np.uint64],
    ) -> None:
        """Keep embeddings.

        Args:
            slots: int64 [n].
            rows: float [n, D]; what float16 cannot hold is clipped.
            signatures: uint64 [n], of the bytes they were computed from.

        Raises:
            CacheError: the disk is full or write-protected.
        """
        small = np.clip(rows, -FLOAT16_MAX, FLOAT16_MAX).astype(np.float16)
        self._file.put(slots, small, signatures)

    def refresh(self) -> bool:
        """See a file that has grown or was made anew; return whether there was one."""
        return self._file.refresh()

    def flush(self) -> None:
        """Ask the system to bring what was written onto the disk."""
        self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class ScoreStore:
    """The scores of one bundle: float16 logits within ±16, NaN where there is none.

    One contiguous column per label, in the order of the bundle's groups and their labels.
    """

    def __init__(self, file: ArrayFile, spec: BundleSpec) -> None:
        self._file = file
        self._ranges: dict[str, tuple[int, int]] = {}
        start = 0
        for group in spec.groups:
            self._ranges[group.id] = (start, start + len(group.labels))
            start += len(group.labels)

    @classmethod
    def open(cls, cache_dir: Path, spec: BundleSpec, *, writable: bool = False) -> ScoreStore:
        """Open the scores of a bundle; where none are kept it is empty."""
        layout = Layout(spec.bundle_id, spec.label_count, by_column=True, empty=float("nan"))
        return cls(_open_file(cache_dir, (SCORES, spec.bundle_id), layout, writable), spec)

    @property
    def capacity(self) -> int:
        """Slots there is room for."""
        return self._file.capacity

    def signatures(self, slots: NDArray[np.int64] | None = None) -> NDArray[np.uint64]:
        """Return the signature of each scored slot, 0 where there is none."""
        return _gather(self._file.signatures, slots, 0)

    def kept(self, slots: NDArray[np.int64], signatures: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return bool [n]: whether the scores of exactly these bytes are kept."""
        return self._file.kept(slots, signatures)

    def column(self, group_id: str, label_index: int) -> NDArray[np.float16]:
        """Return one label's logits, float16 [capacity]: a view that shows new scores at once.

        Raises:
            KeyError: the bundle has no such group.
            IndexError: the group has no such label.
        """
        start, end = self._ranges[group_id]
        if not 0 <= label_index < end - start:
            raise IndexError(f"group {group_id} has no label {label_index}")
        return self._file.rows.T[start + label_index]

    def of_photo(self, slot: int) -> dict[str, NDArray[np.float16]]:
        """Return the logits of one photo, float16 [labels] per group id."""
        row = _gather(self._file.rows, np.array([slot], np.int64), np.nan)[0]
        return {group: row[start:end] for group, (start, end) in self._ranges.items()}

    def reserve(self, slots: int) -> None:
        """Make room for this many slots at once, so that the file does not grow often.

        Raises:
            CacheError: the disk is full or write-protected.
        """
        self._file.reserve(slots)

    def write(
        self,
        slots: NDArray[np.int64],
        scores: Mapping[str, NDArray[np.floating]],
        signatures: NDArray[np.uint64],
    ) -> None:
        """Keep scores.

        Args:
            slots: int64 [n].
            scores: group id → probabilities float [n, labels of the group]; every group.
            signatures: uint64 [n], of the bytes they were computed from.

        Raises:
            CacheError: the disk is full or write-protected.
        """
        self.write_logits(
            slots, {group: logit(scores[group]) for group in self._ranges}, signatures
        )

    def write_logits(
        self,
        slots: NDArray[np.int64],
        logits: Mapping[str, NDArray[np.floating]],
        signatures: NDArray[np.uint64],
    ) -> None:
        """Keep scores that are logits already, float [n, labels of the group]; see `write`."""
        rows = np.empty((len(slots), self._file.layout.width), np.float16)
        for group, (start, end) in self._ranges.items():
            rows[:, start:end] = np.clip(logits[group], -LOGIT_LIMIT, LOGIT_LIMIT)
        self._file.put(slots, rows, signatures)

    def forget(self, slots: NDArray[np.int64]) -> None:
        """Take scores away that are no longer those of the photo."""
        self._file.forget(slots)

    def refresh(self) -> bool:
        """See a file that has grown or was made anew; return whether there was one."""
        return self._file.refresh()

    def flush(self) -> None:
        """Ask the system to bring what was written onto the disk."""
        self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def prune_cache(cache_dir: Path, *, spaces: int = 3, bundles: int = 6) -> None:
    """Delete the arrays of all but the most recently written embedding spaces and bundles."""
    for kind, keep in ((EMBEDDINGS, spaces), (SCORES, bundles)):
        folders = [path.parent for path in (cache_dir / kind).glob(f"*/{CURRENT}")]
        for folder in sorted(folders, key=_last_opened, reverse=True)[keep:]:
            shutil.rmtree(folder, ignore_errors=True)


def _open_file(
    cache_dir: Path, inner: tuple[str, str], layout: Layout, writable: bool
) -> ArrayFile:
    file = ArrayFile(cache_dir, inner, layout, writable=writable)
    if writable:
        with contextlib.suppress(OSError):
            os.utime(file.folder / CURRENT)
    return file


def _last_opened(folder: Path) -> float:
    try:
        return (folder / CURRENT).stat().st_mtime
    except OSError:
        return 0.0


def _gather(values: NDArray[np.generic], slots: NDArray[np.int64] | None, empty: float) -> NDArray:
    """Return rows of an array, and `empty` for slots beyond its end."""
    if slots is None:
        return values
    inside = slots < len(values)
    out = np.full((len(slots), *values.shape[1:]), empty, values.dtype)
    out[inside] = values[slots[inside]]
    return out
