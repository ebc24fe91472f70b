"""Values marked *maybe*: unsure (not in the softmax), or half a target where that is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.examples import Examples, GroupExamples
from trainer.losses.group_loss import GroupLoss
from trainer.losses.objective import Objective
from trainer.losses.settings import LossSettings

UNSURE, HALF = "unsure", "half"
TREATMENTS = (UNSURE, HALF)

Floats = NDArray[np.float32]
Masks = Mapping[str, NDArray[np.bool_]]
"""Group name → bool [photos, labels], values that may be right beside the one that is."""

_FAR = -1e4


def marked(examples: Examples, maybe: Masks) -> dict[str, NDArray[np.bool_]]:
    """Return the groups that have a maybe in a photo whose answer is known, with their masks."""
    found = {}
    for group in examples.groups:
        mask = maybe.get(group.name)
        if mask is not None:
            told = mask & (group.answers >= 0)[:, None] & (group.targets < 1)
            if told.any():
                found[group.name] = told
    return found


def with_halves(group: GroupExamples, maybe: NDArray[np.bool_]) -> GroupExamples:
    """Let a maybe count half of a yes; rows still add up to 1."""
    targets = group.targets + np.float32(0.5) * maybe
    total = targets.sum(axis=1, keepdims=True)
    made = np.divide(targets, total, out=np.zeros_like(targets), where=total > 0)
    return replace(group, targets=made)


class UnsureLoss(GroupLoss):
    """A softmax loss in which a photo's unsure values take no part."""

    unsure: Tensor

    def __init__(
        self,
        group: GroupExamples,
        settings: LossSettings,
        rows: NDArray[np.int64],
        unsure: NDArray[np.bool_],
    ) -> None:
        super().__init__(group, settings, rows)
        self.register_buffer("unsure", torch.from_numpy(unsure), persistent=False)

    def forward(self, logits: Tensor, rows: Tensor, total: Tensor) -> Tensor:
        """Return what these photos add to the loss of the batch."""
        return super().forward(logits.masked_fill(self.unsure[rows], _FAR), rows, total)


def objective_with(
    examples: Examples, losses: Mapping[str, LossSettings], unsure: Masks
) -> Callable[[NDArray[np.int64]], Objective]:
    """Return what makes the objective of rows, unsure values left out."""

    def make(rows: NDArray[np.int64]) -> Objective:
        made = [
            UnsureLoss(group, replace(losses[group.name], smoothing=0), rows, unsure[group.name])
            if group.name in unsure
            else GroupLoss(group, losses[group.name], rows)
            for group in examples.groups
        ]
        return Objective(made)

    return make


def choose_treatment(
    right: Mapping[str, Sequence[float]],
) -> str:
    """Return the treatment with the most right answers out of fold; *unsure* where they tie.

    Args:
        right: share of right answers by treatment, group by group.
    """
    return max(TREATMENTS, key=lambda name: (np.mean(right[name]), name == UNSURE))
