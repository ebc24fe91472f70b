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
        self._pictures: OrderedDict[tuple[int, bytes], tuple[QPixmap, QSize]] = OrderedDict()
        self._doing: set[int] = set()
        self._wanted: list[int] = []
        self._size = QSize(1, 1)
        self.problems: dict[int, str] = {}

    def get(self, slot: int) -> QPixmap | None:
        """Return a decoded photo, None while it is not there."""
        found = self._pictures.get((slot, self._thumbnails.path(slot)))
        return found[0] if found is not None else None

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
                self._decode(slot, self._thumbnails.path(slot), QSize(self._size))

    def _decode(self, slot: int, path: bytes, size: QSize) -> None:
        self._doing.add(slot)
        self._background.run(
            lambda: decoded(path, size),
            lambda image: self._take(slot, path, size, image),
            lambda error: self._failed(slot, error),
        )

    def _missing(self, slot: int) -> bool:
        found = self._pictures.get((slot, self._thumbnails.path(slot)))
        if found is None:
            return slot not in self.problems
        return found[1].width() < self._size.width() or found[1].height() < self._size.height()

    def _take(self, slot: int, path: bytes, size: QSize, image: QImage) -> None:
        self._doing.discard(slot)
        self._pictures[slot, path] = (QPixmap.fromImage(image), size)
        self._pictures.move_to_end((slot, path))
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)
        self.ready.emit(slot)
        self._next()

    def _failed(self, slot: int, error: Exception) -> None:
        self._doing.discard(slot)
        known = isinstance(error, PhotoProblem)
        self.problems[slot] = str(error) if known else "This photo cannot be shown."
        self.ready.emit(slot)
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
