"""The photos of a library as arrays; a row is a slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.library.catalog import Catalog


@dataclass(frozen=True)
class PhotoTable:
    """All photo slots of a library; slots without a photo have `present` False.

    Attributes:
        path_bytes, path_starts: all relative paths in one uint8 array, int64 [slots + 1] starts.
        root: int32 [slots].
        size: int64 [slots], bytes.
        mtime_ns: int64 [slots].
        signature: uint64 [slots], first 8 bytes of the fingerprint; 0 = none.
        taken: float64 [slots], seconds; file time where the photo does not say.
        by_name: int64 [photos], slots in the order of their paths.
        present: bool [slots], the file was there at the last scan.
    """

    path_bytes: bytes
    path_starts: NDArray[np.int64]
    root: NDArray[np.int32]
    size: NDArray[np.int64]
    mtime_ns: NDArray[np.int64]
    signature: NDArray[np.uint64]
    taken: NDArray[np.float64]
    by_name: NDArray[np.int64]
    present: NDArray[np.bool_]

    @property
    def slots(self) -> int:
        """Number of slots, with those that hold no photo."""
        return len(self.present)

    @property
    def count(self) -> int:
        """Number of photos that are there."""
        return int(self.present.sum())

    def path(self, slot: int) -> bytes:
        """Return the path of a photo relative to its root, as the file system has it."""
        return self.path_bytes[self.path_starts[slot] : self.path_starts[slot + 1]]


def load_photos(catalog: Catalog) -> PhotoTable:
    """Read the photo table into arrays, in one pass."""
    slots = (catalog.value("SELECT max(slot) FROM photo") or 0) + 1
    rows = list(
        catalog.rows(
            "SELECT slot, path, root, size, mtime_ns, substr(fingerprint, 1, 8), "
            "coalesce(taken, mtime_ns / 1e9), missing FROM photo ORDER BY root, path"
        )
    )
    at = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    lengths = np.zeros(slots, np.int64)
    lengths[at] = np.fromiter((len(row[1]) for row in rows), np.int64, len(rows))
    paths = dict(zip(at.tolist(), (row[1] for row in rows), strict=True))
    present = np.zeros(slots, bool)
    present[at] = np.fromiter((not row[7] for row in rows), bool, len(rows))
    prints = b"".join(row[5].ljust(8, b"\0")[:8] for row in rows)
    return PhotoTable(
        path_bytes=b"".join(paths[slot] for slot in sorted(paths)),
        path_starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        root=_spread(at, [row[2] for row in rows], slots, np.int32),
        size=_spread(at, [row[3] for row in rows], slots, np.int64),
        mtime_ns=_spread(at, [row[4] for row in rows], slots, np.int64),
        signature=_spread(at, np.frombuffer(prints, np.uint64), slots, np.uint64),
        taken=_spread(at, [row[6] for row in rows], slots, np.float64),
        by_name=at[present[at]],
        present=present,
    )


def _spread(at: NDArray[np.int64], values: object, slots: int, dtype: type) -> NDArray[Any]:
    column: NDArray[Any] = np.zeros(slots, dtype)
    column[at] = np.asarray(values, dtype)
    return column
