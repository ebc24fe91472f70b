"""The stored scores of the active bundle, photo by photo, for exports."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagger.core.schema import Label
from tagger.core.states import Facts

_CHUNK = 1024


class ScoreTable:
    """Scores of (photo, label) as probabilities, filtered; reads the cache in blocks of photos."""

    def __init__(self, facts: Facts, min_score: float = 0.0, top: int | None = None) -> None:
        """Filter by `min_score`, and to the `top` best labels of each group (None: all)."""
        self._facts = facts
        self._min_score = min_score
        self._top = top
        self._labels = [
            label
            for label in facts.schema.labels.values()
            if facts.scores.logits(label.num, np.empty(0, np.int64)) is not None
        ]
        self._rows = {label.num: row for row, label in enumerate(self._labels)}
        self._groups = [
            np.array([row for row, label in enumerate(self._labels) if label.group == group])
            for group in facts.schema.groups
            if any(label.group == group for label in self._labels)
        ]
        self._block = -1
        self._scores: NDArray[np.float32] = np.empty((0, 0), np.float32)

    def score(self, slot: int, label: int) -> float | None:
        """Return the score of a (photo, label) whatever the filters, or None without one."""
        row = self._rows.get(label)
        if row is None:
            return None
        found = float(self._column(slot)[row])
        return found if found == found else None

    def of_photo(self, slot: int) -> list[tuple[Label, float]]:
        """Return the labels of a photo with their scores, after the filters, in display order."""
        if not self._labels:
            return []
        scores = self._column(slot)
        with np.errstate(invalid="ignore"):
            kept = scores >= self._min_score  # not computed: NaN, which is never kept
        if self._top is not None:
            best = np.zeros(len(scores), bool)
            for rows in self._groups:
                ranked = rows[np.argsort(-scores[rows], kind="stable")]
                best[ranked[: self._top]] = True
            kept &= best
        return [(self._labels[row], float(scores[row])) for row in np.flatnonzero(kept)]

    def by_name(self, slot: int) -> dict[str, dict[str, float]]:
        """Return group → label → score of a photo, as the annotation file has it."""
        found: dict[str, dict[str, float]] = {}
        groups = self._facts.schema.groups
        for label, score in self.of_photo(slot):
            found.setdefault(groups[label.group].name, {})[label.name] = round(score, 5)
        return found

    def _column(self, slot: int) -> NDArray[np.float32]:
        """Return float32 [labels] probabilities of a photo; NaN where not computed."""
        block = slot // _CHUNK
        if block != self._block:
            slots = np.arange(block * _CHUNK, (block + 1) * _CHUNK)
            columns = [self._facts.scores.logits(label.num, slots) for label in self._labels]
            logits = np.array(columns, np.float32)
            self._scores = (1 / (1 + np.exp(-logits))).T.astype(np.float32)
            self._block = block
        return self._scores[slot % _CHUNK]
