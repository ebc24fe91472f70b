"""What is to be done next, and whether to go on: shared by the threads of one run."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


class Gate:
    """Pause, resume and stop of a run. Whoever paused it must resume it.

    Threads ask `passes` before each step; steps that must be over before a pause counts as
    reached run inside `step`.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holders: set[str] = set()
        self._stopped = False
        self._steps = 0
        self._paused_at = 0.0
        self._paused_for = 0.0
        self._when_stopped: list[Callable[[], None]] = []

    @property
    def stopped(self) -> bool:
        """Whether the run was told to end."""
        return self._stopped

    def pause(self, holder: str = "user") -> None:
        """Let no further step begin until this holder resumes."""
        with self._changed:
            if not self._holders:
                self._paused_at = time.monotonic()
            self._holders.add(holder)

    def resume(self, holder: str = "user") -> None:
        """Go on, unless another holder still pauses."""
        with self._changed:
            if self._holders == {holder}:
                self._paused_for += time.monotonic() - self._paused_at
            self._holders.discard(holder)
            self._changed.notify_all()

    def stop(self) -> None:
        """End the run, also a paused one."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            callbacks, self._when_stopped = self._when_stopped, []
        for callback in callbacks:
            callback()

    def when_stopped(self, callback: Callable[[], None]) -> None:
        """Call this once when the run is stopped; at once if it was."""
        with self._changed:
            if not self._stopped:
                self._when_stopped.append(callback)
                return
        callback()

    def active_time(self) -> float:
        """Return a clock in seconds that stands still while paused."""
        with self._changed:
            now = self._paused_at if self._holders else time.monotonic()
            return now - self._paused_for

    def passes(self) -> bool:
        """Wait while paused; return False once stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._holders)
            return not self._stopped

    @contextmanager
    def step(self) -> Iterator[bool]:
        """Wait while paused, then count as busy inside the block; gives False once stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._holders)
            self._steps += 1
        try:
            yield not self._stopped
        finally:
            with self._changed:
                self._steps -= 1
                self._changed.notify_all()

    def wait_idle(self, timeout: float) -> bool:
        """Wait until no step is under way, at most so many seconds; return whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._steps == 0, timeout)


class WorkQueue:
    """Positions of photos to be done, each given out once; prioritised ones come first."""

    def __init__(self, positions: NDArray[np.int64]) -> None:
        """Give out int64 [n] in this order."""
        self._lock = threading.Lock()
        self._order = positions.tolist()
        self._cursor = 0
        self._waiting = set(self._order)
        self._urgent: deque[int] = deque()

    def next(self) -> int | None:
        """Return the next position, or None when all are given out."""
        with self._lock:
            while self._urgent:
                position = self._urgent.popleft()
                if position in self._waiting:
                    self._waiting.remove(position)
                    return position
            while self._cursor < len(self._order):
                position = self._order[self._cursor]
                self._cursor += 1
                if position in self._waiting:
                    self._waiting.remove(position)
                    return position
            return None

    def prioritise(self, positions: NDArray[np.int64]) -> None:
        """Give these out before all others, also before those prioritised earlier."""
        with self._lock:
            self._urgent.extendleft(reversed(positions.tolist()))


class Basket(Generic[T]):
    """A bounded queue from several producers that is emptied by whole batches.

    Whoever can go on is woken, and nobody else: waking all of many threads for each photo would
    keep them busy with each other.
    """

    def __init__(self, limit: int, producers: int) -> None:
        lock = threading.Lock()
        self._room = threading.Condition(lock)
        self._stock = threading.Condition(lock)
        self._items: deque[T] = deque()
        self._limit = limit
        self._producers = producers
        self._enough = 1
        self._closed = False

    def put(self, item: T) -> None:
        """Add an item; waits while the basket is full."""
        with self._room:
            self._room.wait_for(lambda: self._closed or len(self._items) < self._limit)
            if self._closed:
                return
            self._items.append(item)
            if len(self._items) == 1 or len(self._items) >= self._enough:
                self._stock.notify()

    def producer_done(self) -> None:
        """Note that one of the producers has nothing more to add."""
        with self._stock:
            self._producers -= 1
            self._stock.notify_all()

    def close(self) -> None:
        """Release everybody who waits; what lies in the basket is dropped."""
        with self._stock:
            self._closed = True
            self._items.clear()
            self._stock.notify_all()
            self._room.notify_all()

    def take(self, count: int, patience: float) -> list[T]:
        """Return `count` items; fewer at the end, or after `patience` seconds with some there.

        An empty list means that nothing will come any more.
        """
        with self._stock:
            self._enough = count
            taken: list[T] = []
            while not taken:
                self._stock.wait_for(lambda: bool(self._items) or self._over)
                if not self._items:
                    break
                self._stock.wait_for(lambda: len(self._items) >= count or self._over, patience)
                taken = [self._items.popleft() for _ in range(min(count, len(self._items)))]
            self._room.notify(len(taken))
            if self._items:
                self._stock.notify()
            return taken

    @property
    def _over(self) -> bool:
        return self._closed or self._producers == 0
