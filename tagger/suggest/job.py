"""One run over a library: what is missing is computed, what is kept stays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import numpy as np

from tagger.bundle.heads import read_heads
from tagger.imaging.facts import perceptual_hash
from tagger.suggest.decoding import Decoded
from tagger.suggest.keeping import Keeper
from tagger.suggest.last_run import LastRun, remember_run
from tagger.suggest.photos import PhotoList, pending_photos
from tagger.suggest.pipeline import Pipeline
from tagger.suggest.pool import Patience
from tagger.suggest.protocol import Message
from tagger.suggest.quarantine import GuardedDecoder
from tagger.suggest.rescore import rescore
from tagger.suggest.stages import HASH, Stages
from tagger.suggest.tally import Tally
from tagger.suggest.todo import Todo, find_todo
from tagger.suggest.work import Gate, WorkQueue
from tagger.suggest.workplace import Model, Workplace
from tagger.suggest.yardstick import Yardstick

PAUSE_WAIT = 0.12
"""Seconds a batch under way may still take after *pause*; then it is broken off and redone."""

_WORTH_MEASURING = 200


class Job:
    """A run that can be paused, resumed, stopped and told what to do first.

    Attributes:
        stages: where its time goes.
        hanging: decoders hang in photos, so that this process should end when the run is over.
        worn_out: so many hang that the run was given up: a new process is to go on.
    """

    def __init__(
        self, send: Callable[[Message], None], first: list[int], *, compare: bool = True
    ) -> None:
        """Prepare a run.

        Args:
            send: takes messages to the parent; called from several threads.
            first: slots to be done first.
            compare: whether the model alone is timed now and then, for comparison.
        """
        self._compare = compare
        self._send = send
        self._first = first
        self._gate = Gate()
        self.stages = Stages()
        self.hanging = self.worn_out = False
        self._model: Model | None = None
        self._photos: PhotoList | None = None
        self._work: WorkQueue | None = None
        self._lock = threading.Lock()

    @property
    def stopped(self) -> bool:
        """Whether it was told to end."""
        return self._gate.stopped

    def pause(self) -> None:
        """Wait; returns when nothing is being computed any more."""
        self._gate.pause()
        if not self._gate.wait_idle(PAUSE_WAIT) and self._model:
            self._model.engine.interrupt()
            self._gate.wait_idle(1.0)

    def resume(self) -> None:
        """Go on after a pause."""
        self._gate.resume()

    def stop(self) -> None:
        """End the run; what is stored stays stored."""
        self._gate.stop()

    def prioritise(self, slots: list[int]) -> None:
        """Do these photos first."""
        with self._lock:
            self._first = [*slots, *self._first]
            if self._work and self._photos:
                self._work.prioritise(self._photos.positions(slots))

    def run(
        self, place: Workplace, model: Model, photos: PhotoList | None = None
    ) -> dict[str, Any]:
        """Do all that is missing of these photos, or of those that are in the catalog now.

        Returns:
            The result, as in the `finished` message.

        Raises:
            TaggerError: it could not go on; the message says why.
        """
        self._model = model
        if photos is None:
            photos = pending_photos(place.places)
        self._adopt(photos)
        tally = Tally(self._send, self._gate.active_time, photos)
        if len(photos):
            place.embeddings(model.spec).reserve(int(photos.slots[-1]) + 1)
            place.scores(model.spec).reserve(int(photos.slots[-1]) + 1)
            place.hashes.reserve(int(photos.slots[-1]) + 1)
        todo = find_todo(place, model, photos)
        tally.begin(todo, model.plan.photos_per_s)
        self._rescore(place, model, photos, todo, tally)
        self._decode(place, model, photos, todo, tally)
        result = tally.result(current_problems(place, photos))
        if self._compare:
            _keep_figures(tally, model, float(result["photos_per_s"]))
        self._adopt(None)
        return result | {
            "provider": model.obtained.provider.key,
            "requested": model.obtained.requested,
            "bundle": model.spec.bundle_id,
        }

    def _adopt(self, photos: PhotoList | None) -> None:
        with self._lock:
            self._photos = photos
            self._work = None

    def _rescore(
        self, place: Workplace, model: Model, photos: PhotoList, todo: Todo, tally: Tally
    ) -> None:
        if not len(todo.rescore) or self.stopped:
            return
        first = photos.positions(self._first)
        positions = np.concatenate([first[np.isin(first, todo.rescore)], todo.rescore])
        _, at = np.unique(positions, return_index=True)
        rescore(
            photos.slots[positions[np.sort(at)]],
            place.embeddings(model.spec),
            read_heads(model.folder),
            place.scores(model.spec),
            self._gate,
            tally.rescored,
        )

    def _decode(
        self, place: Workplace, model: Model, photos: PhotoList, todo: Todo, tally: Tally
    ) -> None:
        if not len(todo.decode) or self.stopped:
            return
        work = WorkQueue(todo.decode)
        with self._lock:
            work.prioritise(photos.positions(self._first))
            self._work = work
        spec = model.spec.preprocessing
        decoder = GuardedDecoder(photos, todo.decode, spec, place.in_flight)
        work.prioritise(decoder.suspects)
        keeper = Keeper(place, model, photos, tally)

        def decode(position: int) -> Decoded:
            laps = self.stages.laps()
            item = decoder.decode(position, laps)
            if item.pixels is not None:
                keeper.hashes[position] = perceptual_hash(item.pixels)
                laps(HASH)
            return item

        patience = Patience(decoder.limit, self._wear_out)
        pipeline = Pipeline(
            model.engine, model.plan, spec, work, self._gate, decode, self.stages, patience
        )
        tally.decoding_begins()
        yardstick = Yardstick(model, self._gate) if self._compare else None
        with yardstick or nullcontext():
            pipeline.run(keeper.store, keeper.note)
            self.hanging = bool(pipeline.hanging)
            tally.decoding_ends(self.stages.shares())
            if yardstick and tally.decoded >= _WORTH_MEASURING and not self.stopped:
                yardstick.measure()
        if yardstick:
            tally.model_per_s = yardstick.photos_per_s or tally.model_per_s
        keeper.require_all_roots()

    def _wear_out(self) -> None:
        self.worn_out = True
        self._gate.stop()


def _keep_figures(tally: Tally, model: Model, photos_per_s: float) -> None:
    """Keep what the doctor says of the last run."""
    remember_run(
        LastRun(
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            photos=tally.decoded,
            seconds=round(tally.decoding_s, 1),
            photos_per_s=photos_per_s,
            model_per_s=round(tally.model_per_s, 1),
            provider=model.obtained.provider.key,
            batch=model.plan.batch,
            shares={name: round(share, 4) for name, share in tally.shares.items()},
        )
    )


def current_problems(place: Workplace, photos: PhotoList) -> list[dict[str, str]]:
    """Return the problems of the photos that are there now: path and reason, by slot."""
    found = []
    for problem in place.problems.all():
        at = photos.positions([problem.slot])
        if len(at):
            found.append({"path": photos.name(int(at[0])), "reason": problem.reason})
    return found
