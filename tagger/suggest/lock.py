"""One suggester per library."""

from __future__ import annotations

from pathlib import Path

from tagger.core.errors import TaggerError
from tagger.library.cache_file import CacheError
from tagger.library.file_lock import FileLock, LockHeld

NAME = "suggester.lock"


class LibraryBusy(TaggerError):
    """Another process computes suggestions for this library."""


def lock_library(data_folder: Path, home: Path) -> FileLock:
    """Take the right to write a library's cache, held until released or the process ends.

    Args:
        data_folder: where the library's catalog and cache lie.
        home: the library's folder, named if the lock is taken.

    Raises:
        LibraryBusy: another process holds it.
        CacheError: the folder cannot be written, or just went away.
    """
    try:
        return FileLock(data_folder / NAME)
    except LockHeld as error:
        raise LibraryBusy(
            f"Another window or command is already computing suggestions for {home}. "
            "Wait until it is done, or close it."
        ) from error
    except OSError as error:
        raise CacheError(
            f"The folder {data_folder} cannot be written ({error.strerror}). Make it writable, or "
            "connect its disk, then start again."
        ) from error
