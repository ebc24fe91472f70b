"""The benchmark of suggesting: how near the real pipeline comes to what the machine could do.

D: photos/s from file bytes to model input on all cores. I: photos/s of the model alone at its
batch. Both share the cores of a CPU, so no pipeline can do more than B = 1/(1/D + 1/I) there; with
a GPU it is min(D, I). E: photos/s of the real pipeline, from what a scan reads of each file to
stored embeddings, scores and hashes. All are timed in turn, in slices of a few seconds, so that
whatever else the machine does hits all alike; medians are reported.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tagger.bundle.spec import MODEL_FILE
from tagger.library.places import HIDDEN
from tagger.library.walking import Found, read_row, walk
from tagger.suggest.bench_figures import BenchError, Figures, bound, report
from tagger.suggest.bench_memory import PeakMemory
from tagger.suggest.bench_slices import Deck, NaiveLoop, decode_rate
from tagger.suggest.job import Job
from tagger.suggest.photos import PhotoList
from tagger.suggest.plan import measure
from tagger.suggest.protocol import Message
from tagger.suggest.samples import sample_photos
from tagger.suggest.stages import Spent
from tagger.suggest.workplace import Model, Workplace, open_model

Send = Callable[[Message], None]

_SLICE, _LONG_SLICE, _OPENING = 0.8, 2.2, 0.4
_FEWEST_ROUNDS = 3
_MOST_SLOTS = 100_000
"""Room made beforehand, in photos (some 400 MB of disk); more is made when it is needed."""
_ENOUGH_S = 20.0
"""With less time than this, slices are shorter and say less."""


@dataclass(frozen=True)
class Request:
    """What is to be measured.

    Attributes:
        folder: its photos are read; nothing is written there.
        bundle: the model's folder.
        work: a folder of the benchmark's own, which its starter deletes.
        provider: `auto` or a key.
        photos: at most so many different ones; None for all.
        seconds: the measuring takes about so long.
    """

    folder: str
    bundle: str
    work: str
    provider: str = "auto"
    photos: int | None = None
    seconds: float = 60.0


def bench(request: Request, send: Send) -> dict[str, Any]:
    """Measure, and return the figures (`tagger bench suggest --json`).

    Raises:
        BenchError: there are no photos, or none that can be read.
        TaggerError: the model cannot be used.
    """
    base = os.fsencode(request.folder)
    unreadable: list[tuple[bytes, str]] = []
    photos = list(walk(base, unreadable))
    if not photos:
        raise BenchError(f"There are no photos in {request.folder}. Give a folder that has some.")
    deck = Deck(base, photos, request.photos)
    send({"type": "progress", "text": "Preparing the model"})
    model = open_model(
        Path(request.bundle),
        request.provider,
        lambda: False,
        lambda spec: sample_photos(
            len(photos), lambda at: os.path.join(base, photos[at].path), spec
        ),
    )
    with PeakMemory() as memory:
        place = _own_place(Path(request.work))
        try:
            figures = _Bench(request, base, deck, model, place, memory, send).run()
        finally:
            place.close()
    return report(figures, model, len(deck), memory.peak_mb)


def _own_place(work: Path) -> Workplace:
    """Open a library without photos, which no folder above can claim."""
    home = work / "library"
    (home / HIDDEN).mkdir(parents=True)
    (home / HIDDEN / "catalog.sqlite").touch()
    return Workplace(home)


class _Bench:
    """Times the measures in turn until the time is over."""

    def __init__(
        self,
        request: Request,
        base: bytes,
        deck: Deck,
        model: Model,
        place: Workplace,
        memory: PeakMemory,
        send: Send,
    ) -> None:
        self._request, self._base, self._deck, self._model = request, base, deck, model
        self._place, self._memory, self._send = place, memory, send
        spec = model.spec.preprocessing
        provider = model.obtained.provider.name
        self._naive = NaiveLoop(model.folder / MODEL_FILE, spec, provider)
        self._figures = Figures()
        self._next_slot = 0
        self._pace = min(1.0, request.seconds / _ENOUGH_S)

    def run(self) -> Figures:
        """Measure; all photos broken is an error."""
        started = time.monotonic()
        files = self._deck.bytes_of_some()
        guess = decode_rate(files, self._model.spec.preprocessing, _OPENING * self._pace)
        if not guess:
            raise BenchError(
                f"None of the photos tried in {self._request.folder} can be read, so there is "
                "nothing to measure. tagger suggest names the reason of each."
            )
        model_alone = measure(
            self._model.engine,
            self._model.spec.preprocessing,
            self._model.plan,
            _OPENING * self._pace,
        )
        guess = self.bound(guess, model_alone)
        self._make_room(guess)
        steps = [self._decode, self._compute, self._whole, self._try_naive]
        rounds = 0
        while rounds < _FEWEST_ROUNDS or time.monotonic() - started < self._request.seconds:
            for step in steps:
                step(max(8, round(guess * _LONG_SLICE * self._pace)))
            steps.reverse()  # nobody always comes first
            rounds += 1
            guess = self._figures.median("whole")
            self._figures.loads.append(_load())
            self._tell(rounds)
        return self._figures

    def bound(self, decode: float, model: float) -> float:
        """Return the most that any pipeline could do, given its two parts alone."""
        return bound(decode, model, self._model.obtained.provider.key)

    def _tell(self, rounds: int) -> None:
        median = self._figures.median
        ratio = median("whole") / self.bound(median("decode"), median("model"))
        text = f"Round {rounds}: {median('whole'):.1f} photos/s, {ratio:.0%} of the bound"
        self._send({"type": "progress", "text": text})

    def _make_room(self, rate: float) -> None:
        slots = min(_MOST_SLOTS, int(rate * (self._request.seconds + 30)))
        spec = self._model.spec
        for store in (self._place.embeddings(spec), self._place.scores(spec), self._place.hashes):
            store.reserve(slots)

    def _decode(self, count: int) -> None:
        files = self._deck.bytes_of_some()
        rate = decode_rate(files, self._model.spec.preprocessing, _SLICE * self._pace)
        if rate:
            self._figures.rates["decode"].append(rate)

    def _compute(self, count: int) -> None:
        model = self._model
        rate = measure(model.engine, model.spec.preprocessing, model.plan, _SLICE * self._pace)
        self._figures.rates["model"].append(rate)

    def _try_naive(self, count: int) -> None:
        self._figures.rates["naive"].append(self._naive.rate(self._deck, 1.5 * _SLICE * self._pace))

    def _whole(self, count: int) -> None:
        """Run the real pipeline over the next photos, as if a scan had just found them."""
        found = self._deck.deal(count)
        job = Job(lambda message: None, [], compare=False)
        figures = self._figures
        with self._memory.watched():
            wall, cpu = time.perf_counter(), time.process_time()
            photos = self._listed(found)
            figures.facts_s += time.perf_counter() - wall
            result = job.run(self._place, self._model, photos)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        figures.wall_s += wall
        figures.cpu_s += cpu
        figures.computed += result["decoded"]
        figures.problems += len(found) - result["decoded"]
        figures.rates["whole"].append(result["decoded"] / wall)
        for stage, spent in job.stages.spent().items():
            total = figures.spent.setdefault(stage, Spent())
            total.wall += spent.wall
            total.cpu += spent.cpu

    def _listed(self, found: list[Found]) -> PhotoList:
        """Read of these files what a scan reads, and list them under new slots."""
        rows = [read_row(self._base, photo) for photo in found]
        first = self._next_slot
        self._next_slot += len(rows)
        prints = b"".join(row.fingerprint[:8] for row in rows)
        return PhotoList(
            slots=np.arange(first, self._next_slot, dtype=np.int64),
            signatures=np.frombuffer(prints, np.uint64),
            sizes=np.array([row.size for row in rows], np.int64),
            mtimes=np.array([row.mtime_ns for row in rows], np.int64),
            folders=np.zeros(len(rows), np.int64),
            roots=[self._base],
            names=[row.path for row in rows],
        )


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
