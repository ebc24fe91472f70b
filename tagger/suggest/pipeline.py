"""The run itself: decoding threads feed batches to the lanes, which compute and store them."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tagger.core.preprocessing import Preprocessing
from tagger.suggest.decoding import Decoded
from tagger.suggest.engine import Engine, Interrupted, Outputs
from tagger.suggest.plan import Plan, core_count
from tagger.suggest.pool import ENDLESS, DecodePool, Patience
from tagger.suggest.stages import COPY, MODEL, STORE, Laps, Stages
from tagger.suggest.work import Basket, Gate, WorkQueue

PATIENCE = 0.25
"""Seconds after which a batch goes off though it is not full, where decoding is slow."""

OnBatch = Callable[[NDArray[np.int64], Outputs], None]
OnProblem = Callable[[Decoded], None]


class Pipeline:
    """Decodes and computes the photos of a work queue; memory stays bounded by the basket."""

    def __init__(
        self,
        engine: Engine,
        plan: Plan,
        spec: Preprocessing,
        work: WorkQueue,
        gate: Gate,
        decode: Callable[[int], Decoded],
        stages: Stages,
        patience: Patience = ENDLESS,
    ) -> None:
        self._stages = stages
        self._helpers = 0 if plan.threads == 1 else max(1, plan.threads)
        self._engine, self._plan, self._spec, self._gate = engine, plan, spec, gate
        decoders = core_count()
        self._basket: Basket[Decoded] = Basket((plan.lanes + 1) * plan.share, decoders)
        self._pool = DecodePool(decoders, work, gate, self._basket, decode, patience)
        self._store = threading.Lock()
        self._failure: BaseException | None = None

    @property
    def hanging(self) -> int:
        """How many decoding threads hang in a photo."""
        return self._pool.stuck

    def run(self, on_batch: OnBatch, on_problem: OnProblem) -> None:
        """Go through the queue until it is empty or the gate says stop.

        Args:
            on_batch: gets positions int64 [n] and the outputs; never called by two threads at
                once.
            on_problem: gets a photo that could not be decoded, under the same lock.

        Raises:
            Whatever stopped it: an error of the model, of the disk, or of the callbacks.
        """
        self._gate.when_stopped(self._basket.close)
        self._gate.when_stopped(self._engine.interrupt)
        lanes = [
            threading.Thread(
                target=self._lane, args=(on_batch, on_problem), name=f"lane-{number}", daemon=True
            )
            for number in range(self._plan.lanes)
        ]
        self._pool.start()
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        self._basket.close()
        if self._failure:
            raise self._failure

    def _lane(self, on_batch: OnBatch, on_problem: OnProblem) -> None:
        shape = (self._plan.share, self._spec.height, self._spec.width, 3)
        images = self._engine.room(shape)
        laps = self._stages.laps()
        try:
            while taken := self._basket.take(self._plan.share, PATIENCE):
                laps.restart()
                good = self._sorted_out(taken, images, on_problem)
                laps(COPY)
                if len(good) and not self._computed(good, images[: len(good)], on_batch, laps):
                    return
        except BaseException as error:  # handed to whoever waits for the run
            self._failure = self._failure or error
            self._gate.stop()

    def _sorted_out(
        self, taken: list[Decoded], images: NDArray[np.uint8], on_problem: OnProblem
    ) -> NDArray[np.int64]:
        """Report problems, copy the others into the batch and return their positions."""
        good: list[int] = []
        for item in taken:
            if item.pixels is None:
                with self._store:
                    on_problem(item)
            else:
                images[len(good)] = item.pixels
                good.append(item.position)
        return np.array(good, np.int64)

    def _computed(
        self,
        positions: NDArray[np.int64],
        images: NDArray[np.uint8],
        on_batch: OnBatch,
        laps: Laps,
    ) -> bool:
        """Compute and store a batch, again if a pause broke it off; False once stopped."""
        while True:
            with self._gate.step() as go_on:
                if not go_on:
                    return False
                laps.restart()
                try:
                    outputs = self._engine.run(images)
                except Interrupted:
                    continue
                laps(MODEL, self._helpers)
                with self._store:
                    on_batch(positions, outputs)
                laps(STORE)
                return True
