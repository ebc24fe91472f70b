"""The window's side of the suggester: starts it, follows its messages, tells the status bar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from tagger.app.background import Background
from tagger.app.danger import DANGEROUS
from tagger.app.models.session import Session
from tagger.core.errors import TaggerError
from tagger.library.cache_problems import read_problems
from tagger.library.places import user_folder
from tagger.suggest.client import SuggestClient
from tagger.suggest.protocol import Message

_TAKE_MS = 120
_NAMES = {
    "cpu": "CPU",
    "cuda": "CUDA (NVIDIA)",
    "tensorrt": "TensorRT (NVIDIA)",
    "coreml": "Core ML",
    "directml": "DirectML",
}


class Suggesting(QObject):
    """Keeps the suggester at work on the open library.

    Attributes:
        running: a run is under way (also while it is paused).
        paused: it waits.
        provider: what the model really runs on, in words; empty until known.
        idle_gpu: a graphics card that is there and not used: key, short, sentence; else None.
        problems: number of photos that could not be read.
        changed: any of these changed, or the progress did.
        dangerous: (slot, reason) a decoder crashed or hung on this photo: nobody may open it.
        finished: (result) everything was computed.
        failed: (sentence) suggesting stopped.
    """

    changed = Signal()
    dangerous = Signal(int, str)
    finished = Signal(dict)
    failed = Signal(str)

    def __init__(
        self, session: Session, background: Background, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._background = background
        self.running = False
        self.paused = False
        self.provider = ""
        self.idle_gpu: dict[str, str] | None = None
        self.progress: Message = {}
        self.problems = 0
        self._slots: list[int] = []
        self._client = SuggestClient(self._receive, log_file=user_folder("logs") / "suggester.log")
        self._taking = QTimer(self, singleShot=True, interval=_TAKE_MS)
        self._taking.timeout.connect(self._take_scores)
        self.count_problems()

    def start(
        self,
        bundle_folder: Path,
        provider: str,
        first: Sequence[int] = (),
        retry: Sequence[int] | None = None,
    ) -> None:
        """Compute what is missing; photos in `first` before the others.

        Problem photos in `retry` are tried again; an empty list means all of them.
        """
        held = self.running and self.paused
        home = self._session.library.places.home
        try:
            self._client.start(home, bundle_folder, provider=provider, first=first, retry=retry)
        except TaggerError as error:
            self._stop(str(error))
            return
        if held:  # what came meanwhile waits with the rest
            self._client.pause()
        self.running, self.paused, self.progress = True, held, {}
        self.changed.emit()

    def look_first(self, slots: Sequence[int]) -> None:
        """Do the photos on screen before the others, also if that begins after a pause."""
        if self.running:
            self._client.prioritise(slots)

    def toggle_pause(self) -> None:
        """Pause, or go on; shown at once, also while the model is being started."""
        if self.paused:
            self._client.resume()
        else:
            self._client.pause()
        self.paused = not self.paused
        self.changed.emit()

    def close(self) -> None:
        """End the suggester."""
        self._taking.stop()
        self._client.close()

    def count_problems(self) -> None:
        """Count the photos that could not be read."""
        self.problems = len(read_problems(self._session.library.places.cache))

    # -- its messages ------------------------------------------------------------------------

    def _receive(self, message: Message) -> None:
        self._background.post(lambda: self._take(message))

    def _take(self, message: Message) -> None:
        kind = message["type"]
        if kind == "batch":
            self._slots += message["slots"]
            if not self._taking.isActive():
                self._taking.start()
            return
        if kind == "ready":
            self.provider = _NAMES.get(message["provider"], message["provider"].upper())
            self.idle_gpu = message.get("idle_gpu")
        elif kind == "progress":
            self.progress = message
        elif kind == "problem":
            self.problems += 1
            if message["kind"] in DANGEROUS:
                self.dangerous.emit(message["slot"], message["reason"])
        elif kind in ("finished", "stopped"):
            self._end(message)
        elif kind in ("error", "crashed"):
            self._stop(message["message"])
        self.changed.emit()

    def _end(self, message: Message) -> None:
        self.running = self.paused = False
        self._take_scores()
        self.count_problems()
        if message["type"] == "finished":
            self.finished.emit(message)

    def _stop(self, sentence: str) -> None:
        self.running = self.paused = False
        self.failed.emit(sentence)
        self.changed.emit()

    def _take_scores(self) -> None:
        self._taking.stop()
        if self._slots:
            slots = np.unique(np.array(self._slots, np.int64))
            self._slots = []
            self._session.take_scores(slots[slots < self._session.library.facts.slots])

    # -- in words ----------------------------------------------------------------------------

    def in_words(self) -> tuple[str, int, int]:
        """Return what the status bar says: words, photos done, photos in all."""
        if not self.running:
            return "", 0, 0
        if not self.progress:
            return ("Paused" if self.paused else "Starting the model …"), 0, 0
        done, total = int(self.progress["done"]), int(self.progress["total"])
        if self.paused:
            return f"Paused at {done:,} of {total:,}", done, total
        words = f"Suggesting {done:,} of {total:,}"
        if self.progress.get("photos_per_s"):
            words += f"  ·  {self.progress['photos_per_s']:.0f} photos/s"
        left = self.progress.get("seconds_left")
        if left is not None:
            words += f"  ·  {duration(left)} left"
        return words, done, total


def duration(seconds: float) -> str:
    """Return a time in words, rounded as people do: `8 s`, `3 min`, `2 h 10 min`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
