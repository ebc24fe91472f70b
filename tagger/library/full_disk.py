"""Whether a full disk stands behind an error, however it was wrapped."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import apsw

FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""No room on the disk, a file larger than is allowed, no room left to this user."""

_LITTLE = 256 << 10


def is_full(error: BaseException | None) -> bool:
    """Say whether an error, or one that it was raised from, is that of a full disk."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, apsw.FullError):
            return True
        if isinstance(error, OSError) and error.errno in FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


def has_no_room(folder: Path) -> bool:
    """Say whether the disk of a folder is full at this moment."""
    try:
        return shutil.disk_usage(folder).free < _LITTLE
    except OSError:
        return False
