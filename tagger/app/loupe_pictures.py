"""Whole photos for the loupe, decoded off the GUI thread at the size of the screen."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QImage, QPixmap

from tagger.app.background import Background
from tagger.app.thumbnails import Thumbnails
from tagger.imaging.decode import PhotoProblem, read_photo

_KEPT = 6

_Key = tuple[int, int, bytes]
"""Slot, signature of the bytes, path."""


class LoupePictures(QObject):
    """Decodes the open photo first, then its neighbours.

    Attributes:
        ready: (slot) a picture came in, or there will be none.
    """

    ready = Signal(int)

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._background = Background(threads=2)
        self._pictures: OrderedDict[_Key, tuple[QPixmap, QSize]] = OrderedDict()
        self._doing: set[int] = set()
        self._wanted: list[int] = []
        self._size = QSize(1, 1)
        self._problems: dict[_Key, str] = {}

    def get(self, slot: int) -> QPixmap | None:
        """Return a decoded photo, None while it is not there."""
        found = self._pictures.get(self._key(slot))
        return found[0] if found is not None else None

    def problem(self, slot: int) -> str | None:
        """Return why a photo cannot be shown, if that is known."""
        return self._problems.get(self._key(slot)) or self._thumbnails.danger(slot)

    def _key(self, slot: int) -> _Key:
        return *self._thumbnails.key(slot), self._thumbnails.path(slot)

    def want(self, slots: list[int], size: QSize) -> None:
        """Ask for photos, the first one first, to be shown at a size in pixels."""
        self._wanted, self._size = slots, size
        self._next()

    def close(self) -> None:
        """Wait for what is being decoded."""
        self._wanted = []
        self._background.close()

    def _next(self) -> None:
        for slot in self._wanted:
            if len(self._doing) >= 2:
                return
            if slot not in self._doing and self._missing(slot):
                self._decode(self._key(slot), QSize(self._size))

    def _decode(self, key: _Key, size: QSize) -> None:
        self._doing.add(key[0])
        self._background.run(
            lambda: decoded(key[2], size),
            lambda image: self._take(key, size, image),
            lambda error: self._failed(key, error),
        )

    def _missing(self, slot: int) -> bool:
        found = self._pictures.get(self._key(slot))
        if found is None:
            return self.problem(slot) is None
        return found[1].width() < self._size.width() or found[1].height() < self._size.height()

    def _take(self, key: _Key, size: QSize, image: QImage) -> None:
        self._doing.discard(key[0])
        self._pictures[key] = (QPixmap.fromImage(image), size)
        self._pictures.move_to_end(key)
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)
        self.ready.emit(key[0])
        self._next()

    def _failed(self, key: _Key, error: Exception) -> None:
        self._doing.discard(key[0])
        known = isinstance(error, PhotoProblem)
        self._problems[key] = str(error) if known else "This photo cannot be shown."
        self.ready.emit(key[0])
        self._next()


def decoded(path: bytes, size: QSize) -> QImage:
    """Decode a photo at least as large as needed to fill a box of `size` pixels.

    Raises:
        PhotoProblem: it cannot be read.
    """
    pixels = np.ascontiguousarray(read_photo(path, at_least=(size.width(), size.height())))
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, width * 3, QImage.Format.Format_RGB888)
    return image.copy()  # the array goes away
