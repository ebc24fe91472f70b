"""Which photos are selected, and which one is open."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagger.app.models.photo_list import PhotoList
from tagger.app.models.signal import Signal

Slots = NDArray[np.int64]


class Selection:
    """The open photo and the selected ones, which include it; held as a mask over slots.

    Attributes:
        current: slot of the open photo, −1 = none.
        mask: bool [slots].
        changed: anything of it changed.
    """

    def __init__(self, photos: PhotoList) -> None:
        self._photos = photos
        self.current = -1
        self.mask = np.zeros(len(photos.position), bool)
        self._anchor = -1
        self.changed = Signal()

    @property
    def count(self) -> int:
        """Number of selected photos."""
        return int(np.count_nonzero(self.mask))

    def slots(self) -> Slots:
        """Return the selected photos in the order they are shown: int64 [selected]."""
        return self._photos.order[self.mask[self._photos.order]]

    def choose(self, slot: int) -> None:
        """Open a photo and select it alone."""
        self._blank()
        self.current = self._anchor = slot
        if slot >= 0:
            self.mask[slot] = True
        self.changed.emit()

    def toggle(self, slot: int) -> None:
        """Add a photo to the selection, or take it out (Ctrl+click)."""
        self.mask[slot] = not self.mask[slot] or self.count == 1
        self._anchor = slot
        if self.mask[slot]:
            self.current = slot
        elif self.current == slot:
            left = self.slots()
            self.current = int(left[0])
        self.changed.emit()

    def extend(self, slot: int) -> None:
        """Select everything between the anchor and a photo, and open that (Shift+click)."""
        first = self._photos.place(self._anchor)
        last = self._photos.place(slot)
        if first < 0:
            self.choose(slot)
            return
        self._blank()
        self.mask[self._photos.order[min(first, last) : max(first, last) + 1]] = True
        self.current = slot
        self.changed.emit()

    def select(self, slots: Slots, add: bool = False) -> None:
        """Select photos (a rubber band); the open one stays if it is among them."""
        if not add:
            self._blank()
        self.mask[slots] = True
        if len(slots) and not (self.current >= 0 and self.mask[self.current]):
            self.current = self._anchor = int(slots[0])
        elif not len(slots) and not add:
            self.current = -1
        self.changed.emit()

    def select_all(self) -> None:
        """Select every photo on show."""
        self._blank()
        self.mask[self._photos.order] = True
        if len(self._photos) and not self._photos.shows(self.current):
            self.current = self._anchor = int(self._photos.order[0])
        self.changed.emit()

    def follow(self) -> None:
        """Keep what is still on show after the list changed; else open what came after it."""
        slots = len(self._photos.position)
        mask = np.zeros(slots, bool)
        kept = min(slots, len(self.mask))
        mask[:kept] = self.mask[:kept] & (self._photos.position[:kept] >= 0)
        self.mask = mask
        if not self._photos.shows(self.current):
            left = self.slots()
            if len(left):
                self.current = self._anchor = int(left[0])
            else:
                self.choose(self._photos.successor(self.current))
                return
        self.mask[self.current] = True
        self.changed.emit()

    def _blank(self) -> None:
        self.mask = np.zeros(len(self._photos.position), bool)
