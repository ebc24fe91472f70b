"""Thresholds in logit space: set by hand, fitted or default, shifted by group and globally."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

LOGIT_LIMIT = 16.0
"""Stored logits lie within ± this: beyond it float16 probabilities are 0 or 1 anyway."""


def logit(probability: NDArray[np.floating] | float) -> NDArray[np.float32]:
    """Return log(p / (1 − p)) as float32, clipped to ± `LOGIT_LIMIT`; NaN stays NaN."""
    p = np.asarray(probability, np.float64)
    with np.errstate(divide="ignore"):
        z = np.log(p) - np.log1p(-p)
    return np.clip(z, -LOGIT_LIMIT, LOGIT_LIMIT).astype(np.float32)


def sigmoid(z: NDArray[np.floating] | float) -> NDArray[np.float32]:
    """Return 1 / (1 + e^−z) as float32."""
    return (1.0 / (1.0 + np.exp(-np.asarray(z, np.float64)))).astype(np.float32)


@dataclass(frozen=True)
class Thresholds:
    """From which stored logit a label is suggested, for the active bundle (DESIGN §2).

    Attributes:
        base: label num → logit, fitted or default, from the bundle.
        hand: label num → logit set by the user.
        group_shifts: group num → shift in logits of the group's slider.
        global_shift: shift of *fewer ↔ more*; positive suggests fewer.
    """

    base: Mapping[int, float] = field(default_factory=dict)
    hand: Mapping[int, float] = field(default_factory=dict)
    group_shifts: Mapping[int, float] = field(default_factory=dict)
    global_shift: float = 0.0

    def of(self, label: int, group: int) -> float:
        """Return the logit from which a label of a group is suggested."""
        own = self.hand.get(label, self.base.get(label, 0.0))
        return own + self.group_shifts.get(group, 0.0) + self.global_shift
