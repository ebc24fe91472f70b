"""In how many photos each label is suggested and confirmed, and how much each photo is suggested.

Counted in the background, corrected at once for the photos that change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.app.models.chores import Chore
from tagger.app.models.session import Session, Slots
from tagger.app.models.signal import Signal
from tagger.core.states import State

_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class LabelCount:
    """In how many photos a label is suggested, confirmed (or implied), rejected, unsure."""

    suggested: int = 0
    confirmed: int = 0
    rejected: int = 0
    unsure: int = 0


NOTHING = LabelCount()


class Tally:
    """Counts over the whole folder.

    Attributes:
        labels: label num → its counts, as of the last full count.
        suggestions: int16 [slots], open suggestions of each photo.
        in_group: group num → int16 [slots], those of one group.
        changed: counts of labels changed.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.labels: dict[int, LabelCount] = {}
        self.in_group: dict[int, NDArray[np.int16]] = {}
        self.suggestions = np.zeros(session.library.facts.slots, np.int16)
        self.changed = Signal()
        self._touched: list[Slots] = []

    def of(self, label: int) -> LabelCount:
        """Return the counts of a label."""
        return self.labels.get(label, NOTHING)

    def count_all(self) -> Chore:
        """Count everything anew, in slices."""
        library = self._session.library
        present = library.photos.present
        self._touched = []
        labels: dict[int, LabelCount] = {}
        in_group: dict[int, NDArray[np.int16]] = {}
        for group in tuple(library.facts.schema.groups):
            sums = np.zeros(len(present), np.int16)
            nums = [label.num for label in library.facts.schema.labels_of(group)]
            for start in range(0, len(nums), _AT_ONCE):
                known = library.facts.schema.labels
                chunk = [num for num in nums[start : start + _AT_ONCE] if num in known]
                if len(present) != library.facts.slots:
                    return
                found = self._session.states(chunk)
                found[:, ~present] = State.UNTOUCHED
                for num, row in zip(chunk, found, strict=True):
                    labels[num] = _counted(row)
                    sums += row == State.SUGGESTED
                yield
            in_group[group] = sums
        if len(present) != library.facts.slots:
            return
        self.labels, self.in_group = labels, in_group
        self._add_up()
        late, self._touched = self._touched, []
        if late:
            self.update_photos(np.unique(np.concatenate(late)))
        self.changed.emit()

    def update_photos(self, slots: Slots) -> None:
        """Count the suggestions of some photos anew, at once; label counts follow later."""
        self._touched.append(slots)
        facts = self._session.library.facts
        self.fit(facts.slots)
        slots = slots[slots < facts.slots]
        likely = self._session.likely_labels(slots)
        found = self._session.states(likely, slots) == State.SUGGESTED
        for sums in self.in_group.values():
            sums[slots] = 0
        for num, row in zip(likely, found, strict=True):
            group = facts.schema.labels[num].group
            sums = self.in_group.setdefault(group, np.zeros(facts.slots, np.int16))
            sums[slots] += row
        self.suggestions[slots] = found.sum(axis=0)

    def fit(self, slots: int) -> None:
        """Make room for the photos of a new table, not counted yet: `slots` rows."""
        self.suggestions = _fitted(self.suggestions, slots)
        self.in_group = {group: _fitted(sums, slots) for group, sums in self.in_group.items()}

    def _add_up(self) -> None:
        total = np.zeros(self._session.library.facts.slots, np.int16)
        for sums in self.in_group.values():
            total += sums
        self.suggestions = total


def _counted(row: NDArray[np.uint8]) -> LabelCount:
    numbers = [int(np.count_nonzero(row == state)) for state in State]
    return LabelCount(
        numbers[State.SUGGESTED],
        numbers[State.CONFIRMED] + numbers[State.IMPLIED],
        numbers[State.REJECTED],
        numbers[State.UNSURE],
    )


def _fitted(sums: NDArray[np.int16], slots: int) -> NDArray[np.int16]:
    if len(sums) == slots:
        return sums
    out = np.zeros(slots, np.int16)
    out[: len(sums)] = sums[:slots]
    return out
