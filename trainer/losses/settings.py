"""How a group is learned, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LossName = Literal["auto", "cross-entropy", "asymmetric", "focal", "soft-f1"]
LOSSES: tuple[LossName, ...] = ("auto", "cross-entropy", "asymmetric", "focal", "soft-f1")

Balance = Literal["none", "inverse", "effective"]


@dataclass(frozen=True)
class LossSettings:
    """The loss of one group.

    Attributes:
        name: `cross-entropy` is binary per label in a multi group and softmax in a single one;
            `auto` is the same. `asymmetric` (Ridnik et al. 2021) and `soft-f1` are for multi
            groups, `focal` (Lin et al. 2017) for both.
        smoothing: share of every target that is spread evenly (label smoothing).
        balance: weight of a label's positives: all the same, `inverse` to their number, or by
            the `effective` number of examples (Cui et al. 2019); their mean stays 1.
        effective: that method's beta.
        focus: exponent by which easy examples lose weight (focal; of positives if asymmetric).
        focus_negative: the same of negatives (asymmetric).
        margin: probability below which a negative counts nothing (asymmetric).
        share: weight of this group among the groups.
        per_base_rate: divide by what a model that knows only how often each label occurs would
            lose, so that every group counts as much as another.
    """

    name: LossName = "auto"
    smoothing: float = 0.0
    balance: Balance = "none"
    effective: float = 0.999
    focus: float = 0.0
    focus_negative: float = 4.0
    margin: float = 0.05
    share: float = 1.0
    per_base_rate: bool = False
