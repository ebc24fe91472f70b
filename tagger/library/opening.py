"""Finding and making a library's place on disk when a folder is opened."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from tagger.core.errors import TaggerError
from tagger.library.places import HIDDEN, LibraryPlaces, user_folder

_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ncpfs", "davfs"}


class OpenError(TaggerError):
    """The folder cannot be opened as a library."""


def checked_folder(folder: Path) -> Path:
    """Return the absolute folder.

    Raises:
        OpenError: it is missing, a file, or may not be read.
    """
    path = Path(os.path.abspath(folder))
    if not path.exists():
        raise OpenError(f"The folder {path} does not exist. Check the name, or choose another.")
    if not path.is_dir():
        raise OpenError(f"{path} is a file, not a folder. Open the folder it lies in.")
    try:
        with os.scandir(path):
            pass
    except OSError as error:
        raise OpenError(
            f"The folder {path} cannot be read ({error.strerror}). Ask for permission to read it."
        ) from error
    return path


def find_places(folder: Path, *, make: bool = True) -> LibraryPlaces:
    """Return where the library of a folder lies; a subfolder of a library gives that library.

    Catalog and cache lie in the folder itself, or, where it cannot be written, has a path that is
    not UTF-8, or is a network share (SQLite's WAL does not work there), in the user data folder.
    Without `make` no folder is made: for those who only work on libraries that were opened, so
    that nothing appears at the empty mount point of one that is away.

    Raises:
        OpenError: the folder cannot be opened.
    """
    home = checked_folder(folder)
    for above in (home, *home.parents):
        if (above / HIDDEN / "catalog.sqlite").is_file() and not _on_network(above):
            if _can_hold(above / HIDDEN, make):
                return LibraryPlaces(above, above / HIDDEN, True)
            break
    if not _on_network(home) and _can_hold(home / HIDDEN, make):
        return LibraryPlaces(home, home / HIDDEN, True)
    digest = hashlib.blake2b(os.fsencode(home), digest_size=16).hexdigest()
    data = user_folder("libraries") / digest
    if make:
        data.mkdir(exist_ok=True)
    return LibraryPlaces(home, data, False)


def _can_hold(folder: Path, make: bool) -> bool:
    """Say whether a catalog can lie there: it can be written, and SQLite can name it."""
    try:
        str(folder).encode("utf-8")
    except UnicodeEncodeError:
        return False
    try:
        if make:
            folder.mkdir(exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def _on_network(folder: Path) -> bool:
    text = os.fspath(folder)
    if text.startswith("\\\\"):
        return True
    try:
        mounts = Path("/proc/self/mounts").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    best, kind = "", ""
    for line in mounts:
        _, point, fs_type, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        inside = text == point or text.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fs_type
    return kind in _NETWORK
