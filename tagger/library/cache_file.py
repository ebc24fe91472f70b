"""One disposable array on disk: a row of float16 per slot, vouched for by a signature.

The folder of an array holds `current`, which names the data file in use. A data file is

    header      one JSON line, padded to 4096 bytes
    signatures  uint64 [capacity], of the bytes the row was computed from; 0 = no row
    checks      uint32 [capacity], CRC-32 of the row
    data        float16 [capacity, width], or [width, capacity] where `by_column`

A data file is written whole under its own name and then named in `current` by one rename, so
readers find the old file or the new one, and mapped files are never replaced (which Windows
forbids). A row is written first, its signature last: a kill leaves rows that nobody vouches for.
Checks are compared when the writer opens the file, so that what a power cut mixed up is redone.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import secrets
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.core.errors import TaggerError
from tagger.library.cache_folder import make_cache_folder

FORMAT = "tagger-cache"
VERSION = 1
HEADER_BYTES = 4096
CURRENT = "current"
_STEP = 1024
_CHUNK = 4096
_GIVE_BACK = 4096
"""After so many rows a writer gives the memory of the mapped file back."""


class CacheError(TaggerError):
    """The cache cannot be written."""


@dataclass(frozen=True)
class Layout:
    """What an array holds.

    Attributes:
        key: id of what the numbers belong to (embedding space or bundle).
        width: numbers per slot.
        by_column: each of the `width` numbers of all slots lies together, instead of each slot.
        empty: number that stands in rows never written.
    """

    key: str
    width: int
    by_column: bool
    empty: float

    def header(self, capacity: int) -> dict[str, Any]:
        """Return what the first line of a data file of this capacity says."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "key": self.key,
            "width": self.width,
            "by_column": self.by_column,
            "capacity": capacity,
        }

    def file_bytes(self, capacity: int) -> int:
        """Return the size of a data file of this capacity."""
        return HEADER_BYTES + capacity * (8 + 4 + 2 * self.width)


class ArrayFile:
    """The array of one folder, mapped into memory; see the module for its form.

    Attributes:
        folder: where it lies.
        layout: what it must hold; a file that holds something else counts as absent.
        capacity: rows of the mapped file, 0 while there is none.
        signatures: uint64 [capacity].
        rows: float16 [capacity, width]; a transposed view where the layout is by column.
    """

    def __init__(
        self, cache_dir: Path, inner: tuple[str, ...], layout: Layout, *, writable: bool
    ) -> None:
        """Map the current file of a folder in the cache, if there is a sound one.

        A writer also throws away what is not sound: foreign or half-written files, and rows
        whose check does not hold.
        """
        self.folder = cache_dir.joinpath(*inner)
        self._cache_dir, self._inner = cache_dir, inner
        self._pointer = os.path.join(self.folder, CURRENT)
        self.layout = layout
        self._writable = writable
        self._touched = 0
        self._name = ""
        self._unmap()
        self._map()
        if writable:
            self._clean_up()
            self.forget(self._broken_rows())
            self._give_back()

    def refresh(self) -> bool:
        """Map the file that is current now; return whether it is another one than before."""
        if _current_name(self.folder) == self._name:
            return False
        self._map()
        return True

    def lost(self) -> bool:
        """Return whether the mapped file is no longer the folder's: somebody deleted the cache."""
        return bool(self._name) and _number_of(self._pointer) != self._pointer_number

    def reserve(self, slots: int) -> None:
        """Make room for at least this many slots; kept rows stay.

        Raises:
            CacheError: the disk is full or write-protected.
        """
        if slots <= self.capacity and not self.lost():
            return
        capacity = -(-(slots + slots // 8) // _STEP) * _STEP
        name = f"{secrets.token_hex(8)}.bin"
        try:
            make_cache_folder(self._cache_dir, *self._inner)
            self._write_file(self.folder / name, capacity)
            _point_to(self.folder, name)
        except OSError as error:
            with contextlib.suppress(OSError):
                (self.folder / name).unlink()
            raise CacheError(
                f"The cache {self.folder} cannot be written ({error.strerror}). Free some space "
                "or make the folder writable, then start again."
            ) from error
        self._map()
        self._clean_up()

    def put(
        self, slots: NDArray[np.int64], rows: NDArray[np.float16], signatures: NDArray[np.uint64]
    ) -> None:
        """Write rows float16 [n, width] and then what vouches for them; grows where needed.

        Raises:
            CacheError: the disk is full or write-protected.
        """
        if not len(slots):
            return
        self.reserve(int(slots.max()) + 1)
        rows = np.ascontiguousarray(rows, np.float16)
        stale = slots[self.signatures[slots] != 0]
        if len(stale):
            self.forget(stale)
        self.rows[slots] = rows
        self._checks[slots] = _checks_of(rows)
        self.signatures[slots] = signatures
        self.touched(len(slots))

    def forget(self, slots: NDArray[np.int64]) -> None:
        """Withdraw the rows of these slots: first the signature, then the numbers."""
        slots = slots[slots < self.capacity]
        if len(slots):
            self.signatures[slots] = 0
            self.rows[slots] = self.layout.empty

    def kept(self, slots: NDArray[np.int64], signatures: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return bool [n]: whether a row computed from exactly these bytes is kept."""
        inside = slots < self.capacity
        found = np.zeros(len(slots), np.uint64)
        found[inside] = self.signatures[slots[inside]]
        return (found != 0) & (found == signatures)

    def touched(self, rows: int) -> None:
        """Count rows that a writer wrote or read; now and then the memory they take is given back.

        They stay in the file, and in the system's own cache as long as it likes. Otherwise the
        process would come to hold the whole file: 50,000 photos took 170 MB.
        """
        self._touched += rows
        if self._writable and self._touched >= _GIVE_BACK:
            self._give_back()

    def _give_back(self) -> None:
        self._touched = 0
        mapping = getattr(self._bytes, "_mmap", None)
        if mapping is not None and sys.platform == "linux":
            mapping.madvise(mmap.MADV_DONTNEED)

    def flush(self) -> None:
        """Ask the system to bring what was written onto the disk."""
        if self._bytes is not None and self._writable:
            self._bytes.flush()

    def close(self) -> None:
        """Let go of the file."""
        self.flush()
        self._unmap()

    def _unmap(self) -> None:
        self._bytes: np.memmap | None = None
        self._name = ""
        self._pointer_number = 0
        self._spread(np.zeros(0, np.uint8), 0)

    def _map(self) -> None:
        number = _number_of(self._pointer)
        name = _current_name(self.folder)
        self._unmap()
        if not name:
            return
        try:
            capacity = self._sound_capacity(self.folder / name)
            mapped = np.memmap(
                self.folder / name,
                np.uint8,
                "r+" if self._writable else "r",
                shape=(self._size(capacity),),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return
        self._bytes = mapped
        self._name, self._pointer_number = name, number
        self._spread(mapped[HEADER_BYTES:], capacity)

    def _size(self, capacity: int) -> int:
        return self.layout.file_bytes(capacity)

    def _sound_capacity(self, path: Path) -> int:
        with path.open("rb") as file:
            header = json.loads(file.read(HEADER_BYTES).rstrip(b"\0"))
            size = os.fstat(file.fileno()).st_size
        capacity = int(header["capacity"])
        if header != self.layout.header(capacity) or size != self._size(capacity):
            raise ValueError(f"{path} is not the array that was asked for")
        return capacity

    def _spread(self, body: NDArray[np.uint8], capacity: int) -> None:
        checks_at, data_at = 8 * capacity, 12 * capacity
        plain = body.view(np.ndarray)
        self.capacity = capacity
        self.signatures: NDArray[np.uint64] = plain[:checks_at].view(np.uint64)
        self._checks: NDArray[np.uint32] = plain[checks_at:data_at].view(np.uint32)
        data = plain[data_at:].view(np.float16)
        if self.layout.by_column:
            self.rows: NDArray[np.float16] = data.reshape(self.layout.width, capacity).T
        else:
            self.rows = data.reshape(capacity, self.layout.width)

    def _write_file(self, path: Path, capacity: int) -> None:
        """Write a data file with the rows of the mapped one, every byte really on the disk.

        No holes: writing into a hole of a mapped file on a full disk would kill the process.
        """
        kept = min(self.capacity, capacity)
        header = json.dumps(self.layout.header(capacity)).encode() + b"\n"
        with path.open("xb") as file:
            file.write(header.ljust(HEADER_BYTES, b"\0"))
            file.write(_padded(self.signatures[:kept], capacity, 0).tobytes())
            file.write(_padded(self._checks[:kept], capacity, 0).tobytes())
            if self.layout.by_column:
                for column in self.rows.T:
                    file.write(_padded(column[:kept], capacity, self.layout.empty).tobytes())
            else:
                for start in range(0, capacity, _CHUNK):
                    end = min(start + _CHUNK, capacity)
                    chunk = np.full((end - start, self.layout.width), self.layout.empty, np.float16)
                    old = self.rows[start : min(end, kept)]
                    chunk[: len(old)] = old
                    file.write(chunk.tobytes())
            file.flush()
            os.fsync(file.fileno())

    def _broken_rows(self) -> NDArray[np.int64]:
        """Return the slots whose row is not the one its check was taken of."""
        vouched = np.flatnonzero(self.signatures)
        broken = [np.empty(0, np.int64)]
        for start in range(0, len(vouched), _CHUNK):
            slots = vouched[start : start + _CHUNK]
            broken.append(slots[_checks_of(self.rows[slots]) != self._checks[slots]])
        return np.concatenate(broken)

    def _clean_up(self) -> None:
        """Delete data files that are not in use; one that somebody still maps may stay a while."""
        for path in [*self.folder.glob("*.bin"), *self.folder.glob("*.new")]:
            if path.name != self._name:
                with contextlib.suppress(OSError):
                    path.unlink()
        if not self._name:
            with contextlib.suppress(OSError):
                (self.folder / CURRENT).unlink()


def _padded(values: NDArray[Any], capacity: int, empty: float) -> NDArray[Any]:
    out = np.full(capacity, empty, values.dtype)
    out[: len(values)] = values
    return out


def _checks_of(rows: NDArray[np.float16]) -> NDArray[np.uint32]:
    """Return the CRC-32 of each row of float16 [n, width], as uint32 [n]."""
    whole = memoryview(rows.tobytes())
    step = 2 * rows.shape[1]
    sums = (zlib.crc32(whole[at : at + step]) for at in range(0, step * len(rows), step))
    return np.fromiter(sums, np.uint32, len(rows))


def _number_of(path: str) -> int:
    """Return what tells a file from one that replaced it; 0 if there is none."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def _current_name(folder: Path) -> str:
    try:
        name = (folder / CURRENT).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return name if name.endswith(".bin") and Path(name).name == name else ""


def _point_to(folder: Path, name: str) -> None:
    fresh = folder / f"{CURRENT}-{secrets.token_hex(4)}.new"
    with fresh.open("x", encoding="ascii") as file:
        file.write(name + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, folder / CURRENT)
