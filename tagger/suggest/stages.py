"""Where the time of a run goes: seconds of each stage, summed over its threads."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass

READ, DECODE, RESIZE, HASH = "read", "decode", "resize", "hash"
COPY, MODEL, STORE = "copy", "model", "store"
STAGES = (READ, DECODE, RESIZE, HASH, COPY, MODEL, STORE)
"""All stages of a photo, in order; `tagger.imaging.model_input` names the first three."""

_SHARES = {
    "disk": (READ,),
    "decode": (DECODE, RESIZE, HASH),
    "model": (COPY, MODEL),
    "store": (STORE,),
}


@dataclass
class Spent:
    """Seconds that a stage took, summed over threads: by the clock, and of a core's time."""

    wall: float = 0.0
    cpu: float = 0.0


class Stages:
    """The seconds of each stage so far; any thread may add."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: defaultdict[str, Spent] = defaultdict(Spent)

    def add(self, stage: str, wall: float, cpu: float) -> None:
        """Count seconds by the clock and seconds of a core for a stage."""
        with self._lock:
            spent = self._spent[stage]
            spent.wall += wall
            spent.cpu += cpu

    def laps(self) -> Laps:
        """Return a stop watch of the calling thread, started now."""
        return Laps(self)

    def spent(self) -> dict[str, Spent]:
        """Return what each stage took, in the order of `STAGES`; zero where it never ran."""
        with self._lock:
            return {
                stage: Spent(self._spent[stage].wall, self._spent[stage].cpu) for stage in STAGES
            }

    def shares(self) -> dict[str, float]:
        """Return how the work so far divides; see `shares_of`."""
        return shares_of(self.spent())


def shares_of(spent: dict[str, Spent]) -> dict[str, float]:
    """Return how work divides into `disk`, `decode`, `model` and `store`; the sum is 1.

    Reading counts by the clock, since it waits for a disk; the rest by the time of the cores,
    since threads also wait for each other.
    """
    seconds = {
        name: sum(spent[stage].wall if stage == READ else spent[stage].cpu for stage in stages)
        for name, stages in _SHARES.items()
    }
    total = sum(seconds.values())
    return {name: part / total if total else 0.0 for name, part in seconds.items()}


class Laps:
    """Times the steps of one thread, one after the other."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._wall, self._cpu = time.perf_counter(), time.thread_time()

    def __call__(self, stage: str, helpers: int = 0) -> None:
        """Count the time since the last call, or since the start, for this stage.

        Args:
            stage: one of `STAGES`.
            helpers: threads or devices that worked on it instead of this thread; what they used
                is not known, so they count as busy all the time. 0: this thread did it.
        """
        wall, cpu = time.perf_counter(), time.thread_time()
        spent = wall - self._wall
        self._stages.add(stage, spent, spent * helpers if helpers else cpu - self._cpu)
        self._wall, self._cpu = wall, cpu

    def restart(self) -> None:
        """Leave the time since the last call out."""
        self._wall, self._cpu = time.perf_counter(), time.thread_time()
