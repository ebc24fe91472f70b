"""One suggester per library: a lock that the system takes back when its holder dies."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from tagger.core.errors import TaggerError

NAME = "suggester.lock"
_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


class LibraryBusy(TaggerError):
    """Another process computes suggestions for this library."""


class LibraryLock:
    """The right to write a library's cache, held until `release` or the end of the process."""

    def __init__(self, data_folder: Path, home: Path) -> None:
        """Take the lock.

        Args:
            data_folder: where the library's catalog and cache lie.
            home: the library's folder, named if the lock is taken.

        Raises:
            LibraryBusy: another process holds it.
        """
        self._descriptor = os.open(data_folder / NAME, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _take(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            if error.errno not in _HELD:
                raise
            raise LibraryBusy(
                f"Another window or command is already computing suggestions for {home}. "
                "Wait until it is done, or close it."
            ) from error

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)


if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
