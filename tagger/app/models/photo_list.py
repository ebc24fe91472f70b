"""The photos on show: an array of slots in order, which stands still until it is refreshed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tagger.app.models.filters import Filter, matching
from tagger.app.models.flags import Flags
from tagger.app.models.ordering import Order, Slots, SortBy, arranged
from tagger.app.models.session import Session
from tagger.app.models.signal import Signal
from tagger.app.models.tally import Tally


class PhotoList:
    """Filter and order over the library, and what came of them.

    A photo that no longer matches stays where it is, dimmed, until `refresh`; one that matches
    only now waits for it. Photos that come into the folder take their places among the others.

    Attributes:
        order: int64 [photos on show], slots.
        before: the order there was until the last refresh.
        position: int32 [slots], place in `order`, −1 = not on show.
        dimmed: bool [slots], on show but no longer matching.
        arriving: number of photos that match and are not on show yet.
        standing: the last change only took photos of the folder in or out; the others stand.
        changed: the order is another one.
        marks_changed: photos became dimmed or bright, or others began to match.
    """

    def __init__(self, session: Session, flags: Flags, tally: Tally) -> None:
        self._session, self._flags, self._tally = session, flags, tally
        self.filter = Filter()
        self.sort = Order()
        self.changed = Signal()
        self.marks_changed = Signal()
        self.names: Slots = session.library.photos.by_name
        self.order: Slots = np.empty(0, np.int64)
        self.standing = False
        self._known = np.zeros(0, bool)
        self.refresh()

    def __len__(self) -> int:
        return len(self.order)

    def set_filter(self, wanted: Filter) -> None:
        """Show other photos."""
        if self.sort.by is SortBy.SCORE and wanted.label not in (None, self.sort.label):
            self.sort = replace(self.sort, label=wanted.label)
        self.filter = wanted
        self.refresh()

    def set_sort(self, order: Order) -> None:
        """Show them in another order."""
        self.sort = order
        self.refresh()

    def set_names(self, names: Slots) -> None:
        """Take another order of names: int64 [photos]; what is on show stays so.

        Those that are not in it go, those that were not known before come if they match.
        """
        slots = self._session.library.facts.slots
        self.names = names[names < slots]
        if not len(self.order):
            self.refresh()
            return
        named = self._mask(self.names)
        known = np.zeros(slots, bool)
        known[: min(slots, len(self._known))] = self._known[:slots]
        shown = self._mask(self.order[self.order < slots]) & named
        fresh = named & ~known & self._matching()
        if self.sort.by is SortBy.SCORE:
            kept = self.order[self.order < slots]
            order = np.concatenate([kept[named[kept]], self.names[(fresh & ~shown)[self.names]]])
        else:
            order = arranged(self._session, shown | fresh, self.names, self.sort)
        self._known = named
        self._take(order, standing=True)
        self.recheck()

    def _mask(self, slots: Slots) -> NDArray[np.bool_]:
        found = np.zeros(self._session.library.facts.slots, bool)
        found[slots] = True
        return found

    def refresh(self) -> None:
        """Filter and sort anew."""
        chosen = self._matching()
        self.names = self.names[self.names < len(chosen)]
        self._known = self._mask(self.names)
        self._take(arranged(self._session, chosen, self.names, self.sort), standing=False)

    def _take(self, order: Slots, standing: bool) -> None:
        slots = self._session.library.facts.slots
        self.before, self.order, self.standing = self.order, order, standing
        self.position = np.full(slots, -1, np.int32)
        self.position[self.order] = np.arange(len(self.order), dtype=np.int32)
        self.dimmed = np.zeros(slots, bool)
        self.arriving = 0
        self.changed.emit()

    def recheck(self) -> None:
        """Find out which photos no longer match, without moving any."""
        chosen = self._matching()
        if len(chosen) != len(self.position):
            self.refresh()
            return
        shown = self.position >= 0
        dimmed = shown & ~chosen
        arriving = int(np.count_nonzero(chosen & ~shown))
        if arriving != self.arriving or not np.array_equal(dimmed, self.dimmed):
            self.dimmed, self.arriving = dimmed, arriving
            self.marks_changed.emit()

    def _matching(self) -> NDArray[np.bool_]:
        return matching(self._session, self._flags, self._tally, self.filter)

    def shows(self, slot: int) -> bool:
        """Say whether a photo is on show."""
        return 0 <= slot < len(self.position) and self.position[slot] >= 0

    def neighbour(self, slot: int, step: int) -> int | None:
        """Return the photo `step` places on (negative: back), or None past an end."""
        place = self.place(slot) + step
        return int(self.order[place]) if 0 <= place < len(self.order) else None

    def successor(self, slot: int) -> int:
        """Return the photo that takes the place of one that left: the next one that stayed.

        −1 if nothing is on show.
        """
        found = np.flatnonzero(self.before == slot)
        if len(found):
            after = self.before[found[0] :]
            after = after[after < len(self.position)]
            after = after[self.position[after] >= 0]
            if len(after):
                return int(after[0])
            return int(self.order[-1]) if len(self.order) else -1
        return int(self.order[0]) if len(self.order) else -1

    def place(self, slot: int) -> int:
        """Return where a photo stands in the order, −1 if it is not on show."""
        return int(self.position[slot]) if self.shows(slot) else -1
