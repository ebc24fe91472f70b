"""How much memory this process holds while it is watched."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

_EVERY = 0.05


class PeakMemory:
    """Samples the memory of this process on a thread of its own.

    Attributes:
        peak_mb: the most megabytes (of 1,048,576 bytes) seen while it was watched.
    """

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._watching = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go, name="memory", daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch while the block runs."""
        self._watching.set()
        try:
            yield
        finally:
            self._look()
            self._watching.clear()

    def _go(self) -> None:
        while not self._over.wait(_EVERY):
            if self._watching.is_set():
                self._look()

    def _look(self) -> None:
        self.peak_mb = max(self.peak_mb, resident_mb())


def resident_mb() -> float:
    """Return the memory that this process holds now; on macOS and Windows the most it ever held."""
    if sys.platform.startswith("linux"):
        status = Path("/proc/self/status").read_text()
        return next(int(s.split()[1]) for s in status.splitlines() if s.startswith("VmRSS")) / 1024
    if sys.platform == "win32":
        return _peak_on_windows() / 2**20
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _peak_on_windows() -> int:
    import ctypes

    class Counters(ctypes.Structure):
        _fields_ = (
            ("size", ctypes.c_uint32),
            ("faults", ctypes.c_uint32),
            *((f"number{index}", ctypes.c_size_t) for index in range(8)),
        )

    counters = Counters()
    counters.size = ctypes.sizeof(Counters)
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
    kernel.K32GetProcessMemoryInfo(
        ctypes.c_void_p(kernel.GetCurrentProcess()), ctypes.byref(counters), counters.size
    )
    return int(counters.number0)
