"""Whether a new model may take over: the three verdicts and what is said of them (DESIGN §4b.8)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tagger.core.intervals import Difference

Verdict = Literal["better", "not worse", "can't tell yet"]

BETTER: Verdict = "better"
NOT_WORSE: Verdict = "not worse"
CANNOT_TELL: Verdict = "can't tell yet"

_SENTENCES: dict[str, str] = {
    BETTER: "The new model is better.",
    NOT_WORSE: "The new model is not worse.",
}

MARGIN = 0.02
"""A model may be this much worse at the lower end of the interval and still count as not worse."""

ENOUGH_PHOTOS = 250
"""Judged photos below which leak-free out-of-fold scores are pooled in."""

LABEL_LOSS = 0.10
JUDGED_WELL = 20
"""A label with this many judged positives must not lose more than `LABEL_LOSS` AP."""

SUGGESTIONS_LOST = 0.7
SUGGESTED_OFTEN = 10
"""A label suggested at least this often must not lose more than this share of its suggestions."""

NEEDED_TO_JUDGE = 8
"""Confirmed photos from which a label can be judged at all."""


@dataclass(frozen=True)
class GroupVerdict:
    """The verdict on one group.

    Attributes:
        word: one of the three.
        more_photos: how many more judged photos would probably tell; 0 where it is told, None
            where the new model seems worse, so that more photos would not help it.
    """

    word: Verdict
    more_photos: int | None = 0


def group_verdict(difference: Difference, photos: int) -> GroupVerdict:
    """Judge a group by the paired difference (new − old) of its figure.

    Args:
        difference: of mAP or accuracy, with its interval.
        photos: number of photos it was measured on.
    """
    if math.isnan(difference.low):
        return GroupVerdict(CANNOT_TELL, max(1, ENOUGH_PHOTOS - photos))
    if difference.low > 0:
        return GroupVerdict(BETTER)
    if difference.low >= -MARGIN:
        return GroupVerdict(NOT_WORSE)
    room = difference.value + MARGIN
    if room <= 0:
        return GroupVerdict(CANNOT_TELL, None)
    reach = difference.value - difference.low
    return GroupVerdict(CANNOT_TELL, max(1, math.ceil(photos * (reach / room) ** 2) - photos))


def overall_verdict(words: Sequence[Verdict]) -> Verdict:
    """Return the verdict on a whole model from those on the groups its parent has."""
    if CANNOT_TELL in words:
        return CANNOT_TELL
    return BETTER if BETTER in words else NOT_WORSE


def verdict_sentence(word: str) -> str:
    """Say the verdict on a whole model: one of the three, anything else counts as can't tell."""
    return _SENTENCES.get(word, "Can't tell yet which model is better.")


def signed(value: float) -> str:
    """Return a difference with its sign and three decimals; the minus sign is a real one."""
    return f"{value:+.3f}".replace("-", "−")


def few_examples(name: str, confirmed: int) -> str:
    """Say what a label lacks: `kite` has 2 confirmed photos; 8 are needed to judge it."""
    photos = "1 confirmed photo" if confirmed == 1 else f"{confirmed} confirmed photos"
    return f"`{name}` has {photos}; {NEEDED_TO_JUDGE} are needed to judge it"
