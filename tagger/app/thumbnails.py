"""Thumbnails for the grid: read by worker threads, those on screen first, kept while they fit."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap

from tagger.app.danger import Danger
from tagger.imaging.decode import PhotoProblem
from tagger.imaging.thumbnails import ThumbnailCache, make_thumbnail
from tagger.library.library import Library
from tagger.library.places import user_folder

SIDES = (128, 256, 512, 1024)
"""Longest sides of the thumbnails on disk, in pixels."""

_MOST_ENLARGED = 3.0
_MEMORY_BYTES = 300_000_000
_THREADS = max(1, min(4, (os.cpu_count() or 2) - 1))


@dataclass(frozen=True, slots=True)
class _Wish:
    slot: int
    path: bytes
    signature: int
    width: int
    height: int


class Thumbnails(QObject):
    """The pictures in the grid.

    Attributes:
        ready: (slot) a picture came in, or it turned out that there will be none.
    """

    ready = Signal(int)
    _made = Signal(object, object, str)

    def __init__(self, disk_bytes: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._disk = ThumbnailCache(user_folder("thumbnails"), disk_bytes)
        self._pictures: OrderedDict[tuple[int, int], tuple[QPixmap, int, int]] = OrderedDict()
        self._bytes = 0
        self.problems: dict[tuple[int, int], str] = {}
        self._wishes: list[_Wish] = []
        self._doing: set[tuple[int, int, int]] = set()
        self._wake = threading.Condition()
        self._closing = False
        self._library: Library | None = None
        self._danger: Danger | None = None
        self._roots: dict[int, bytes] = {}
        self._made.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._threads = [
            threading.Thread(target=self._work, name=f"thumbnails-{number}", daemon=True)
            for number in range(_THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def use(self, library: Library | None) -> None:
        """Show photos of a library; call it again when its roots changed."""
        with self._wake:
            self._wishes = []
        if library is not self._library:
            self._pictures.clear()
            self._bytes = 0
            self.problems.clear()
            self._danger = Danger(library.places.cache) if library is not None else None
        self._library = library
        self._read_roots()

    def _read_roots(self) -> None:
        roots = self._library.roots() if self._library else {}
        self._roots = {num: os.fsencode(folder) for num, folder in roots.items()}

    def path(self, slot: int) -> bytes:
        """Return where a photo lies, as bytes."""
        assert self._library is not None
        photos = self._library.photos
        root = int(photos.root[slot])
        if root not in self._roots:  # the first scan of a new library makes its root
            self._read_roots()
        return os.path.join(self._roots[root], photos.path(slot))

    def get(self, slot: int) -> QPixmap | None:
        """Return a photo's picture, perhaps of another size than wanted, or None yet."""
        key = self.key(slot)
        found = self._pictures.get(key)
        if found is None:
            return None
        self._pictures.move_to_end(key)
        return found[0]

    def problem(self, slot: int) -> str | None:
        """Return why there is no picture of a photo, if that is known."""
        return self.problems.get(self.key(slot)) or self.danger(slot)

    def danger(self, slot: int) -> str | None:
        """Return why the window must not open a photo, None if it may."""
        return self._danger.reason(*self.key(slot)) if self._danger is not None else None

    def avoid(self, slot: int, reason: str) -> None:
        """Do not open a photo any more: a decoder crashed or hung on it."""
        if self._danger is None or self._library is None:
            return
        if slot < self._library.photos.slots:
            self._danger.note(*self.key(slot), reason)
            self.ready.emit(slot)

    def want(self, slots: Sequence[int], width: int, height: int) -> None:
        """Ask for pictures that fit width × height pixels, in this order, instead of earlier ones.

        Those that are there already are not made again.
        """
        if self._library is None:
            return
        wishes = []
        for slot in slots:
            key = self.key(slot)
            found = self._pictures.get(key)
            missing = found is None or found[1:] != (width, height)
            known = key in self.problems or (*key, width) in self._doing
            if missing and not known and self.danger(slot) is None:
                wishes.append(_Wish(slot, self.path(slot), key[1], width, height))
        with self._wake:
            self._wishes = wishes
            self._wake.notify_all()

    @property
    def idle(self) -> bool:
        """Whether everything asked for has come in."""
        return not self._wishes and not self._doing

    def close(self) -> None:
        """End the threads."""
        with self._wake:
            self._closing = True
            self._wishes = []
            self._wake.notify_all()
        for thread in self._threads:
            thread.join()
        self._disk.close()

    def key(self, slot: int) -> tuple[int, int]:
        """Return slot and signature of the bytes: what a photo's pictures are kept under."""
        assert self._library is not None
        return slot, int(self._library.photos.signature[slot])

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._wishes and not self._closing:
                    self._wake.wait()
                if self._closing:
                    return
                wish = self._wishes.pop(0)
                self._doing.add((wish.slot, wish.signature, wish.width))
            image, problem = self._picture(wish)
            if not self._closing:
                self._made.emit(wish, image, problem)

    def _picture(self, wish: _Wish) -> tuple[QImage | None, str]:
        side = max(wish.width, wish.height)
        level = next((each for each in SIDES if each >= side), SIDES[-1])
        try:
            if wish.signature:
                key = wish.signature.to_bytes(8, "little")
                jpeg = self._disk.get_or_make(wish.path, key, level)
            else:
                jpeg = make_thumbnail(wish.path, level)
        except PhotoProblem as problem:
            return None, str(problem)
        image = QImage.fromData(jpeg)
        if image.isNull():
            return None, "The photo cannot be shown."
        return _fitted(image, wish.width, wish.height), ""

    def _take(self, wish: _Wish, image: QImage | None, problem: str) -> None:
        self._doing.discard((wish.slot, wish.signature, wish.width))
        if self._library is None or wish.slot >= self._library.photos.slots:
            return  # its library was closed meanwhile
        key = (wish.slot, wish.signature)
        if image is None:
            self.problems[key] = problem
        else:
            old = self._pictures.pop(key, None)
            if old is not None:
                self._bytes -= _size(old[0])
            picture = QPixmap.fromImage(image)
            self._pictures[key] = (picture, wish.width, wish.height)
            self._bytes += _size(picture)
            while self._bytes > _MEMORY_BYTES and len(self._pictures) > 1:
                _, gone = self._pictures.popitem(last=False)
                self._bytes -= _size(gone[0])
        self.ready.emit(wish.slot)


def _fitted(image: QImage, width: int, height: int) -> QImage:
    """Return a picture brought into a box, enlarged only so far."""
    size = image.size().scaled(QSize(width, height), Qt.AspectRatioMode.KeepAspectRatio)
    limit = image.size() * _MOST_ENLARGED
    if size.width() > limit.width():
        size = limit
    size = size.expandedTo(QSize(1, 1))
    return image.scaled(
        size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )


def _size(picture: QPixmap) -> int:
    return picture.width() * picture.height() * 4
