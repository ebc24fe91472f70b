"""How fast the window is: first paint, keys, bulk acts, and from the button to new suggestions."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench_figures import Figure, at_least, at_most
from bench_models import copied, tagger
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QWidget
from window_hands import Hands, at_the_window

Key, Modifier = Qt.Key, Qt.KeyboardModifier

FIRST_PAINT = """
import sys, time
from PySide6.QtCore import QEvent, QObject, QTimer
from tagger.app.main import make_application
from tagger.app.window import Window

class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and isinstance(watched.window(), Window):
            QTimer.singleShot(0, self.tell)
            app.removeEventFilter(self)
        return False

    def tell(self):
        print(time.monotonic(), flush=True)
        app.quit()

app = make_application()
watch = Watch()
app.installEventFilter(watch)
from tagger.__main__ import main
main([sys.argv[1]])
"""


def first_paint(sets: Path, work: Path) -> Iterator[Figure]:
    """Yield seconds from starting `tagger FOLDER` to the first paint, warm."""
    folder = _everyday_folder(sets, work)
    times = []
    for _ in range(6):
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", FIRST_PAINT, str(folder)],
            capture_output=True,
            text=True,
            check=True,
        )
        times.append(float(done.stdout.split()[-1]) - began)
    yield at_most("tagger FOLDER to first paint (median of 5)", _median(times[1:]), 1.5, "s")


def everyday(sets: Path, work: Path) -> Iterator[Figure]:
    """Yield the figures of everyday, with retraining pressed and taken in the window."""
    folder = _everyday_folder(sets, work)
    result = tagger("suggest", folder)
    if result["done"]:
        ratio = result["photos_per_s"] / result["model_per_s"]
        yield at_most(
            "everyday: suggesting, whole", result["done"] / result["photos_per_s"], None, "s"
        )
        yield at_least("everyday: photos/s", result["photos_per_s"], None)
        yield at_least("everyday: share of the model alone", ratio, 0.8)
    figures: list[Figure] = []
    at_the_window(str(folder), lambda hands: figures.extend(_button(hands)))
    yield from figures
    found = tagger("evaluate", folder, "--split", "val")["groups"]["tags"]
    yield at_least("everyday: map of tags, val", found["map"], 0.565)


def _everyday_folder(sets: Path, work: Path) -> Path:
    folder = work / "everyday"
    if not folder.is_dir():
        copied(sets, work, "everyday")
        tagger("import", folder, sets / "everyday" / "labels.csv")
    return folder


def _button(hands: Hands) -> Iterator[Figure]:
    """Measure from pressing *Retrain* to new suggestions everywhere, reading time left out."""
    hands.wait_until_suggested()
    hands.press(Key.Key_R, Modifier.ControlModifier)
    dialog = hands.dialog("RetrainDialog")
    began = time.monotonic()
    hands.click(dialog.start_button)
    hands.wait(lambda: dialog.view.isVisible(), "the report", 300)
    made = time.monotonic() - began
    hands.told = 0
    began = time.monotonic()
    hands.click(dialog.use_button)
    hands.wait(lambda: hands.told, "new suggestions", 300)
    taken = time.monotonic() - began
    dialog.close()
    hands.wait_until_calm()
    yield at_most("everyday: from the button to the report", made, None, "s")
    yield at_most("everyday: from taking the model to its suggestions", taken, None, "s")
    yield at_most("everyday: from the button to new suggestions", made + taken, 15, "s")


class _Painted(QObject):
    """Notes when a window was painted for the first time since it was made.

    Attributes:
        at: `time.perf_counter`, None before.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__()
        self.at: float | None = None
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Have an event come right after the painting that begins (Qt calls this)."""
        if event.type() == QEvent.Type.UpdateRequest and self.at is None:
            high = Qt.EventPriority.HighEventPriority
            QApplication.postEvent(self, QEvent(QEvent.Type.User), int(high.value))
        return False

    def event(self, event: QEvent) -> bool:
        """Note the time (Qt calls this)."""
        if event.type() == QEvent.Type.User and self.at is None:
            self.at = time.perf_counter()
        return True


def painted(hands: Hands, act: Callable[[], object]) -> float:
    """Return milliseconds from an act until what it changed has been painted."""
    watch = _Painted(hands.window)
    began = time.perf_counter()
    act()
    while watch.at is None:
        QApplication.processEvents()
    hands.window.removeEventFilter(watch)
    return (watch.at - began) * 1000


def _keys(hands: Hands) -> Iterator[Figure]:
    """Measure key presses on photos with suggestions."""
    desk = hands.window.desk
    order = desk.photos.order
    waiting = iter(order[desk.tally.suggestions[order] > 0].tolist())
    for name, key in (("Enter", Key.Key_Return), ("X", Key.Key_X), ("1", Key.Key_1)):
        times = []
        for _ in range(40):
            hands.click_photo(next(waiting))
            hands.wait_until_calm()
            times.append(painted(hands, lambda k=key: hands.press(k)))
        times.sort()
        yield at_most(f"key {name}: pressed to painted, median of 40", _median(times), 50, "ms")
        yield at_most(f"key {name}: pressed to painted, 38th of 40", times[37], None, "ms")


def bulk(sets: Path, work: Path) -> Iterator[Figure]:
    """Yield times of keys and of one answer for all among 10,000 photos (4,500 real ones)."""
    folder = work / "ten-thousand"
    folder.mkdir()
    source = sorted((sets / "everyday").rglob("*.jp*g"))
    originals = list(_copies(source, work))
    for number in range(10_000):
        os.link(originals[number % len(originals)], folder / f"{number:05d}.jpg")
    figures: list[Figure] = []

    def measure(hands: Hands) -> None:
        hands.wait(lambda: hands.told, "suggestions of 10,000 photos", 600)
        hands.wait_until_calm()
        figures.extend(_keys(hands))
        figures.extend(_bulk(hands))

    at_the_window(str(folder), measure)
    yield from figures


def _copies(source: list[Path], work: Path) -> Iterator[Path]:
    """Copy the originals into the working folder: photo sets are not linked to."""
    target = work / "originals"
    target.mkdir()
    for photo in source:
        copy = target / photo.name
        copy.write_bytes(photo.read_bytes())
        yield copy


def _bulk(hands: Hands) -> Iterator[Figure]:
    """Measure one answer for all photos, and its undo."""
    hands.click_photo(int(hands.window.desk.photos.order[0]))
    hands.press(Key.Key_A, Modifier.ControlModifier)
    hands.press(Key.Key_T)
    hands.type("sky")
    hands.press(Key.Key_Return)
    hands.wait(lambda: hands.window.desk.question is not None, "it asks first")
    hands.window.workspace.focus_photos()
    yield from _answered(hands, "confirm a label on 10,000 photos", Key.Key_Return)
    yield from _answered(hands, "undo it", Key.Key_Z)


def _answered(hands: Hands, what: str, key: Key) -> Iterator[Figure]:
    hands.wait_until_calm()
    began = time.monotonic()
    shown = painted(hands, lambda: hands.press(key)) / 1000
    hands.wait(lambda: hands.window.status.saved.text() == "Saved", "it is saved")
    yield at_most(f"{what}: painted", shown, 1, "s")
    yield at_most(f"{what}: saved", time.monotonic() - began, None, "s")


def _median(times: list[float]) -> float:
    return statistics.median(times)
