"""Short timed slices of the benchmark: decoding alone, and the naive loop.

The model alone is timed by `tagger.suggest.plan.measure`.
"""

from __future__ import annotations

import io
import itertools
import os
import random
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from PIL import Image

from tagger.core.preprocessing import Preprocessing
from tagger.imaging.files import open_stream
from tagger.imaging.model_input import apply_preprocessing, model_input
from tagger.imaging.problems import PhotoProblem
from tagger.library.walking import Found
from tagger.suggest.engine import INPUT
from tagger.suggest.plan import core_count

_MOST_BYTES = 48 * 1024 * 1024
_MOST_PHOTOS = 1500
_SEED = 20261121


class Deck:
    """The photos of a folder in a fixed random order, dealt round and round."""

    def __init__(self, base: bytes, photos: Sequence[Found], most: int | None) -> None:
        """Shuffle photos below `base`, and keep at most so many of them."""
        self._base = base
        mixed = list(photos)
        random.Random(_SEED).shuffle(mixed)
        self._photos = mixed[:most]
        self._endless = itertools.cycle(self._photos)

    def __len__(self) -> int:
        return len(self._photos)

    def deal(self, count: int) -> list[Found]:
        """Return the next `count` photos; they come again when all were dealt."""
        return list(itertools.islice(self._endless, count))

    def path(self, photo: Found) -> bytes:
        """Return the absolute path of a photo."""
        return os.path.join(self._base, photo.path)

    def bytes_of_some(self) -> list[bytes]:
        """Read the next photos into memory, 48 MB of them at most, but at least one.

        Files that cannot be read are left out.
        """
        taken: list[bytes] = []
        size = 0
        for photo in self.deal(min(len(self), _MOST_PHOTOS)):
            if taken and size + photo.size > _MOST_BYTES:
                break
            try:
                with open_stream(self.path(photo)) as file:
                    taken.append(file.read())
            except (PhotoProblem, OSError, MemoryError):
                continue
            size += photo.size
        return taken


def decode_rate(files: Sequence[bytes], spec: Preprocessing, seconds: float) -> float:
    """Return photos/s from file bytes to model input, on all cores, for about so long.

    Broken photos take their time but do not count; 0 where all are broken.
    """
    if not files:
        return 0.0
    turn = itertools.count()
    speeds = [0.0] * core_count()
    start = time.perf_counter()

    def go(thread: int) -> None:
        done = tried = 0
        while True:
            data = files[next(turn) % len(files)]
            tried += 1
            try:
                model_input(io.BytesIO(data), spec)
                done += 1
            except PhotoProblem:
                pass
            spent = time.perf_counter() - start
            speeds[thread] = done / spent
            if spent >= seconds and (done or tried >= len(files)):
                return

    threads = [threading.Thread(target=go, args=(number,)) for number in range(len(speeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(speeds)


class NaiveLoop:
    """What a first attempt looks like: decode in full with Pillow, one photo per session call.

    A session with default options on the same provider; the resize is the model's own.
    """

    def __init__(self, model: Path, spec: Preprocessing, provider: str) -> None:
        """Open the graph; `provider` is ONNX Runtime's name for where to compute."""
        self._session = ort.InferenceSession(str(model), providers=[provider])
        self._spec = spec
        self._one(np.zeros((8, 8, 3), np.uint8))

    def rate(self, deck: Deck, seconds: float) -> float:
        """Return photos/s for about so long; 0 where no photo can be read."""
        start = time.perf_counter()
        done = tried = 0
        while True:
            photo = deck.deal(1)[0]
            tried += 1
            try:
                with open_stream(deck.path(photo)) as file, Image.open(file) as image:
                    pixels = np.asarray(image.convert("RGB"))
            except Exception:  # whatever Pillow raises: this loop only counts good photos
                pixels = None
            if pixels is not None:
                self._one(pixels)
                done += 1
            spent = time.perf_counter() - start
            if spent >= seconds and (done or tried >= len(deck)):
                return done / spent

    def _one(self, pixels: np.ndarray) -> None:
        self._session.run(None, {INPUT: apply_preprocessing(pixels, self._spec)[None]})
