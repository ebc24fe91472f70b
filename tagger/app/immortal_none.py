"""Keeps `None` alive in Python 3.11, where PySide6 6.12 would use it up.

PySide6 6.12's one wheel for all Pythons is compiled as for 3.12, in which `None` is never freed:
every Qt method that returns nothing hands out a `None` it did not count. In 3.11 each call takes
one reference away, and after a few thousand calls the interpreter aborts with “deallocating None”.
"""

from __future__ import annotations

import ctypes
import sys

_ENOUGH = 1 << (40 if sys.maxsize > 1 << 32 else 28)


def keep_none_alive() -> None:
    """Count so many references to `None` that no session uses them up; for the whole process.

    Does nothing in Python 3.12 and later, and where it was done already.
    """
    counted = sys.implementation.name == "cpython" and sys.version_info < (3, 12)
    if counted and sys.getrefcount(None) < _ENOUGH // 2:
        ctypes.c_ssize_t.from_address(id(None)).value += _ENOUGH
