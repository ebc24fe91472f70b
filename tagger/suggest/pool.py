"""Threads that decode photos ahead of the model; one that hangs is given up and replaced."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tagger.imaging.room import LARGE_PICTURES
from tagger.suggest.decoding import Decoded, too_slow
from tagger.suggest.work import Basket, Gate, WorkQueue

_TICK = 0.25


def _never() -> None:
    return None


@dataclass(frozen=True)
class Patience:
    """How long to wait for decoders.

    Attributes:
        limit: position → seconds that this photo may take.
        worn_out: called, perhaps several times, when so many threads hang that only a new process
            helps.
    """

    limit: Callable[[int], float]
    worn_out: Callable[[], None] = _never


ENDLESS = Patience(lambda position: float("inf"))


@dataclass(eq=False)
class _Worker:
    """One thread: the photo it works on, for how many seconds, and whether it was given up."""

    number: int
    position: int | None = None
    age: float = 0.0
    given_up: bool = False
    thread: threading.Thread = field(init=False)


class DecodePool:
    """Threads that take photos from a queue, decode them and put them into a basket."""

    def __init__(
        self,
        threads: int,
        work: WorkQueue,
        gate: Gate,
        basket: Basket[Decoded],
        decode: Callable[[int], Decoded],
        patience: Patience = ENDLESS,
    ) -> None:
        self._work, self._gate, self._basket, self._decode = work, gate, basket, decode
        self._patience = patience
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._producing = threads
        self._workers = [self._new_worker(number) for number in range(threads)]
        self._most_stuck = max(2, threads // 2)
        self._worn_for = 0.0

    @property
    def stuck(self) -> int:
        """How many threads that were given up still hang."""
        with self._lock:
            return sum(worker.given_up for worker in self._workers)

    def start(self) -> None:
        """Begin."""
        for worker in list(self._workers):
            worker.thread.start()
        threading.Thread(target=self._watch, name="decode-watch", daemon=True).start()

    def _new_worker(self, number: int, instead: Decoded | None = None) -> _Worker:
        worker = _Worker(number)
        worker.thread = threading.Thread(
            target=self._go, args=(worker, instead), name=f"decode-{number}", daemon=True
        )
        return worker

    def _go(self, worker: _Worker, instead: Decoded | None) -> None:
        if instead is not None:
            self._basket.put(instead)
        while self._gate.passes() and (position := self._work.next()) is not None:
            with self._lock:
                worker.position, worker.age = position, 0.0
            item = self._decode(position)
            with self._lock:
                worker.position = None
                if worker.given_up:
                    self._workers.remove(worker)
                    return
            self._basket.put(item)
        with self._lock:
            self._producing -= 1
            if not self._producing:
                self._over.set()
        self._basket.producer_done()

    def _watch(self) -> None:
        """Look at the threads' photos now and then, until no thread works any more.

        Time is counted in ticks, so that a computer that slept accuses no photo.
        """
        while not self._over.wait(_TICK):
            for worker in list(self._workers):
                self._grow_older(worker)
            if self.stuck >= self._most_stuck:
                self._worn_for += _TICK
                if self._worn_for >= 4 * _TICK:  # their problems are noted meanwhile
                    self._patience.worn_out()

    def _grow_older(self, worker: _Worker) -> None:
        with self._lock:
            position = worker.position
            if position is None or worker.given_up:
                return
            if LARGE_PICTURES.waits(worker.thread.ident):
                return  # for memory that another photo takes
            worker.age += _TICK
            limit = self._patience.limit(position)
            if worker.age < limit:
                return
            worker.given_up = True
            fresh = self._new_worker(worker.number, too_slow(position, limit))
            self._workers.append(fresh)
        LARGE_PICTURES.give_up(worker.thread.ident)
        fresh.thread.start()
