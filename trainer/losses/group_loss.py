"""The loss of one group: which targets count how much, and the sum that a batch adds."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tagger.core.errors import TaggerError
from trainer.examples import GroupExamples
from trainer.losses.elementwise import multi_losses, single_losses
from trainer.losses.settings import LossSettings
from trainer.losses.soft_f1 import soft_f1_loss

_LEAST_RATE = 1e-4
_LEAST_USUAL = 1e-3


class LossError(TaggerError):
    """A loss does not fit the kind of group."""


class GroupLoss(nn.Module):
    """Adds up the loss of a group over the photos of a batch.

    What is to be learned lies in buffers [photos, labels]; a batch names its rows. The batch's
    mean is `sum / total`, where `total` counts all parts of the batch together, however they are
    spread over processes and steps; so the pieces of a batch add up to the whole.
    """

    targets: Tensor
    weights: Tensor
    balance: Tensor

    def __init__(self, group: GroupExamples, settings: LossSettings, rows: NDArray) -> None:
        """Prepare a group.

        Args:
            group: what is known of all photos.
            settings: which loss.
            rows: int64, the photos trained on, from which label frequencies are taken.

        Raises:
            LossError: the loss is not for this kind of group.
        """
        super().__init__()
        if group.kind == "single" and settings.name in ("asymmetric", "soft-f1"):
            raise LossError(
                f"The loss {settings.name} is for groups in which several labels can be true, "
                f"which “{group.name}” is not."
            )
        self.name, self.kind, self.settings = group.name, group.kind, settings
        trained = group.only(rows)
        self.register_buffer("targets", torch.from_numpy(group.targets), persistent=False)
        self.register_buffer("weights", torch.from_numpy(group.weights), persistent=False)
        balance = torch.from_numpy(balance_weights(trained, settings))
        self.register_buffer("balance", balance, persistent=False)
        self.usual = usual_loss(trained) if settings.per_base_rate else 1.0

    @property
    def additive(self) -> bool:
        """Whether the loss of a batch is a sum over its photos."""
        return self.settings.name != "soft-f1"

    def total(self, rows: Tensor) -> Tensor:
        """Return what the photos `rows` (int64 [N]) count together: float32 []."""
        return self.weights[rows].sum()

    def forward(self, logits: Tensor, rows: Tensor, total: Tensor) -> Tensor:
        """Return what these photos add to the loss of the batch.

        Args:
            logits: [N, L].
            rows: int64 [N].
            total: of the whole batch, float32 [].
        """
        targets, weights = self.targets[rows], self.weights[rows]
        logits = logits.float()
        if not self.additive:
            return soft_f1_loss(logits, targets, weights) * self.settings.share
        if self.kind == "multi":
            each = multi_losses(logits, targets, self.settings)
            weights = weights * (targets * self.balance + 1 - targets)
        else:
            each = single_losses(logits, targets, self.settings)
            weights = weights * (targets @ self.balance)
        return (each * weights).sum() / total.clamp_min(1e-6) * self.settings.share / self.usual


def balance_weights(group: GroupExamples, settings: LossSettings) -> NDArray[np.float32]:
    """Return the weight of each label's positives: float32 [labels], mean 1 over known labels."""
    count = group.support.astype(np.float64)
    if settings.balance == "none":
        return np.ones(len(count), np.float32)
    some = np.maximum(count, 1)
    if settings.balance == "effective":
        beta = settings.effective
        some = (1 - beta**some) / (1 - beta)
    weights = np.where(count > 0, 1 / some, 0)
    weights *= max(1, (count > 0).sum()) / max(weights.sum(), 1e-12)
    return np.where(count > 0, weights, 1).astype(np.float32)


def usual_loss(group: GroupExamples) -> float:
    """Return the mean cross-entropy of a model that knows only how often each label occurs."""
    if group.kind == "single":
        count = (group.targets * group.weights[:, None]).sum(axis=0) + 1e-3
        share = count / count.sum()
        return max(_LEAST_USUAL, float(-(share * np.log(share)).sum()))
    total = group.weights.sum(axis=0)
    rate = (group.targets * group.weights).sum(axis=0) / np.maximum(total, 1)
    rate = np.clip(rate, _LEAST_RATE, 0.5)
    entropy = -(rate * np.log(rate) + (1 - rate) * np.log1p(-rate))
    return max(_LEAST_USUAL, float((entropy * total).sum() / max(total.sum(), 1e-6)))
