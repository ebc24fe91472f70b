"""What a process that trains with torch must be told before it begins."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

SETTINGS = {
    # freed memory is kept for the next step: page faults hold training up otherwise (12 → 36
    # photos/s at 224 pixels)
    "MALLOC_MMAP_THRESHOLD_": str(4 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 30),
    "MALLOC_TOP_PAD_": str(256 << 20),
    # threads wait without spinning: 2 to 6 times faster beside other busy programs
    "OMP_WAIT_POLICY": "PASSIVE",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}

_PROGRAMS = ("trainer.__main__", "tagger.__main__")
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4


def prepare_for_torch() -> None:
    """Make this process fit for training; torch must not have been imported yet.

    The memory's settings are read when a process begins, so the program starts itself over once,
    as the same process. Where that cannot be done, glibc is told as far as it listens later on.
    """
    missing = {name: value for name, value in SETTINGS.items() if name not in os.environ}
    if not missing:
        return
    os.environ.update(missing)
    main = sys.modules["__main__"]
    name = getattr(getattr(main, "__spec__", None), "name", "")
    if sys.platform.startswith("linux") and (name in _PROGRAMS or getattr(sys, "frozen", False)):
        sys.stdout.flush()
        sys.stderr.flush()
        with contextlib.suppress(OSError):
            os.execve(sys.executable, sys.orig_argv, os.environ)
    keep_freed_memory()


def keep_freed_memory() -> None:
    """Tell glibc to hold on to large blocks. Does nothing on other systems."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_MAX, 0)
        library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        library.mallopt(_TOP_PAD, 256 << 20)
