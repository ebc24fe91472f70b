"""How fast it goes and how long it will take, without the jumps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

_WINDOW = 8.0
_ENOUGH = 1.0


class Speed:
    """Photos per second over the last seconds of a clock that stands still in pauses."""

    def __init__(self, clock: Callable[[], float], done: int = 0) -> None:
        """Begin now, with so many photos done already."""
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque([(clock(), done)])
        self._smooth: float | None = None

    def photos_per_s(self, done: int) -> float:
        """Note that so many photos are done now; return the speed, 0 while nothing is known."""
        now = self._clock()
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[1][0] > _WINDOW:
            self._marks.popleft()
        since, before = self._marks[0]
        return (done - before) / (now - since) if now - since > 0.05 else 0.0

    def seconds_left(self, done: int, total: int) -> float | None:
        """Return the smoothed time left in seconds, or None while it would be a guess."""
        now = self._clock()
        since, before = self._marks[0]
        if now - since < _ENOUGH or done <= before:
            return self._smooth
        left = (total - done) * (now - since) / (done - before)
        self._smooth = left if self._smooth is None else 0.8 * self._smooth + 0.2 * left
        return self._smooth
