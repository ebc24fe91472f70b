"""Threads that turn photo files into model input ahead of the model."""

from __future__ import annotations

import logging
import os
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.core.preprocessing import Preprocessing
from tagger.imaging.model_input import model_input
from tagger.imaging.problems import PhotoProblem, problem_of_file_error
from tagger.suggest.photos import PhotoList
from tagger.suggest.work import Basket, Gate, WorkQueue

log = logging.getLogger(__name__)

OTHER_BYTES = "changed"
"""Kind of a photo whose file is no longer the one that was scanned: the next scan sees to it."""


@dataclass(frozen=True)
class Decoded:
    """What became of one photo.

    Attributes:
        position: its position in the photo list.
        pixels: uint8 [H, W, 3], or None with a problem.
        kind: empty, or why there are no pixels: a kind of `PhotoProblem`, or `OTHER_BYTES`.
        reason: the plain sentence for it.
    """

    position: int
    pixels: NDArray[np.uint8] | None
    kind: str = ""
    reason: str = ""


def decode_one(photos: PhotoList, position: int, spec: Preprocessing) -> Decoded:
    """Decode a photo; whatever goes wrong becomes its problem."""
    path = photos.path(position)
    try:
        if _is_other(photos, position, os.stat(path)):
            return Decoded(position, None, OTHER_BYTES, "The file has changed since the scan.")
        return Decoded(position, model_input(path, spec))
    except PhotoProblem as problem:
        return Decoded(position, None, problem.kind, str(problem))
    except OSError as error:
        named = problem_of_file_error(error)
        return Decoded(position, None, named.kind, str(named))
    except MemoryError:
        return Decoded(position, None, "too_large", "There is not enough memory to open it.")
    except Exception:  # one photo must never end the run
        log.exception("decoding %s", photos.name(position))
        return Decoded(position, None, "unreadable", "This file cannot be decoded.")


def _is_other(photos: PhotoList, position: int, status: os.stat_result) -> bool:
    """Whether the file is not the one that was scanned, so that its signature would be wrong."""
    if not stat.S_ISREG(status.st_mode) or not photos.signatures[position]:
        return False
    seen = (int(photos.sizes[position]), int(photos.mtimes[position]))
    return (status.st_size, status.st_mtime_ns) != seen


class DecodePool:
    """Threads that take photos from a queue, decode them and put them into a basket."""

    def __init__(
        self,
        threads: int,
        work: WorkQueue,
        gate: Gate,
        basket: Basket[Decoded],
        decode: Callable[[int], Decoded],
    ) -> None:
        self._work, self._gate, self._basket, self._decode = work, gate, basket, decode
        self._threads = [
            threading.Thread(target=self._go, name=f"decode-{number}", daemon=True)
            for number in range(threads)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def _go(self) -> None:
        while self._gate.passes() and (position := self._work.next()) is not None:
            self._basket.put(self._decode(position))
        self._basket.producer_done()
