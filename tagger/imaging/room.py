"""Memory for large pictures: how much one takes, how much there is, and one at a time.

Some pictures cannot be decoded reduced: a PNG of 200 megapixels takes 800 MB, a JPEG 2000 of that
size 4 GB. One that does not fit becomes a problem of its own; without asking first, the system
would end the program, or worse, another one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from tagger.core.errors import TaggerError
from tagger.imaging.memory import available_bytes
from tagger.imaging.problems import problem_of_memory

UNASKED = 64_000_000
"""Pictures that take fewer bytes are decoded without asking."""

LARGE = 256_000_000
"""Of pictures that take more bytes, one is decoded at a time."""

_SPARE_SHARE = 0.9

_WHOLE_BYTES = {"WEBP": 16, "HEIF": 11, "AVIF": 11, "JPEG2000": 20}
"""Bytes per pixel at the peak of a decode, measured (docs/decoding.md), for formats that bring the
whole picture into memory several times over."""

_DEEP_BYTES = 17
_MODE_BYTES = {"1": 3, "L": 2, "P": 5, "PA": 9, "LA": 9, "CMYK": 5, "YCbCr": 9, "LAB": 9}
_COEFFICIENT_BYTES = 2


def needed_bytes(image: Image.Image, full_size: tuple[int, int]) -> int:
    """Estimate how many bytes a decode takes at its peak.

    Args:
        image: opened, not loaded, and drafted where its format can be.
        full_size: width and height before the draft.
    """
    pixels = image.width * image.height
    if image.format in _WHOLE_BYTES:
        return pixels * _WHOLE_BYTES[image.format]
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        return pixels * _DEEP_BYTES
    shown = pixels * _MODE_BYTES.get(image.mode, 8 if "transparency" in image.info else 4)
    if image.info.get("progressive") or image.info.get("progression"):
        return shown + _coefficients(image, full_size)
    return shown


def _coefficients(image: Image.Image, full_size: tuple[int, int]) -> int:
    """Return the bytes of the coefficients that a progressive JPEG keeps until its last scan."""
    layers = getattr(image, "layer", None) or [("", 1, 1, 0)] * 3
    across = max(layer[1] for layer in layers) or 1
    down = max(layer[2] for layer in layers) or 1
    share = sum(layer[1] * layer[2] for layer in layers) / (across * down)
    return int(full_size[0] * full_size[1] * share * _COEFFICIENT_BYTES)


class TakesMore(TaggerError):
    """A picture takes more memory than its caller allows; `need` says how many bytes."""

    def __init__(self, need: int) -> None:
        super().__init__(f"This picture takes {need / 1e6:,.0f} MB of memory.")
        self.need = need


class LargePictures:
    """Lets one thread at a time decode a large picture, if the memory suffices."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holder: int | None = None
        self._waiting: set[int] = set()

    @contextmanager
    def room_for(self, need: int) -> Iterator[None]:
        """Hold memory for a picture inside the block; waits for other large ones.

        Args:
            need: bytes, as `needed_bytes` estimates.

        Raises:
            PhotoProblem: there is not so much memory, now or at all.
        """
        if need <= UNASKED:
            yield
            return
        me = threading.get_ident()
        if need > LARGE:
            self._enter(me)
        try:
            available = int(available_bytes() * _SPARE_SHARE)
            if need > available:
                raise problem_of_memory(need, available)
            yield
        finally:
            self.give_up(me)

    def waits(self, thread: int | None) -> bool:
        """Return whether a thread waits for its turn, which is no fault of its photo."""
        return thread in self._waiting

    def give_up(self, thread: int | None) -> None:
        """Let the next one in, though this thread may hang for ever."""
        with self._changed:
            if self._holder is not None and self._holder == thread:
                self._holder = None
                self._changed.notify_all()

    def _enter(self, me: int) -> None:
        with self._changed:
            self._waiting.add(me)
            try:
                self._changed.wait_for(lambda: self._holder is None)
                self._holder = me
            finally:
                self._waiting.discard(me)


LARGE_PICTURES = LargePictures()
"""The one of this process."""
