"""Losses photo by photo and label by label, before anything is weighed or added up."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from trainer.losses.settings import LossSettings

_TINY = 1e-8


def multi_losses(logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
    """Return the loss of each label of a multi group: float32 [N, L].

    Args:
        logits: [N, L].
        targets: float [N, L], 0 to 1.
        settings: which loss; `soft-f1` has none by itself.
    """
    if settings.smoothing:
        targets = targets * (1 - settings.smoothing) + 0.5 * settings.smoothing
    if settings.name == "asymmetric":
        return _asymmetric(logits, targets, settings)
    plain = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    if settings.name == "focal":
        said = torch.sigmoid(logits)
        wrong = targets * (1 - said) + (1 - targets) * said
        return plain * wrong.clamp_min(_TINY) ** settings.focus
    return plain


def single_losses(logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
    """Return the loss of each photo of a single group: float32 [N].

    Args:
        logits: [N, L].
        targets: float [N, L]; rows add up to 1, or are all 0 where nothing is known.
        settings: which loss.
    """
    if settings.smoothing:
        spread = settings.smoothing / targets.shape[1] * targets.sum(dim=1, keepdim=True)
        targets = targets * (1 - settings.smoothing) + spread
    logs = torch.log_softmax(logits, dim=1)
    if settings.name == "focal":
        logs = logs * (1 - logs.exp()).clamp_min(_TINY) ** settings.focus
    return -(targets * logs).sum(dim=1)


def _asymmetric(logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
    """Asymmetric loss: negatives that are easy, or below the margin, count little or nothing.

    The focusing weights carry no gradient, as its authors train it.
    """
    said = torch.sigmoid(logits)
    absent = (1 - said + settings.margin).clamp(max=1)
    positive = targets * functional.logsigmoid(logits)
    negative = (1 - targets) * absent.clamp_min(_TINY).log()
    with torch.no_grad():
        easy_positive = (1 - said).clamp_min(_TINY) ** settings.focus
        easy_negative = (1 - absent).clamp_min(_TINY) ** settings.focus_negative
    return -(positive * easy_positive + negative * easy_negative)
