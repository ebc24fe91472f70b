"""Linear heads on features, fitted to the end; how freely is chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.examples import GroupExamples

Floats = NDArray[np.float32]

PENALTIES = (0.2, 0.1, 0.03, 0.01)
"""Of the squared weights at inputs of unit scale, beside a mean loss; tried from left to right,
each fit starting from the one before."""

STEPS, FOLD_STEPS = 50, 20
_FAR = -1e4


@dataclass(frozen=True)
class LinearHead:
    """One group: logits = features @ weight + bias.

    Attributes:
        weight: float32 [D, L].
        bias: float32 [L].
        penalty: that was chosen.
        out_of_fold: float32 [rows, L], logits of each row by a fit that saw none of its photo.
    """

    weight: Floats
    bias: Floats
    penalty: float
    out_of_fold: Floats

    def logits(self, features: Floats) -> Floats:
        """Return float32 [n, L]."""
        return features @ self.weight + self.bias


def fit_linear(
    groups: Sequence[GroupExamples],
    features: Floats,
    folds: NDArray[np.int64],
    unsure: Mapping[str, NDArray[np.bool_]],
) -> dict[str, LinearHead]:
    """Fit all groups at once, each with its own penalty by out-of-fold loss.

    Args:
        groups: what is known of the rows.
        features: float32 [rows, D].
        folds: int64 [rows], the fold of each.
        unsure: bool [rows, labels] by group, values that take no part in a row's softmax.
    """
    mean = features.mean(axis=0)
    size = np.float32(np.sqrt(np.mean((features - mean) ** 2))) or np.float32(1)
    x = torch.from_numpy((features - mean) / size)
    losses = np.zeros((len(PENALTIES), len(groups)))
    crossed = [np.zeros((len(PENALTIES), *group.targets.shape), np.float32) for group in groups]
    for fold in np.unique(folds):
        inside, out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if not len(inside):
            continue
        left = _Problem(groups, out, unsure)
        for at, fitted in enumerate(
            _Problem(groups, inside, unsure).path(x[inside], PENALTIES, FOLD_STEPS)
        ):
            logits = fitted.logits(x[out])
            losses[at] += [float(loss) for loss in left.sums(logits)]
            for own, z in zip(crossed, logits, strict=True):
                own[at, out] = z.numpy()
    best = losses.argmin(axis=0)
    path = _Problem(groups, np.arange(len(x)), unsure).path(
        x, PENALTIES[: int(best.max()) + 1], STEPS
    )
    made = {}
    for column, group in enumerate(groups):
        at = int(best[column])
        weight, bias = (one.numpy() for one in path[at].group(column))
        own = (weight / size).astype(np.float32)
        made[group.name] = LinearHead(
            own, (bias - mean @ own).astype(np.float32), PENALTIES[at], crossed[column][at].copy()
        )
    return made


def log_prior(group: GroupExamples) -> Floats:
    """Return the logarithms of how often each answer of a single group occurs: float32 [L]."""
    if group.kind == "multi":
        return np.zeros(len(group.labels), np.float32)
    count = (group.targets * group.weights[:, None]).sum(axis=0) + 1
    return np.log(count / count.sum()).astype(np.float32)


@dataclass(frozen=True)
class _Fitted:
    """Weights float [D, labels of all groups], biases, and how many labels each group has."""

    weight: Tensor
    bias: Tensor
    counts: list[int]

    def logits(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return logits float [n, L], group by group."""
        return (x @ self.weight + self.bias).split(self.counts, dim=1)

    def group(self, at: int) -> tuple[Tensor, Tensor]:
        """Return weight and bias of one group."""
        weights = self.weight.split(self.counts, dim=1)
        return weights[at], self.bias.split(self.counts)[at]


class _Problem:
    """The losses of all groups on some rows."""

    def __init__(
        self,
        groups: Sequence[GroupExamples],
        rows: NDArray[np.int64],
        unsure: Mapping[str, NDArray[np.bool_]],
    ) -> None:
        self.groups = [group.only(rows) for group in groups]
        self.counts = [len(group.labels) for group in groups]
        self.targets = [torch.from_numpy(group.targets) for group in self.groups]
        self.weights = [torch.from_numpy(group.weights) for group in self.groups]
        self.totals = [max(1e-6, float(weights.sum())) for weights in self.weights]
        self.unsure = [
            torch.from_numpy(unsure[group.name][rows]) if group.name in unsure else None
            for group in groups
        ]

    def sums(self, logits: Sequence[Tensor]) -> list[Tensor]:
        """Return the summed loss of each group."""
        losses = []
        for group, z, target, weight, unsure in zip(
            self.groups, logits, self.targets, self.weights, self.unsure, strict=True
        ):
            if unsure is not None:
                z = z.masked_fill(unsure, _FAR)
            if group.kind == "single":
                each = -(target * torch.log_softmax(z, dim=1)).sum(dim=1)
            else:
                each = torch.nn.functional.binary_cross_entropy_with_logits(
                    z, target, reduction="none"
                )
            losses.append((each * weight).sum())
        return losses

    def path(self, x: Tensor, penalties: Sequence[float], steps: int) -> list[_Fitted]:
        """Fit for each penalty, from the largest on."""
        weight = torch.zeros(x.shape[1], sum(self.counts), requires_grad=True)
        bias = torch.zeros(sum(self.counts), requires_grad=True)
        shares = [
            count / total if group.kind == "multi" else 1 / total
            for group, count, total in zip(self.groups, self.counts, self.totals, strict=True)
        ]
        found = []
        for penalty in penalties:
            optimiser = torch.optim.LBFGS(
                [weight, bias], max_iter=steps, history_size=10, line_search_fn="strong_wolfe"
            )

            def closure(
                penalty: float = penalty, optimiser: torch.optim.LBFGS = optimiser
            ) -> Tensor:
                optimiser.zero_grad()
                logits = (x @ weight + bias).split(self.counts, dim=1)
                losses = zip(shares, self.sums(logits), strict=True)
                loss = penalty * (weight**2).sum()
                for share, own in losses:
                    loss = loss + share * own
                loss.backward()
                return loss

            optimiser.step(closure)
            found.append(_Fitted(weight.detach().clone(), bias.detach().clone(), self.counts))
        return found
