"""Labels that nobody decides, on a new backbone: as often suggested as before.

Distillation holds the mean of what old heads say. Which photos just pass a label's threshold it
does not hold: on everyday, *electronics*, that nobody had confirmed, went from 23 suggestions to 0.
So their logits are moved until as many photos pass as did with the old backbone: in a multi group
each label's, in a single one that of *none of these*.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.heads import head_logits
from tagger.core.thresholds import logit
from trainer.ancestry import Model, none_of

FARTHEST = 4.0
"""Logits that a label is moved by at most."""


def logit_shifts(
    model: Model, old: NDArray[np.floating], new: NDArray[np.floating]
) -> dict[str, float]:
    """Return by label id (or `none_of` a group) what is to be added to a model's logits.

    Args:
        model: whose heads were carried over to the new backbone.
        old: float [n, D], embeddings of photos by the backbone that the heads were made for.
        new: float [n, D], of the same photos by the new one.
    """
    found: dict[str, float] = {}
    for group in model.spec.groups:
        if group.id not in model.heads:
            continue
        head = model.heads[group.id]
        before, after = head_logits(head, old), head_logits(head, new)
        thresholds = np.array([label.default_threshold for label in group.labels])
        if group.kind == "multi":
            columns = zip(before.T, after.T, logit(thresholds).tolist(), strict=True)
            moved = [_shift(*column) for column in columns]
            found.update(zip((label.id for label in group.labels), moved, strict=True))
        elif head.has_null:
            found[none_of(group.id)] = _shift_of_none(before, after, thresholds)
    return {label: shift for label, shift in found.items() if shift}


def _shift(before: NDArray[np.float32], after: NDArray[np.float32], threshold: float) -> float:
    """Return what lets as many logits pass as before; 0 where none or all did."""
    count = int((before >= threshold).sum())
    if not 0 < count < len(before):
        return 0.0
    falling = -np.sort(-after)
    passing = float(falling[count - 1] + falling[count]) / 2
    return round(float(np.clip(threshold - passing, -FARTHEST, FARTHEST)), 4)


def _shift_of_none(
    before: NDArray[np.float32], after: NDArray[np.float32], thresholds: NDArray[np.float64]
) -> float:
    """Return the shift of *none of these* by which the group suggests as many labels as before."""
    wanted = _claims(before, thresholds)
    if not wanted:
        return 0.0
    low, high = -FARTHEST, FARTHEST  # the more it is moved, the fewer labels are suggested
    for _ in range(20):
        middle = (low + high) / 2
        moved = after.copy()
        moved[:, -1] += middle
        low, high = (middle, high) if _claims(moved, thresholds) > wanted else (low, middle)
    return round((low + high) / 2, 4)


def _claims(logits: NDArray[np.float32], thresholds: NDArray[np.float64]) -> int:
    """Count the photos whose likeliest label of a single group passes its threshold."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = (powers / powers.sum(axis=1, keepdims=True))[:, : len(thresholds)]
    likeliest = shares.argmax(axis=1)
    return int((shares.max(axis=1) >= thresholds[likeliest]).sum())
