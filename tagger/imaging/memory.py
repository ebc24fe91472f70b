"""How much memory this process may still take."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path

_UNKNOWN = 4_000_000_000
_CGROUP = Path("/sys/fs/cgroup")
_NO_LIMIT = 1 << 60


def available_bytes() -> int:
    """Return how many bytes can be taken without pushing others out of memory.

    On Linux the least of what the system, the control group and the process's own limit leave; on
    Windows what is free; elsewhere half of what is built in.
    """
    if sys.platform == "win32":
        return _windows()
    if sys.platform == "linux":
        return min(_linux_system(), _linux_group(), _own_limit())
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (ValueError, OSError):
        return _UNKNOWN


def _linux_system() -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return _UNKNOWN


def _linux_group() -> int:
    """Return what the limits of this process's control groups (containers, services) leave."""
    left = _NO_LIMIT
    with contextlib.suppress(OSError, ValueError):
        own = Path("/proc/self/cgroup").read_text().strip().rpartition(":")[2].strip("/")
        folder = _CGROUP / own
        while folder.is_relative_to(_CGROUP):
            with contextlib.suppress(OSError, ValueError):
                most = int((folder / "memory.max").read_text())
                used = int((folder / "memory.current").read_text())
                left = min(left, max(0, most - used + _reclaimable(folder)))
            folder = folder.parent
    return left


def _reclaimable(folder: Path) -> int:
    """Return the bytes of a group's file cache that it can give back at once."""
    for line in (folder / "memory.stat").read_text().splitlines():
        if line.startswith("inactive_file "):
            return int(line.split()[1])
    return 0


def _own_limit() -> int:
    """Return what `ulimit -v` leaves."""
    import resource

    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most == resource.RLIM_INFINITY:
        return _NO_LIMIT
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return max(0, most - pages * os.sysconf("SC_PAGE_SIZE"))
    return most


class _MemoryStatus(ctypes.Structure):
    """Windows' MEMORYSTATUSEX."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("total_physical", ctypes.c_uint64),
        ("free_physical", ctypes.c_uint64),
        ("total_page_file", ctypes.c_uint64),
        ("free_page_file", ctypes.c_uint64),
        ("total_virtual", ctypes.c_uint64),
        ("free_virtual", ctypes.c_uint64),
        ("free_extended_virtual", ctypes.c_uint64),
    )


def _windows() -> int:
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - exists on Windows only
    if not kernel.GlobalMemoryStatusEx(ctypes.byref(status)):
        return _UNKNOWN
    return min(int(status.free_physical), int(status.free_virtual))
