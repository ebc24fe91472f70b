"""The photos of a library as the suggester sees them, read from the catalog and never written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import apsw
import numpy as np
from numpy.typing import NDArray

from tagger.core.errors import TaggerError
from tagger.library.places import LibraryPlaces


class NoCatalog(TaggerError):
    """The library has not been opened yet, or its catalog cannot be read."""


@dataclass(frozen=True)
class PhotoList:
    """The photos that were there at the last scan, in the order in which they are done.

    A photo's position here is its number in a run.

    Attributes:
        slots: int64 [n].
        signatures: uint64 [n], first 8 bytes of the fingerprint; 0 where it could not be read.
        sizes: int64 [n], bytes.
        mtimes: int64 [n], nanoseconds.
        folders: int64 [n], index into `roots`.
        roots: absolute folders.
        names: paths below the root.
    """

    slots: NDArray[np.int64]
    signatures: NDArray[np.uint64]
    sizes: NDArray[np.int64]
    mtimes: NDArray[np.int64]
    folders: NDArray[np.int64]
    roots: list[bytes]
    names: list[bytes]

    def __len__(self) -> int:
        return len(self.names)

    def path(self, position: int) -> bytes:
        """Return the absolute path of a photo."""
        return os.path.join(self.roots[self.folders[position]], self.names[position])

    def name(self, position: int) -> str:
        """Return the path of a photo below its root, as the program writes names."""
        return os.fsdecode(self.names[position])

    def positions(self, slots: list[int]) -> NDArray[np.int64]:
        """Return the positions of these slots, in this order; those that are no photo are left out.

        `slots` of the list are ascending.
        """
        wanted = np.asarray(slots, np.int64)
        if not len(self.slots):
            return np.empty(0, np.int64)
        at = np.minimum(np.searchsorted(self.slots, wanted), len(self.slots) - 1)
        return at[self.slots[at] == wanted]


def pending_photos(places: LibraryPlaces) -> PhotoList:
    """Read all photos of a library that are not missing, by slot.

    Raises:
        NoCatalog: there is no catalog, or it cannot be read.
    """
    try:
        connection = apsw.Connection(str(places.catalog), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_busy_timeout(10_000)
            roots = list(connection.execute("SELECT num, path FROM root"))
            rows = list(
                connection.execute(
                    "SELECT slot, root, path, size, mtime_ns, fingerprint FROM photo "
                    "WHERE NOT missing ORDER BY slot"
                )
            )
        finally:
            connection.close()
    except apsw.Error as error:
        raise NoCatalog(
            f"The catalog {places.catalog} cannot be read ({error}). Open the folder "
            f"{places.home} in the program first."
        ) from error
    numbers = {num: index for index, (num, _) in enumerate(roots)}
    return PhotoList(
        slots=_column(rows, 0, np.int64),
        signatures=np.frombuffer(b"".join(row[5][:8].ljust(8, b"\0") for row in rows), np.uint64),
        sizes=_column(rows, 3, np.int64),
        mtimes=_column(rows, 4, np.int64),
        folders=np.fromiter((numbers[row[1]] for row in rows), np.int64, len(rows)),
        roots=[_folder(places.home, path) for _, path in roots],
        names=[row[2] for row in rows],
    )


def _column(rows: list[tuple], index: int, dtype: type[np.int64]) -> NDArray[np.int64]:
    return np.fromiter((row[index] for row in rows), dtype, len(rows))


def _folder(home: Path, stored: bytes) -> bytes:
    return os.fsencode(home) if stored == b"." else os.path.join(os.fsencode(home), stored)
