"""Linear heads on features, fitted to the end; how freely is chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.examples import MASKED, GroupExamples

Floats = NDArray[np.float32]

PENALTIES = (0.03, 0.01, 0.003, 0.001)
"""Of the squared weights at inputs of unit scale, beside a mean loss; tried from left to right,
each fit starting from the one before."""

FOLDS = 4
STEPS, FOLD_STEPS = 60, 25
_FAR = -1e4


@dataclass(frozen=True)
class LinearHead:
    """One group: logits = features @ weight + bias.

    Attributes:
        weight: float32 [D, L].
        bias: float32 [L].
        prior: float32 [L], logarithms of how often each answer of a single group occurs (0 in a
            multi group).
        penalty: that was chosen.
        right: share of known answers of a single group that are right out of fold.
        out_of_fold: float32 [rows, L], logits of each row by a fit that saw none of its photo.
    """

    weight: Floats
    bias: Floats
    prior: Floats
    penalty: float
    right: float
    out_of_fold: Floats

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
    groups: Sequence[GroupExamples],
    features: Floats,
    photos: NDArray[np.int64],
    seed: int = 0,
    unsure: Mapping[str, NDArray[np.bool_]] | None = None,
) -> dict[str, LinearHead]:
    """Fit every group, each with its own penalty by out-of-fold loss.

    Args:
        groups: what is known of the rows.
        features: float32 [rows, D].
        photos: int64 [rows], which photo a row is of; all rows of a photo are in one fold.
        seed: of the folds.
        unsure: bool [rows, labels] by group, values that take no part in a row's softmax.
    """
    scale = Scale.of(features)
    x = scale.apply(features)
    several, place = np.unique(photos, return_inverse=True)
    folds = (np.random.default_rng(seed).permutation(len(several)) % FOLDS)[place]
    masks = unsure or {}
    return {
        group.name: _fit_group(group, x, folds, scale, masks.get(group.name)) for group in groups
    }


def _fit_group(
    group: GroupExamples,
    x: Tensor,
    folds: NDArray[np.int64],
    scale: Scale,
    unsure: NDArray[np.bool_] | None,
) -> LinearHead:
    losses = np.zeros(len(PENALTIES))
    crossed = np.zeros((len(PENALTIES), *group.targets.shape), np.float32)
    answers = group.answers if group.kind == "single" else np.full(len(group), MASKED)
    for fold in range(FOLDS):
        inside, out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        problem, left = _Problem(group, inside, unsure), _Problem(group, out, unsure)
        said = [x[out] @ w + b for w, b in problem.path(x[inside], PENALTIES, FOLD_STEPS)]
        losses += [float(left.loss(z)) * left.total for z in said]
        crossed[:, out] = np.stack([z.numpy() for z in said])
    best = int(np.argmin(losses))
    problem = _Problem(group, np.arange(len(x)), unsure)
    weight, bias = problem.path(x, PENALTIES[: best + 1], STEPS)[-1]
    own = (weight / scale.size).numpy()
    return LinearHead(
        own,
        bias.numpy() - scale.mean @ own,
        log_prior(group),
        PENALTIES[best],
        float((crossed[best].argmax(axis=1) == answers).sum() / max(1, (answers >= 0).sum())),
        crossed[best],
    )


def log_prior(group: GroupExamples) -> Floats:
    """Return the logarithms of how often each answer of a single group occurs: float32 [L]."""
    if group.kind == "multi":
        return np.zeros(len(group.labels), np.float32)
    count = (group.targets * group.weights[:, None]).sum(axis=0) + 1
    return np.log(count / count.sum()).astype(np.float32)


class _Problem:
    """The loss of one group on some rows."""

    def __init__(
        self,
        whole: GroupExamples,
        rows: NDArray[np.int64],
        unsure: NDArray[np.bool_] | None,
    ) -> None:
        group = whole.only(rows)
        self.kind = group.kind
        self.unsure = None if unsure is None else torch.from_numpy(unsure[rows])
        self.targets = torch.from_numpy(group.targets)
        self.weights = torch.from_numpy(group.weights)
        self.total = max(1e-6, float(self.weights.sum()))

    def loss(self, logits: Tensor) -> Tensor:
        """Return the mean loss over what is known (of a multi group: per label)."""
        if self.unsure is not None:
            logits = logits.masked_fill(self.unsure, _FAR)
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
