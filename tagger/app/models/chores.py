"""Long computations in slices, so that the thread that paints is never held up.

The arrays of a library belong to one thread. Instead of copying them for a worker, a computation
over the whole folder is a generator that yields every few milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

Chore = Generator[None, None, None]

SLICE_SECONDS = 0.008
"""So long one slice may take, apart from the step that passes the mark."""


class Chores:
    """Runs chores one after the other, each in slices.

    Attributes:
        on_work: called when there is something to do; the window starts its timer with it.
    """

    def __init__(self) -> None:
        self.on_work: Callable[[], None] = lambda: None
        self._waiting: dict[str, Callable[[], Chore]] = {}
        self._running: tuple[str, Chore] | None = None

    @property
    def busy(self) -> bool:
        """Whether anything is left to do."""
        return self._running is not None or bool(self._waiting)

    def runs(self, name: str) -> bool:
        """Say whether a chore is waiting or running."""
        return name in self._waiting or (self._running is not None and self._running[0] == name)

    def ask(self, name: str, make: Callable[[], Chore], *, restart: bool = False) -> None:
        """Do a chore; one of that name that is already running is followed by another run.

        Args:
            name: chores of one name never wait twice.
            make: makes the generator when its turn has come.
            restart: what runs under that name is worthless now: begin anew at once.
        """
        if restart and self._running is not None and self._running[0] == name:
            self._running[1].close()
            self._running = None
        self._waiting.setdefault(name, make)
        self._waiting[name] = make
        self.on_work()

    def step(self, budget: float = SLICE_SECONDS) -> bool:
        """Work for about `budget` seconds; return whether anything is left."""
        end = time.perf_counter() + budget
        while self.busy and time.perf_counter() < end:
            if self._running is None:
                name = next(iter(self._waiting))
                self._running = (name, self._waiting.pop(name)())
            try:
                next(self._running[1])
            except StopIteration:
                self._running = None
        return self.busy

    def finish(self) -> None:
        """Do everything that is left, now."""
        while self.step(1.0):
            pass

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        if self._running is not None:
            self._running[1].close()
            self._running = None
