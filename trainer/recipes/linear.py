"""Linear heads on features, fitted to the end; how freely is chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.examples import GroupExamples

Floats = NDArray[np.float32]

PENALTIES = (0.03, 0.01, 0.003, 0.001)
"""Of the squared weights at inputs of unit scale, beside a mean loss; tried from left to right,
each fit starting from the one before."""

FOLDS = 4
STEPS, FOLD_STEPS = 60, 25


@dataclass(frozen=True)
class LinearHead:
    """One group: logits = features @ weight + bias.

    Attributes:
        weight: float32 [D, L].
        bias: float32 [L].
        prior: float32 [L], logarithms of how often each answer of a single group occurs (0 in a
            multi group).
        penalty: that was chosen.
    """

    weight: Floats
    bias: Floats
    prior: Floats
    penalty: float

    def logits(self, features: Floats) -> Floats:
        """Return float32 [n, L]."""
        return features @ self.weight + self.bias


@dataclass(frozen=True)
class Scale:
    """Brings features to mean 0 and, over all numbers, unit scale."""

    mean: Floats
    size: float

    @classmethod
    def of(cls, features: Floats) -> Scale:
        """Measure float32 [n, D]."""
        mean = features.mean(axis=0)
        return cls(mean, float(np.sqrt(np.mean((features - mean) ** 2))) or 1.0)

    def apply(self, features: Floats) -> Tensor:
        """Return them scaled."""
        return torch.from_numpy((features - self.mean) / np.float32(self.size))


def fit_heads(
    groups: Sequence[GroupExamples], features: Floats, seed: int = 0
) -> dict[str, LinearHead]:
    """Fit every group, each with its own penalty by out-of-fold loss.

    Args:
        groups: what is known of the photos.
        features: float32 [photos, D].
        seed: of the folds.
    """
    scale = Scale.of(features)
    x = scale.apply(features)
    folds = np.random.default_rng(seed).permutation(len(features)) % FOLDS
    return {group.name: _fit_group(group, x, folds, scale) for group in groups}


def _fit_group(
    group: GroupExamples, x: Tensor, folds: NDArray[np.int64], scale: Scale
) -> LinearHead:
    losses = np.zeros(len(PENALTIES))
    for fold in range(FOLDS):
        inside, out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        problem, left = _Problem(group.only(inside)), _Problem(group.only(out))
        path = problem.path(x[inside], PENALTIES, FOLD_STEPS)
        losses += [float(left.loss(x[out] @ w + b)) * left.total for w, b in path]
    best = int(np.argmin(losses))
    problem = _Problem(group)
    weight, bias = problem.path(x, PENALTIES[: best + 1], STEPS)[-1]
    own = (weight / scale.size).numpy()
    return LinearHead(own, bias.numpy() - scale.mean @ own, log_prior(group), PENALTIES[best])


def log_prior(group: GroupExamples) -> Floats:
    """Return the logarithms of how often each answer of a single group occurs: float32 [L]."""
    if group.kind == "multi":
        return np.zeros(len(group.labels), np.float32)
    count = (group.targets * group.weights[:, None]).sum(axis=0) + 1
    return np.log(count / count.sum()).astype(np.float32)


class _Problem:
    """The loss of one group on some photos."""

    def __init__(self, group: GroupExamples) -> None:
        self.kind = group.kind
        self.targets = torch.from_numpy(group.targets)
        self.weights = torch.from_numpy(group.weights)
        self.total = max(1e-6, float(self.weights.sum()))

    def loss(self, logits: Tensor) -> Tensor:
        """Return the mean loss over what is known (of a multi group: per label)."""
        if self.kind == "single":
            each = -(self.targets * torch.log_softmax(logits, dim=1)).sum(dim=1)
        else:
            each = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, self.targets, reduction="none"
            )
        return (each * self.weights).sum() / self.total

    def path(
        self, x: Tensor, penalties: Sequence[float], steps: int
    ) -> list[tuple[Tensor, Tensor]]:
        """Fit for each penalty, from the largest on."""
        columns = self.targets.shape[1]
        weight = torch.zeros(x.shape[1], columns, requires_grad=True)
        bias = torch.zeros(columns, requires_grad=True)
        found = []
        share = columns if self.kind == "multi" else 1
        for penalty in penalties:
            optimiser = torch.optim.LBFGS(
                [weight, bias], max_iter=steps, history_size=10, line_search_fn="strong_wolfe"
            )

            def closure(
                penalty: float = penalty, optimiser: torch.optim.LBFGS = optimiser
            ) -> Tensor:
                optimiser.zero_grad()
                loss = self.loss(x @ weight + bias) * share + penalty * (weight**2).sum()
                loss.backward()
                return loss

            optimiser.step(closure)
            found.append((weight.detach().clone(), bias.detach().clone()))
        return found
