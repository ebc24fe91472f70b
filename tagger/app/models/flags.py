"""What is true of whole photos: decided, reviewed, unsure, seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagger.app.models.session import Session, Slots
from tagger.core.decisions import Verdict, verdicts_of

Bools = NDArray[np.bool_]

_FEW = 200


class Flags:
    """Per-photo marks as bool [slots] arrays.

    Attributes:
        confirmed: any label is confirmed.
        decided: any decision.
        unsure: any label is unsure.
        reviewed: reviewed in any group.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.recount()

    def recount(self) -> None:
        """Read all decisions and reviews."""
        facts = self._session.library.facts
        photos, _, codes = facts.decisions.everything()
        inside = photos < facts.slots
        photos, verdicts = photos[inside], verdicts_of(codes[inside])
        self.decided = _marked(photos, facts.slots)
        self.confirmed = _marked(photos[verdicts == Verdict.CONFIRMED], facts.slots)
        self.unsure = _marked(photos[verdicts == Verdict.UNSURE], facts.slots)
        self.reviewed = np.zeros(facts.slots, bool)
        for group in facts.schema.groups:
            self.reviewed |= facts.reviews.column(group, facts.slots) != 0

    def update(self, slots: Slots) -> None:
        """Bring some photos up to date."""
        if len(slots) > _FEW or len(self.decided) != self._session.library.facts.slots:
            self.recount()
            return
        facts = self._session.library.facts
        for slot in slots.tolist():
            verdicts = verdicts_of(facts.decisions.of_photo(slot)[1])
            self.decided[slot] = len(verdicts) > 0
            self.confirmed[slot] = (verdicts == Verdict.CONFIRMED).any()
            self.unsure[slot] = (verdicts == Verdict.UNSURE).any()
        self.reviewed[slots] = False
        for group in facts.schema.groups:
            self.reviewed[slots] |= facts.reviews.column(group, facts.slots, slots) != 0

    @property
    def unseen(self) -> Bools:
        """Neither shown nor decided nor reviewed: bool [slots]."""
        return ~(self._session.seen | self.decided | self.reviewed)


def _marked(photos: Slots, slots: int) -> Bools:
    marks = np.zeros(slots, bool)
    marks[photos] = True
    return marks
