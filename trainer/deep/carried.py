"""Labels that nobody decides, on a new backbone: as often suggested as before.

Distillation holds the mean of what old heads say. Which photos just pass a label's threshold it
does not hold: on everyday, *electronics*, that nobody had confirmed, went from 23 suggestions to 0.
So their logits are moved until as many photos pass as did with the old backbone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.heads import head_logits
from tagger.core.thresholds import logit
from trainer.ancestry import Model

FARTHEST = 4.0
"""Logits that a label is moved by at most."""


def logit_shifts(
    model: Model, old: NDArray[np.floating], new: NDArray[np.floating]
) -> dict[str, float]:
    """Return by label id what is to be added to the logits of a model's multi groups.

    Args:
        model: whose heads were carried over to the new backbone.
        old: float [n, D], embeddings of photos by the backbone that the heads were made for.
        new: float [n, D], of the same photos by the new one.
    """
    found = {}
    for group in model.spec.groups:
        if group.kind != "multi" or group.id not in model.heads:
            continue
        head = model.heads[group.id]
        before, after = head_logits(head, old), head_logits(head, new)
        for at, label in enumerate(group.labels):
            threshold = float(logit(label.default_threshold))
            shift = _shift(before[:, at], after[:, at], threshold)
            if shift:
                found[label.id] = shift
    return found


def _shift(before: NDArray[np.float32], after: NDArray[np.float32], threshold: float) -> float:
    """Return what lets as many logits pass as before; 0 where none or all did."""
    count = int((before >= threshold).sum())
    if not 0 < count < len(before):
        return 0.0
    falling = -np.sort(-after)
    passing = float(falling[count - 1] + falling[count]) / 2
    return round(float(np.clip(threshold - passing, -FARTHEST, FARTHEST)), 4)
