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
    only now waits for it.

    Attributes:
        order: int64 [photos on show], slots.
        before: the order there was until the last refresh.
        position: int32 [slots], place in `order`, −1 = not on show.
        dimmed: bool [slots], on show but no longer matching.
        arriving: number of photos that match and are not on show yet.
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
        """Take another order of names: int64 [photos], all that are present."""
        self.names = names
        self.refresh()

    def refresh(self) -> None:
        """Filter and sort anew."""
        chosen = self._matching()
        slots = self._session.library.facts.slots
        names = self.names[self.names < slots]
        self.before = self.order
        self.order = arranged(self._session, chosen, names, self.sort)
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
