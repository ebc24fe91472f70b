"""One set-up at a time in a checkout: two would delete each other's half-made environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from installer.console import say


@contextmanager
def one_at_a_time(checkout: Path) -> Iterator[None]:
    """Hold the checkout's lock file while the body runs, waiting for another set-up to end.

    Where the checkout cannot be written to there is nothing to guard.

    The operating system lets go of the lock when the process ends, however it ends, and with it
    the programs that it started: after a kill they may still be writing.
    """
    path = checkout / ".setup.lock"
    try:
        handle = path.open("a")
    except OSError:
        yield  # somebody else's checkout: fine to use while nothing has to change
        return
    with handle:
        if not _lock(handle, wait=False):
            say("Another set-up is at work in this checkout; waiting for it to finish.")
            _lock(handle, wait=True)
        os.set_inheritable(handle.fileno(), True)
        yield


def _lock(handle: IO[str], *, wait: bool) -> bool:
    """Lock the open file; returns whether it is ours. On Windows `wait` gives up after 10 s."""
    if sys.platform == "win32":
        import msvcrt

        try:
            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True
