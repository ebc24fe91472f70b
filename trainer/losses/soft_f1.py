"""Macro soft-F1: the F1 made of summed probabilities, which has a gradient."""

from __future__ import annotations

import torch
from torch import Tensor, distributed

_EPSILON = 1e-16


def soft_f1_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Return 1 − the mean over labels of the soft F1 of a batch.

    Counts are taken over the photos of all processes, so the batch is the whole one.

    Args:
        logits: [N, L].
        targets: float [N, L], 0 to 1.
        weights: float [N, L], 0 = not known.
    """
    said = torch.sigmoid(logits)
    counts = torch.stack(
        [
            (weights * said * targets).sum(dim=0),
            (weights * said * (1 - targets)).sum(dim=0),
            (weights * (1 - said) * targets).sum(dim=0),
        ]
    )
    hits, false, missed = _of_all_processes(counts)
    f1 = 2 * hits / (2 * hits + false + missed + _EPSILON)
    known = weights.sum(dim=0)
    some = _of_all_processes(known) > 0
    return 1 - (f1 * some).sum() / some.sum().clamp_min(1)


def _of_all_processes(counts: Tensor) -> Tensor:
    """Add the other processes' counts as constants: each sends its own gradient only."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return counts
    whole = counts.detach().clone()
    distributed.all_reduce(whole)
    return counts + (whole - counts.detach())
