"""Keeps `None`, `True` and `False` alive in Python 3.11, where PySide6 6.12 would use them up.

PySide6 6.12's one wheel for all Pythons is compiled as for 3.12, in which these are never freed:
every Qt method that returns nothing hands out a `None` it did not count, every `Signal.emit` a
`True`. In 3.11 each call takes one reference away, and after a few hundred or thousand calls the
interpreter aborts with “deallocating None” or “deallocating True or False”.
"""

from __future__ import annotations

import ctypes
import sys

_ENOUGH = 1 << (40 if sys.maxsize > 1 << 32 else 28)


def keep_constants_alive() -> None:
    """Count so many references to the constants that no session uses them up; process-wide.

    Does nothing in Python 3.12 and later, and where it was done already.
    """
    counted = sys.implementation.name == "cpython" and sys.version_info < (3, 12)
    for constant in (None, True, False):
        if counted and sys.getrefcount(constant) < _ENOUGH // 2:
            ctypes.c_ssize_t.from_address(id(constant)).value += _ENOUGH
