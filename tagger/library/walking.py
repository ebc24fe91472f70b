"""Listing the photos below a folder, and reading what is kept of each: facts and fingerprint."""

from __future__ import annotations

import hashlib
import os
import stat as stat_module
from collections.abc import Iterator
from dataclasses import dataclass

from tagger.imaging.facts import photo_facts
from tagger.imaging.formats import is_candidate

_PIECE = 65536


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is to be treated as a photo: path below the root, bytes, and time in ns."""

    path: bytes
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Row:
    """What the catalog keeps of a file.

    Attributes:
        fingerprint: 16 bytes, all zero where it could not be read.
        taken: seconds since 1970 by the camera's clock.
    """

    path: bytes
    size: int
    mtime_ns: int
    fingerprint: bytes
    taken: float | None
    camera: str | None
    width: int | None
    height: int | None

    @property
    def values(self) -> tuple:
        """The columns that a new version of the file replaces."""
        return (
            self.size,
            self.mtime_ns,
            self.fingerprint,
            self.taken,
            self.camera,
            self.width,
            self.height,
        )


def walk(
    base: bytes,
    unreadable: list[tuple[bytes, str]],
    start: bytes = b"",
    deep: bool = True,
    may_be_gone: bool = False,
) -> Iterator[Found]:
    """List candidate files below a folder, sorted, hidden ones skipped, each folder once.

    Args:
        base: the root; paths are relative to it.
        unreadable: takes folders that cannot be read, with the reason.
        start: the folder to begin with, relative to the root.
        deep: whether folders below are gone into.
        may_be_gone: whether it is no news that `start` is not there.
    """
    seen: set[tuple[int, int]] = set()
    waiting = [start]
    while waiting:
        relative = waiting.pop()
        folder = os.path.join(base, relative) if relative else base
        try:
            here = os.stat(folder)
            if (here.st_dev, here.st_ino) in seen:
                continue
            seen.add((here.st_dev, here.st_ino))
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            gone = isinstance(error, (FileNotFoundError, NotADirectoryError))
            if not (gone and may_be_gone and relative == start):
                unreadable.append((relative, f"the folder cannot be read ({error.strerror})"))
            continue
        deeper = []
        for entry in listed:
            if entry.name.startswith(b"."):
                continue
            path = relative + b"/" + entry.name if relative else entry.name
            if _is_folder(entry):
                deeper.append(path)
            elif (found := _candidate(entry, path)) is not None:
                yield found
        if deep:
            waiting.extend(reversed(deeper))


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _candidate(entry: os.DirEntry[bytes], path: bytes) -> Found | None:
    head = None
    try:
        status = entry.stat()
    except OSError:  # a dangling or looping link: a photo with a problem, if named like one
        return Found(path, 0, 0) if is_candidate(entry.name, None) else None
    regular = stat_module.S_ISREG(status.st_mode)
    if b"." not in entry.name and regular and status.st_size:
        try:
            with open(entry.path, "rb") as file:
                head = file.read(64)
        except OSError:
            return None
    if not is_candidate(entry.name, head):
        return None
    return Found(path, status.st_size if regular else 0, status.st_mtime_ns)


def read_row(base: bytes, found: Found) -> Row:
    """Read head, middle and tail of a file: fingerprint, date, camera, size. Never raises."""
    try:
        path = os.path.join(base, found.path)
        if not stat_module.S_ISREG(os.stat(path).st_mode):
            return Row(found.path, found.size, found.mtime_ns, bytes(16), None, None, None, None)
        with open(path, "rb", buffering=0) as file:
            head = file.read(_PIECE)
            pieces = [head]
            for start in (found.size // 2, found.size - _PIECE):
                if start >= _PIECE:
                    file.seek(start)
                    pieces.append(file.read(_PIECE))
            if len(pieces) == 1 and found.size > _PIECE:
                pieces.append(file.read(_PIECE))
    except OSError:
        return Row(found.path, found.size, found.mtime_ns, bytes(16), None, None, None, None)
    facts = photo_facts(head)
    return Row(
        found.path,
        found.size,
        found.mtime_ns,
        fingerprint(found.size, pieces),
        facts.taken,
        facts.camera,
        facts.width,
        facts.height,
    )


def fingerprint(size: int, pieces: list[bytes]) -> bytes:
    """Return 16 bytes that recognise a file by content: its size, and head, middle and tail."""
    digest = hashlib.blake2b(size.to_bytes(8, "little"), digest_size=16)
    for piece in pieces:
        digest.update(piece)
    return digest.digest()
