"""A lock on a file that the system takes back when its holder dies, on every system."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


class LockHeld(Exception):
    """Another process holds the lock."""


class FileLock:
    """A lock held from its making until `release`, or until the process ends."""

    def __init__(self, path: Path) -> None:
        """Take the lock on a file, made if it is missing.

        Raises:
            LockHeld: another process, or another `FileLock` of this one, holds it.
            OSError: the file cannot be made or opened.
        """
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _take(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            if error.errno in _HELD:
                raise LockHeld(str(path)) from error
            raise

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)


def is_held(path: Path) -> bool:
    """Say whether a process holds the lock on this file; a missing file is held by nobody."""
    if not path.exists():
        return False
    try:
        FileLock(path).release()
    except LockHeld:
        return True
    except OSError:
        return False
    return False


if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
