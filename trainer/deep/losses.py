"""The loss of fine-tuning: masked cross-entropy over all groups at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer.quick.task import GroupTask

UNKNOWN_ANSWER = -100


class GroupLoss(nn.Module):
    """Loss of one group on its own linear head.

    Each group counts as much as another: it is divided by what a model that knows only the base
    rates would lose.
    """

    def __init__(self, task: GroupTask, photos: int, weight: Tensor, bias: Tensor) -> None:
        """Prepare a group.

        Args:
            task: what is to be learned.
            photos: number of training rows; `task.rows` count among them.
            weight: float32 [D, L'], the head's start.
            bias: float32 [L'].
        """
        super().__init__()
        self.single = task.group.kind == "single"
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)
        if self.single:
            answers, _ = task.answers()
            whole = np.full(photos, UNKNOWN_ANSWER, np.int64)
            whole[task.rows] = np.where(answers >= 0, answers, UNKNOWN_ANSWER)
            self.register_buffer("targets", torch.from_numpy(whole))
            count = np.bincount(answers[answers >= 0], minlength=task.columns) + 1e-3
            share = count / count.sum()
            self.usual = float(-(share * np.log(share)).sum())
        else:
            weights = np.zeros((photos, len(task.labels)), np.float32)
            weights[task.rows] = task.weights()
            targets = np.zeros_like(weights)
            targets[task.rows] = task.targets == 1
            self.register_buffer("targets", torch.from_numpy(targets))
            self.register_buffer("weights", torch.from_numpy(weights))
            rate = np.clip((weights * targets).sum(0) / np.maximum(weights.sum(0), 1), 1e-4, 0.5)
            entropy = -(rate * np.log(rate) + (1 - rate) * np.log1p(-rate))
            self.usual = float((entropy * weights.sum(0)).sum() / max(weights.sum(), 1))
        self.usual = max(self.usual, 1e-3)

    def forward(self, embeddings: Tensor, rows: Tensor) -> Tensor:
        """Return the mean loss of the photos `rows` (int64 [N]); 0 where nothing is known."""
        logits = embeddings @ self.weight + self.bias
        targets = self.get_buffer("targets")[rows]
        if self.single:
            known = (targets != UNKNOWN_ANSWER).sum().clamp_min(1)
            summed = functional.cross_entropy(
                logits, targets, ignore_index=UNKNOWN_ANSWER, reduction="sum"
            )
            return summed / known / self.usual
        weights = self.get_buffer("weights")[rows]
        each = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        return (each * weights).sum() / weights.sum().clamp_min(1) / self.usual


class AllGroups(nn.Module):
    """The sum of the losses of all groups."""

    def __init__(self, groups: Sequence[GroupLoss]) -> None:
        super().__init__()
        self.groups = nn.ModuleList(groups)

    def forward(self, embeddings: Tensor, rows: Tensor) -> Tensor:
        """Return the loss of a batch."""
        total = embeddings.new_zeros(())
        for group in self.groups:
            total = total + group(embeddings, rows)
        return total
