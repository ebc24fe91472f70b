"""Decisions and reviews as arrays: what people said of (photo, label) and (photo, group)."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]
Codes = NDArray[np.int8]


class Verdict(IntEnum):
    """What was said of (photo, label); NONE takes a decision away."""

    NONE = 0
    CONFIRMED = 1
    REJECTED = 2
    UNSURE = 3


VERDICT_NAMES = {
    Verdict.CONFIRMED: "confirmed",
    Verdict.REJECTED: "rejected",
    Verdict.UNSURE: "unsure",
}

BY_PERSON = 4
"""Bit of a stored code that says a person, not an import or a bulk act, gave the verdict."""

_VERDICT_MASK = 3


def verdict_codes(verdicts: NDArray[np.integer], by_person: bool) -> Codes:
    """Return int8 codes for verdicts: the verdict, and whether a person gave it."""
    codes = np.asarray(verdicts).astype(np.int8)
    return np.where(codes != 0, codes | (BY_PERSON if by_person else 0), 0).astype(np.int8)


class DecisionTable:
    """Sparse (photo, label) → code, kept sorted both ways; 18 bytes a decision.

    A code is a `Verdict` in its lowest two bits and `BY_PERSON`. Photos are slots, labels nums.
    """

    def __init__(self) -> None:
        self._label_keys: Int = np.empty(0, np.int64)
        self._label_codes: Codes = np.empty(0, np.int8)
        self._photo_keys: Int = np.empty(0, np.int64)
        self._photo_codes: Codes = np.empty(0, np.int8)

    def __len__(self) -> int:
        return len(self._label_keys)

    def set(
        self, photos: NDArray[np.integer], labels: NDArray[np.integer], codes: NDArray[np.integer]
    ) -> None:
        """Write codes for pairs (three arrays of one length); 0 removes. The last of equal wins."""
        photos = np.asarray(photos, np.int64)
        labels = np.asarray(labels, np.int64)
        new = np.asarray(codes, np.int8)
        self._label_keys, self._label_codes = _merged(
            self._label_keys, self._label_codes, labels << 32 | photos, new
        )
        self._photo_keys, self._photo_codes = _merged(
            self._photo_keys, self._photo_codes, photos << 32 | labels, new
        )

    def codes(self, photos: NDArray[np.integer], labels: NDArray[np.integer] | int) -> Codes:
        """Return the code of each pair (broadcast together); 0 where undecided."""
        wanted = np.asarray(photos, np.int64) << 32 | np.asarray(labels, np.int64)
        if not len(self._photo_keys):
            return np.zeros(wanted.shape, np.int8)
        at = np.searchsorted(self._photo_keys, wanted)
        at[at == len(self._photo_keys)] = 0
        hit = self._photo_keys[at] == wanted
        return np.where(hit, self._photo_codes[at], 0).astype(np.int8)

    def column(self, label: int, slots: int) -> Codes:
        """Return the codes of one label for all photos: int8 [slots]."""
        column = np.zeros(slots, np.int8)
        photos, codes = self.of_label(label)
        inside = photos < slots
        column[photos[inside]] = codes[inside]
        return column

    def of_label(self, label: int) -> tuple[Int, Codes]:
        """Return the decided photos of a label (ascending) and their codes."""
        first, last = np.searchsorted(self._label_keys, [label << 32, (label + 1) << 32])
        return self._label_keys[first:last] & 0xFFFFFFFF, self._label_codes[first:last]

    def of_photo(self, photo: int) -> tuple[Int, Codes]:
        """Return the decided labels of a photo (ascending nums) and their codes."""
        first, last = np.searchsorted(self._photo_keys, [photo << 32, (photo + 1) << 32])
        return self._photo_keys[first:last] & 0xFFFFFFFF, self._photo_codes[first:last]

    def everything(self) -> tuple[Int, Int, Codes]:
        """Return photos, labels and codes of all decisions, by photo, then label."""
        return self._photo_keys >> 32, self._photo_keys & 0xFFFFFFFF, self._photo_codes


def _merged(keys: Int, codes: Codes, new_keys: Int, new_codes: Codes) -> tuple[Int, Codes]:
    """Return sorted (keys, codes) with the new pairs written in and the zero codes left out."""
    unique, last = np.unique(new_keys[::-1], return_index=True)
    values = new_codes[::-1][last]
    at = np.searchsorted(keys, unique)
    hit = np.zeros(len(unique), bool)
    inside = at < len(keys)
    hit[inside] = keys[at[inside]] == unique[inside]
    codes = codes.copy()
    codes[at[hit]] = values[hit]
    fresh = ~hit & (values != 0)
    keys = np.insert(keys, at[fresh], unique[fresh])
    codes = np.insert(codes, at[fresh], values[fresh])
    if (values[hit] == 0).any():
        kept = codes != 0
        keys, codes = keys[kept], codes[kept]
    return keys, codes


class ReviewTable:
    """Which label set a (photo, group) was reviewed with: int32 [slots] per group, 0 = not."""

    def __init__(self) -> None:
        self._sets: dict[int, NDArray[np.int32]] = {}
        self.label_sets: dict[int, frozenset[int]] = {}

    def set(self, group: int, photos: NDArray[np.integer], sets: NDArray[np.integer] | int) -> None:
        """Mark photos as reviewed in a group with a label set; set 0 takes the mark away."""
        photos = np.asarray(photos, np.int64)
        if not len(photos):
            return
        column = self._sets.get(group, np.zeros(0, np.int32))
        needed = int(photos.max()) + 1
        if len(column) < needed:
            column = np.concatenate([column, np.zeros(needed * 2 - len(column), np.int32)])
        column[photos] = sets
        self._sets[group] = column

    def column(
        self, group: int, count: int, slots: NDArray[np.integer] | None = None
    ) -> NDArray[np.int32]:
        """Return the label set numbers of a group: int32 [count] or [slots], 0 = not reviewed."""
        column = self._sets.get(group, np.zeros(0, np.int32))[:count]
        if len(column) < count:
            column = np.concatenate([column, np.zeros(count - len(column), np.int32)])
            self._sets[group] = column
        return column if slots is None else column[slots]

    def sets_with(self, label: int) -> NDArray[np.int32]:
        """Return the numbers of the label sets that offered a label."""
        found = [num for num, labels in self.label_sets.items() if label in labels]
        return np.array(found, np.int32)

    def sets_in(self, column: NDArray[np.int32]) -> list[int]:
        """Return the numbers of the label sets that may stand in a column, 0 left out."""
        if len(column) <= len(self.label_sets):
            return sorted(set(column.tolist()) - {0})
        return list(self.label_sets)


def is_confirmed(codes: Codes) -> NDArray[np.bool_]:
    """Say where codes are confirmations."""
    return (codes & _VERDICT_MASK) == Verdict.CONFIRMED


def verdicts_of(codes: Codes) -> Codes:
    """Return the verdicts (0–3) of codes."""
    return (codes & _VERDICT_MASK).astype(np.int8)


def by_person(codes: Codes) -> NDArray[np.bool_]:
    """Say where a person gave the verdict."""
    return (codes & BY_PERSON) != 0
