"""Counting what a run does, and telling the parent."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.suggest.photos import PhotoList
from tagger.suggest.progress import Speed
from tagger.suggest.protocol import Message
from tagger.suggest.todo import Todo

_INTERVAL = 0.1


class Tally:
    """The figures of one run.

    Attributes:
        decoded: photos that went through the model.
        decoding_s: seconds that took, without pauses.
        model_per_s: photos/s of the model alone.
        shares: how the work divided into `disk`, `decode`, `model` and `store`.
    """

    def __init__(
        self, send: Callable[[Message], None], clock: Callable[[], float], photos: PhotoList
    ) -> None:
        """Count for a list of photos; `clock` stands still while paused."""
        self._send, self._clock = send, clock
        self._photos = len(photos)
        self._speed = Speed(clock)
        self._rescored = self._failed = self._left_out = self._total = self._skipped = 0
        self._last_sent = 0.0
        self._began = self._decoding_since = clock()
        self.decoded = 0
        self.decoding_s = 0.0
        self.model_per_s = 0.0
        self.shares: dict[str, float] = {}

    def begin(self, todo: Todo, model_per_s: float) -> None:
        """Note what there is to do, and tell it."""
        self._total = len(todo.rescore) + len(todo.decode)
        self._skipped = todo.skipped
        self.model_per_s = model_per_s
        self._progress(always=True)

    def rescored(self, slots: NDArray[np.int64]) -> None:
        """Count photos whose scores came from kept embeddings."""
        self._rescored += len(slots)
        self._stored(slots)

    def decoding_begins(self) -> None:
        """Start the clock of the decoding part."""
        self._speed = Speed(self._clock, self._handled)
        self._decoding_since = self._clock()

    def decoding_ends(self, shares: dict[str, float]) -> None:
        """Stop that clock, and note how the work divided."""
        self.decoding_s = self._clock() - self._decoding_since
        self.shares = shares

    def computed(self, slots: NDArray[np.int64]) -> None:
        """Count photos that were decoded, computed and stored."""
        self.decoded += len(slots)
        self._stored(slots)

    def problem(self, slot: int, path: str, kind: str, reason: str) -> None:
        """Count a photo that could not be read, and tell it."""
        self._failed += 1
        self._send({"type": "problem", "slot": slot, "path": path, "kind": kind, "reason": reason})
        self._progress()

    def left_out(self) -> None:
        """Count a photo whose file changed since the scan: the next scan sees to it."""
        self._left_out += 1

    def result(self, problems: list[dict[str, str]]) -> dict[str, Any]:
        """Return the figures of the whole run, with the library's problems, and send the last."""
        self._progress(always=True)
        seconds = self.decoding_s or self._clock() - self._began
        return {
            "photos": self._photos,
            "done": self.decoded + self._rescored,
            "skipped": self._skipped,
            "problems": problems,
            "photos_per_s": round((self.decoded or self._rescored) / max(seconds, 1e-6), 1),
            "model_per_s": round(self.model_per_s, 1),
            "decoded": self.decoded,
            "rescored": self._rescored,
            "changed": self._left_out,
        }

    @property
    def _handled(self) -> int:
        return self.decoded + self._rescored + self._failed + self._left_out

    def _stored(self, slots: NDArray[np.int64]) -> None:
        self._send({"type": "batch", "slots": slots.tolist()})
        self._progress()

    def _progress(self, always: bool = False) -> None:
        now = time.monotonic()
        if not always and now - self._last_sent < _INTERVAL:
            return
        self._last_sent = now
        handled = self._handled
        left = self._speed.seconds_left(handled, self._total)
        self._send(
            {
                "type": "progress",
                "done": handled,
                "total": self._total,
                "skipped": self._skipped,
                "photos_per_s": round(self._speed.photos_per_s(handled), 1),
                "model_per_s": round(self.model_per_s, 1),
                "seconds_left": None if left is None else round(left, 1),
            }
        )
