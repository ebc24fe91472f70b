"""Keeping tagger-annotations.json in line with the catalog, in the background, touching no other's.

The catalog is the truth. What was written last is remembered (revision, size, time, hash), so
that a change by somebody else is noticed before anything is overwritten.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import apsw

from tagger.core.errors import TaggerError
from tagger.library.annotation_read import is_ours, take_in
from tagger.library.annotations import render
from tagger.library.catalog import Catalog
from tagger.library.library import Library
from tagger.library.places import ANNOTATIONS, LibraryPlaces

_QUIET_SECONDS = 1.5
_LONGEST_SECONDS = 10.0
_AGAIN_SECONDS = 10.0


@dataclass(frozen=True)
class MirrorState:
    """Whether the annotation file could be written.

    Attributes:
        path: the file, or the one written instead.
        sentence: what the user should know (changed by somebody else, foreign, not writable).
        conflict: True when somebody changed our file; nothing is written until it is settled.
        failed: nothing was written, and it may go better later.
    """

    path: Path
    sentence: str = ""
    conflict: bool = False
    failed: bool = False


def annotation_path(places: LibraryPlaces) -> tuple[Path, str]:
    """Return the file to write and a sentence if it is not the usual one.

    A file of that name that is not ours is never touched.
    """
    usual = places.annotations
    if not os.access(places.home, os.W_OK):
        path = places.data / ANNOTATIONS
        return path, f"{places.home} cannot be written: your work is mirrored in {path} instead."
    if not usual.exists() or is_ours(usual):
        return usual, ""
    other = usual.with_name("tagger-annotations-2.json")
    return other, (
        f"{usual} was not written by the tagger and is left alone: your work is mirrored in "
        f"{other.name} instead."
    )


def changed_by_others(catalog: Catalog, path: Path) -> bool:
    """Say whether the annotation file differs from what we wrote last."""
    if not path.exists():
        return False
    stored = json.loads(catalog.meta("mirror") or "{}")
    status = path.stat()
    if [status.st_size, status.st_mtime_ns] == stored.get("stat"):
        return False
    return _hash(path) != stored.get("hash")


def write_mirror(places: LibraryPlaces, catalog: Catalog, force: bool = False) -> MirrorState:
    """Write the annotation file if the catalog moved on; whole or not at all.

    `force` overwrites a file that somebody else changed.
    """
    catalog.flush()
    path, sentence = annotation_path(places)
    if not force and changed_by_others(catalog, path):
        return MirrorState(path, changed_sentence(path), True)
    revision = catalog.meta("revision") or "0"
    stored = json.loads(catalog.meta("mirror") or "{}")
    if stored.get("revision") == revision and path.exists() and not force:
        return MirrorState(path, sentence)
    try:
        digest = write_whole(path, render(catalog.reader))
    except OSError as error:
        return MirrorState(path, f"{path} could not be written ({error.strerror}).", failed=True)
    status = path.stat()
    entry = {
        "revision": revision,
        "stat": [status.st_size, status.st_mtime_ns],
        "hash": digest,
        "path": str(path),
    }
    catalog.set_meta("mirror", json.dumps(entry))
    return MirrorState(path, sentence)


def mirrored_or_why(places: LibraryPlaces, catalog: Catalog, force: bool = False) -> MirrorState:
    """Write the annotation file, or say why not; a folder that is out of reach says it elsewhere.

    `failed` of the state is set when it is to be tried again.
    """
    path = places.annotations
    if not places.home.is_dir():
        return MirrorState(path, failed=True)
    try:
        return write_mirror(places, catalog, force)
    except (TaggerError, apsw.Error, OSError) as error:
        return MirrorState(path, f"{path} is not up to date: {error}", failed=True)


def changed_sentence(path: Path) -> str:
    """Return what is said when somebody else changed the annotation file."""
    return (
        f"{path} was changed by another program. Nothing was overwritten: take its changes in, "
        f"or overwrite it."
    )


def restore_from_file(library: Library) -> str:
    """Take an annotation file of ours into a catalog that never wrote one (a moved folder).

    Returns a sentence for the user, empty if there was nothing to take in. Raises
    `AnnotationError` if the file cannot be read; it is then left as it is.
    """
    path = library.places.annotations
    if library.catalog.meta("mirror") or not path.exists() or not is_ours(path):
        return ""
    taken = take_in(library, path, f"Take in {path.name} found in the folder")
    note_taken_in(library, path)
    return f"Took in {path.name}: decisions of {taken.photos} photos."


def note_taken_in(library: Library, path: Path) -> None:
    """Remember that the catalog now holds what the annotation file says, so it may be written."""
    entry = {"stat": [path.stat().st_size, path.stat().st_mtime_ns], "hash": _hash(path)}
    library.catalog.set_meta("mirror", json.dumps(entry))


def write_whole(path: Path, pieces: Iterable[str]) -> str:
    """Write a text file whole or not at all (temp file, fsync, rename); returns its hash.

    Raises:
        OSError: the disk is full or the folder cannot be written; the old file is untouched.
    """
    digest = hashlib.blake2b(digest_size=16)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb", buffering=1 << 20) as file:
            for piece in pieces:
                data = piece.encode("utf-8", "replace")
                digest.update(data)
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return digest.hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _hash(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


class Mirror:
    """Writes the annotation file on a thread of its own, shortly after the last change.

    What cannot be written, say in a folder that was unplugged, is tried again by itself.

    Attributes:
        state: of the last write; read it from any thread.
    """

    def __init__(
        self, library: Library, on_state: Callable[[MirrorState], None] | None = None
    ) -> None:
        self._places, self._catalog = library.places, library.catalog
        self._on_state = on_state
        self._wake = threading.Condition()
        self._touched = True
        self._closing = False
        self._force = False
        self.state = MirrorState(library.places.annotations)
        self._thread = threading.Thread(target=self._loop, name="mirror", daemon=True)
        self._thread.start()

    def touch(self) -> None:
        """Say that the catalog changed."""
        with self._wake:
            self._touched = True
            self._wake.notify()

    def overwrite(self) -> None:
        """Write the file even though somebody else changed it; the user asked for it."""
        with self._wake:
            self._force = self._touched = True
            self._wake.notify()

    def close(self) -> MirrorState:
        """Write what is left and end; call it before the catalog is closed."""
        with self._wake:
            self._closing = self._touched = True
            self._wake.notify()
        self._thread.join()
        return self.state

    def _loop(self) -> None:
        while True:
            with self._wake:
                again = _AGAIN_SECONDS if self.state.failed else None
                self._wake.wait_for(lambda: self._touched, again)
                self._settle()
                closing, force = self._closing, self._force
                self._touched = self._force = False
            self.state = mirrored_or_why(self._places, self._catalog, force)
            if self._on_state:
                self._on_state(self.state)
            if closing:
                return

    def _settle(self) -> None:
        """Wait until no change came for a moment, but not for ever."""
        waited = 0.0
        while not self._closing and not self._force and waited < _LONGEST_SECONDS:
            self._touched = False
            self._wake.wait(_QUIET_SECONDS)
            waited += _QUIET_SECONDS
            if not self._touched:
                return
