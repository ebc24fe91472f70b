"""What the right panel says of several selected photos: each label with its counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.app.models.chores import Chore
from tagger.app.models.session import Session, Slots
from tagger.app.models.signal import Signal
from tagger.core.schema import Kind
from tagger.core.states import State

_AT_ONCE = 4
_MOST_SHOWN = 24


@dataclass(frozen=True, slots=True)
class CrowdEntry:
    """One label of a selection: in how many photos it is confirmed (or implied), suggested."""

    label: int
    name: str
    confirmed: int
    suggested: int
    number: int = 0


@dataclass(frozen=True, slots=True)
class CrowdGroup:
    """One group of a selection; `more` labels are not on show."""

    group: int
    name: str
    kind: Kind
    entries: tuple[CrowdEntry, ...]
    more: int = 0


class Crowd:
    """The labels of the selected photos.

    Attributes:
        slots: int64 [selected].
        groups: groups with the labels that are confirmed or suggested anywhere in the selection.
        focus: num of the focused label, −1 = none.
        counting: whether the count still runs.
        changed: counts changed.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.slots: Slots = np.empty(0, np.int64)
        self.groups: tuple[CrowdGroup, ...] = ()
        self.focus = -1
        self.counting = False
        self.changed = Signal()
        self._order: dict[int, list[int]] = {}

    @property
    def total(self) -> int:
        """Number of selected photos."""
        return len(self.slots)

    def open(self, slots: Slots) -> None:
        """Take another selection; counts come from `count`."""
        if not np.array_equal(slots, self.slots):
            self.slots = slots
            self.groups = ()
            self._order = {}
            self.focus = -1

    def count(self) -> Chore:
        """Count the labels of the selection, in slices."""
        self.counting = True
        slots, chosen = self._looked_at()
        schema = self._session.library.facts.schema
        found: list[CrowdGroup] = []
        number = 0
        for group in schema.groups.values():
            members = [label.num for label in schema.labels_of(group.num)]
            counts: dict[int, tuple[int, int]] = {}
            for start in range(0, len(members), _AT_ONCE):
                chunk = members[start : start + _AT_ONCE]
                chunk = [num for num in chunk if num in self._session.library.facts.schema.labels]
                for num, row in zip(chunk, self._session.states(chunk, slots), strict=True):
                    yes = (row == State.CONFIRMED) | (row == State.IMPLIED)
                    maybe = row == State.SUGGESTED
                    counts[num] = (
                        int(np.count_nonzero(yes & chosen)),
                        int(np.count_nonzero(maybe & chosen)),
                    )
                yield
                if slots is None and len(chosen) != self._session.library.facts.slots:
                    return  # photos came or went: another count is on its way
            shown = self._placed(group.num, counts)
            entries = []
            for num in shown[:_MOST_SHOWN]:
                number += 1
                key = number if number <= 9 else 0
                entries.append(CrowdEntry(num, schema.labels[num].name, *counts[num], key))
            if entries:
                more = max(0, len(shown) - _MOST_SHOWN)
                found.append(CrowdGroup(group.num, group.name, group.kind, tuple(entries), more))
        self.groups = tuple(found)
        self.counting = False
        if self.focus not in {entry.label for entry in self.entries()}:
            self.focus = next((entry.label for entry in self.entries()), -1)
        self.changed.emit()

    def _looked_at(self) -> tuple[Slots | None, NDArray[np.bool_]]:
        """Return the photos to look at (None: all, which is faster for many) and which count."""
        every = self._session.library.facts.slots
        if len(self.slots) < every // 8:
            return np.sort(self.slots), np.ones(len(self.slots), bool)
        chosen = np.zeros(every, bool)
        chosen[self.slots[self.slots < every]] = True
        return None, chosen

    def _placed(self, group: int, counts: dict[int, tuple[int, int]]) -> list[int]:
        """Return the labels on show: those there keep their places, new ones come after."""
        order = self._order.setdefault(group, [])
        fresh = [num for num, both in counts.items() if any(both) and num not in order]
        order += sorted(fresh, key=lambda num: -sum(counts[num]))
        return [num for num in order if num in counts]

    def entries(self) -> list[CrowdEntry]:
        """Return the labels of all groups, in display order."""
        return [entry for group in self.groups for entry in group.entries]

    def entry(self, label: int) -> CrowdEntry | None:
        """Return the entry of a label, if it is on show."""
        return next((entry for entry in self.entries() if entry.label == label), None)

    def numbered(self, number: int) -> CrowdEntry | None:
        """Return the entry that a number key means."""
        return next((entry for entry in self.entries() if entry.number == number), None)

    def move_focus(self, step: int) -> None:
        """Move the focus to the next or previous label, round the end."""
        labels = [entry.label for entry in self.entries()]
        if labels:
            at = labels.index(self.focus) if self.focus in labels else -1
            self.focus = labels[(at + step) % len(labels)]
