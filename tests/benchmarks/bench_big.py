"""The window on 100,000 photos: what is dropped appears, a new model's scores are seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from bench_figures import Figure, at_most
from big_library import child_bundle, scanned, write_photos
from PIL import Image
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from window_hands import Hands, at_the_window

from tagger.bundle.spec import BundleSpec
from tagger.bundle.store import BundleStore
from tagger.library.places import user_folder
from trainer.starter.build import ensure_starter

PHOTOS = 100_000
DROPPED = 2_000
LABELS = 200


def big(sets: Path, work: Path) -> Iterator[Figure]:
    """Yield the figures of a library of 100,000 photos."""
    folder, small = work / "big", work / "small.jpg"
    with Image.open(next((sets / "everyday").rglob("*.jp*g"))) as image:
        image.thumbnail((96, 96))
        image.save(small, quality=70)
    starter = ensure_starter(user_folder("bundles"))
    BundleStore(user_folder("bundles")).set_default(starter.bundle_id)
    write_photos(small, folder, PHOTOS)
    scanned(folder, starter)
    models = [child_bundle(starter, LABELS, seed) for seed in (1, 2, 3, 4)]
    figures: list[Figure] = []

    def measure(hands: Hands) -> None:
        figures.extend(followed(hands, small, folder))
        figures.extend(rescored(hands, models))

    at_the_window(str(folder), measure)
    yield from figures


def waited(hands: Hands, condition: Callable[[], object], what: str) -> tuple[float, float]:
    """Wait for something; return how long it took and the longest time the window was held up."""
    began, longest = time.perf_counter(), 0.0
    while not condition():
        start = time.perf_counter()
        QApplication.processEvents()
        longest = max(longest, time.perf_counter() - start)
        assert start - began < 300, what
        time.sleep(0.002)
    return time.perf_counter() - began, longest


def followed(hands: Hands, small: Path, folder: Path) -> Iterator[Figure]:
    """Measure from dropping photos until they are in the list."""
    hands.wait(lambda: hands.told, "everything suggested", 600)
    hands.wait_until_calm()
    photos = hands.window.session.library.photos

    def there(count: int) -> Callable[[], bool]:
        return lambda: len(hands.window.desk.photos) >= count

    count = photos.count
    times, stops = [], []
    for number in range(3):
        QTest.qWait(2_000)
        write_photos(small, folder, 1, PHOTOS + number)
        took, held = waited(hands, there(count + number + 1), "a photo appears")
        times.append(took)
        stops.append(held)
    yield at_most(
        "100,000 photos: one more appears, median of 3", float(np.median(times)), None, "s"
    )
    yield at_most("  longest freeze meanwhile", max(stops) * 1000, 100, "ms")
    QTest.qWait(2_000)
    write_photos(small, folder, DROPPED, PHOTOS + 10)
    took, held = waited(hands, there(count + 3 + DROPPED), "2,000 photos appear")
    yield at_most("100,000 photos: 2,000 more appear", took, None, "s")
    yield at_most("  longest freeze meanwhile", held * 1000, 100, "ms")


def rescored(hands: Hands, models: list[BundleSpec]) -> Iterator[Figure]:
    """Measure from taking a checked model of the same backbone until its scores are seen."""
    from tagger.suggest.checking import check_bundle

    window = hands.window
    firsts, alls, stops = [], [], []
    for spec in models:
        hands.wait(lambda: not window.work.suggesting.running, "the run before is over", 600)
        hands.wait_until_calm()
        check_bundle(BundleStore(user_folder("bundles")).folder(spec.bundle_id))
        slots = window.session.library.photos.by_name
        began = time.perf_counter()
        window.work._activate(spec, back=False)

        def scored(wanted: np.ndarray) -> bool:
            scores = window.session.library.facts.scores
            column = scores.logits(next(iter(scores.columns)), wanted)
            return column is not None and bool(np.isfinite(column).all())

        _, held_first = waited(hands, lambda: scored(window.desk.on_screen), "first scores")
        firsts.append(time.perf_counter() - began)
        _, held = waited(hands, lambda every=slots: scored(every), "all scores")
        alls.append(time.perf_counter() - began)
        stops.append(max(held, held_first))
    yield at_most("re-scored, photos on screen, median of 4", float(np.median(firsts)), None, "s")
    yield at_most(
        f"re-scored, 100,000 × {LABELS} and shown, median of 4", float(np.median(alls)), 2, "s"
    )
    yield at_most("  longest freeze meanwhile", max(stops) * 1000, None, "ms")
