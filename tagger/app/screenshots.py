"""Pictures of the real window, for the demo and the documentation."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer

from tagger.app.window import Window

_PICTURES_SECONDS = 20.0


def settle(window: Window, seconds: float = _PICTURES_SECONDS) -> None:
    """Let the window work until counts and thumbnails are there, at most `seconds`."""
    _pump(lambda: _is_quiet(window), seconds)


def wait_until_ready(window: Window, folder: Path, patience: float = 300.0) -> None:
    """Open a folder and wait until its suggestions are complete and shown."""
    ready: list[bool] = []
    window.up_to_date.connect(lambda: ready.append(True))
    window.open_folder(folder)
    _pump(lambda: bool(ready), patience)
    settle(window)


def save(window: Window, path: Path) -> None:
    """Save a picture of the window as it is."""
    settle(window)
    path.parent.mkdir(parents=True, exist_ok=True)
    window.grab().save(str(path))


def save_when_ready(window: Window, path: Path, patience: float) -> None:
    """Save a picture once suggestions are complete, then close the window."""
    finished: list[bool] = []

    def finish() -> None:
        if not finished:
            finished.append(True)
            _show_a_suggestion(window)
            save(window, path)
            window.close()

    window.up_to_date.connect(lambda: QTimer.singleShot(0, window, finish))
    QTimer.singleShot(round(patience * 1000), window, finish)


def _show_a_suggestion(window: Window) -> None:
    """Open the photo with most suggestions, so that the picture shows what the program does."""
    if not window.is_open or not len(window.desk.photos):
        return
    window.desk.chores.finish()
    order = window.desk.photos.order
    best = order[int(window.desk.tally.suggestions[order].argmax())]
    window.desk.selection.choose(int(best))


def _is_quiet(window: Window) -> bool:
    busy = window.is_open and window.desk.chores.busy
    return not busy and window.thumbnails.idle


def _pump(done: Callable[[], bool], seconds: float) -> None:
    """Let Qt work until `done()` holds twice in a row, at most `seconds`."""
    end, calm = time.monotonic() + seconds, 0
    while time.monotonic() < end and calm < 3:
        loop = QEventLoop()
        QTimer.singleShot(40, loop.quit)
        loop.exec()
        calm = calm + 1 if done() else 0
