"""What is being decoded at this moment, on disk, so that a crash leaves its suspects behind.

A file of one page in the cache, mapped into memory. Noting a photo is a write of 16 bytes (under
a microsecond), and what a process wrote into a mapped file outlives it, however it ends.
"""

from __future__ import annotations

import contextlib
import mmap
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

from tagger.library.cache_file import CacheError
from tagger.library.cache_folder import make_cache_folder

NAME = "in-flight.bin"
_BYTES = 4096
_ROW = struct.Struct("<qQ")
_ROWS = _BYTES // _ROW.size

Suspect = tuple[int, int]
"""Slot and signature of a photo that was being decoded when its process ended."""


class InFlight:
    """The table of one library; only its suggester, which holds the library's lock, opens it."""

    def __init__(self, cache_dir: Path) -> None:
        """Open the table; rows left by a dead process stay until `forgive`.

        Raises:
            CacheError: the disk is full or write-protected.
        """
        path = cache_dir / NAME
        try:
            make_cache_folder(cache_dir)
            if not path.exists() or path.stat().st_size != _BYTES:
                path.write_bytes(bytes(_BYTES))  # no holes: see `cache_file`
            with path.open("r+b") as file:
                self._page = mmap.mmap(file.fileno(), _BYTES)
        except OSError as error:
            raise CacheError(
                f"The cache {path} cannot be written ({error.strerror}). Free some space or make "
                "the folder writable, then start again."
            ) from error
        self._lock = threading.Lock()
        self._left = _rows(self._page[:])
        self._free: list[int] = []
        for row in set(range(_ROWS)) - set(self._left.values()):
            self._free_row(row)

    @property
    def left(self) -> list[Suspect]:
        """What an earlier process was decoding when it died, as far as nobody has tried it yet."""
        with self._lock:
            return list(self._left)

    def forgive(self, suspect: Suspect) -> None:
        """Take a suspect off the table: it was tried, or is no longer to be decoded."""
        with self._lock:
            row = self._left.pop(suspect, None)
            if row is not None:
                self._free_row(row)

    @contextlib.contextmanager
    def noted(self, slot: int, signature: int) -> Iterator[None]:
        """Have a photo stand in the table inside the block."""
        with self._lock:
            row = self._free.pop() if self._free else None
            if row is not None:
                _ROW.pack_into(self._page, row * _ROW.size, slot + 1, signature)
        try:
            yield
        finally:
            if row is not None:
                with self._lock:
                    self._free_row(row)

    def close(self) -> None:
        """Withdraw what this process noted, since it ends as it should; old suspects stay."""
        with self._lock, contextlib.suppress(ValueError):
            untried = set(self._left.values())
            for row in set(range(_ROWS)) - untried:
                _ROW.pack_into(self._page, row * _ROW.size, 0, 0)
            self._free = []  # threads that still decode note nothing more
            self._page.close()

    def _free_row(self, row: int) -> None:
        with contextlib.suppress(ValueError):  # closed meanwhile
            _ROW.pack_into(self._page, row * _ROW.size, 0, 0)
            self._free.append(row)


def read_suspects(cache_dir: Path) -> list[Suspect]:
    """Return what is being decoded, or was when the suggester died; for the window."""
    try:
        return list(_rows((cache_dir / NAME).read_bytes()))
    except OSError:
        return []


def _rows(page: bytes) -> dict[Suspect, int]:
    """Return the photos of a page and the row of each."""
    if len(page) != _BYTES:
        return {}
    rows = enumerate(_ROW.iter_unpack(page[: _ROWS * _ROW.size]))
    return {(slot - 1, signature): row for row, (slot, signature) in rows if slot > 0}
