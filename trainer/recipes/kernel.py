"""Ridge regression with a Gaussian kernel on embeddings: close photos answer alike.

A few hundred photos are told apart better by their likeness than by a plane through their
embeddings, and the fit is one linear system, not a search (see Rifkin, Yeo & Poggio, "Regularized
least-squares classification", 2003). What comes out is brought to the scale of logits on photos
that the fit did not see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainer.examples import GroupExamples

Floats = NDArray[np.float32]

NARROWNESS = (0.5, 1.0, 2.0)
"""Of the kernel: exp(−narrowness · squared distance / mean squared distance)."""

RIDGES = (0.1, 0.3, 1.0)
MOST_ROWS = 6000
"""Beyond, the system takes longer than it is worth, and linear heads are as good."""

_CHOOSING_ROWS = 2000
_LEAST = 0.005
_SLOPES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)


class KernelHead(nn.Module):
    """Logits float [N, L] of embeddings [N, D], by their likeness to photos that are known.

    Attributes:
        known: float [n, D], embeddings of these photos.
        weights: float [n, L].
        base: float [L], the answer of a photo that is like none.
        slope, offset: float [L], from answers to logits.
        reach: float [], the squared distance at which likeness is 1/e.
        by_logarithm: float [], 1 where answers are turned into logits by their logarithm.
    """

    known: Tensor
    weights: Tensor
    base: Tensor
    slope: Tensor
    offset: Tensor
    reach: Tensor
    by_logarithm: Tensor

    def __init__(self, photos: int, width: int, labels: int) -> None:
        super().__init__()
        shapes = {
            "known": (photos, width),
            "weights": (photos, labels),
            **dict.fromkeys(("base", "slope", "offset"), (labels,)),
            "reach": (),
            "by_logarithm": (),
        }
        for name, shape in shapes.items():
            setattr(self, name, nn.Parameter(torch.zeros(shape), requires_grad=False))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        likeness = torch.exp(-(torch.cdist(x, self.known) ** 2) / self.reach)
        return self.logits(likeness @ self.weights + self.base)

    def logits(self, answers: Tensor) -> Tensor:
        """Return logits of answers, which are about 0 to 1."""
        if self.by_logarithm > 0:
            answers = answers.clamp_min(_LEAST).log()
        return answers * self.slope + self.offset


@dataclass(frozen=True)
class KernelFit:
    """The head of one group and float32 [rows, L], its logits of photos that it did not see."""

    head: KernelHead
    out_of_fold: Floats


@dataclass(frozen=True)
class _Block:
    """Groups that are known of the same rows, solved together.

    Attributes:
        rows: int64, the rows known.
        targets: float [rows of all, labels of all groups of the block].
    """

    names: tuple[str, ...]
    rows: NDArray[np.int64]
    targets: Tensor


def fit_kernels(
    groups: Sequence[GroupExamples],
    features: Floats,
    folds: NDArray[np.int64],
    unsure: dict[str, NDArray[np.bool_]],
) -> dict[str, KernelFit]:
    """Fit every group; narrowness and ridge are those of the smallest squared error out of fold.

    Args:
        groups: what is known of the rows.
        features: float32 [rows, D].
        folds: int64 [rows], the fold of each.
        unsure: bool [rows, labels] by group, values that nothing is learned of.
    """
    x = torch.from_numpy(features)
    squared = torch.cdist(x, x) ** 2
    mean = float(squared.mean()) or 1.0
    blocks = list(_blocks(groups, unsure))
    few = np.random.default_rng(0).permutation(len(x))[:_CHOOSING_ROWS]
    errors = {}
    for narrow in NARROWNESS:
        kernel = torch.exp(-narrow * squared[few][:, few] / mean)
        for ridge in RIDGES:
            errors[narrow, ridge] = sum(
                _error(block, few, kernel, folds[few], ridge) for block in blocks
            )
    narrow, ridge = min(errors, key=lambda pair: errors[pair])
    kernel = torch.exp(-narrow * squared / mean)
    made: dict[str, KernelFit] = {}
    by_name = {group.name: group for group in groups}
    for block in blocks:
        crossed = _crossed(block.targets, block.rows, kernel, folds, ridge)
        weights, base = _solved(block.targets, block.rows, kernel, ridge)
        at = 0
        for name in block.names:
            group = by_name[name]
            own = slice(at, at := at + len(group.labels))
            head = KernelHead(len(block.rows), x.shape[1], len(group.labels))
            head.known.copy_(x[block.rows])
            head.weights.copy_(weights[:, own])
            head.base.copy_(base[own])
            head.reach.fill_(mean / narrow)
            head.by_logarithm.fill_(group.kind == "single")
            _calibrate(head, group, crossed[:, own])
            made[name] = KernelFit(head, head.logits(crossed[:, own]).numpy())
    return made


def _blocks(
    groups: Sequence[GroupExamples], unsure: dict[str, NDArray[np.bool_]]
) -> Iterator[_Block]:
    found: dict[bytes, list[GroupExamples]] = {}
    for group in groups:
        found.setdefault(_known(group).tobytes(), []).append(group)
    for several in found.values():
        rows = np.flatnonzero(_known(several[0]))
        if not len(rows):
            rows = np.arange(len(several[0]))
        targets = []
        for group in several:
            own = group.targets
            if group.name in unsure:
                own = np.where(unsure[group.name], own[rows].mean(axis=0), own)
            targets.append(torch.from_numpy(own.astype(np.float32)))
        yield _Block(tuple(g.name for g in several), rows, torch.cat(targets, dim=1))


def _known(group: GroupExamples) -> NDArray[np.bool_]:
    weights = group.weights if group.weights.ndim == 1 else group.weights.max(axis=1)
    return cast(NDArray[np.bool_], weights > 0)


def _solved(
    targets: Tensor, rows: NDArray[np.int64], kernel: Tensor, ridge: float
) -> tuple[Tensor, Tensor]:
    """Return float [rows, L], how much each photo counts, and float [L], the mean answer."""
    own = targets[rows]
    base = own.mean(dim=0)
    system = kernel[rows][:, rows] + ridge * torch.eye(len(rows))
    factor = torch.linalg.cholesky(system)
    return torch.cholesky_solve(own - base, factor), base


def _crossed(
    targets: Tensor,
    rows: NDArray[np.int64],
    kernel: Tensor,
    folds: NDArray[np.int64],
    ridge: float,
) -> Tensor:
    """Return answers out of fold: float [all rows, L]."""
    answers = torch.zeros_like(targets)
    for fold in np.unique(folds):
        out = np.flatnonzero(folds == fold)
        inside = rows[folds[rows] != fold]
        if not len(inside):
            answers[out] = targets[rows].mean(dim=0)
            continue
        weights, base = _solved(targets, inside, kernel, ridge)
        answers[out] = kernel[out][:, inside] @ weights + base
    return answers


def _error(
    block: _Block, few: NDArray[np.int64], kernel: Tensor, folds: NDArray[np.int64], ridge: float
) -> float:
    """Return the summed squared error of known rows among the few, out of fold."""
    targets = block.targets[few]
    rows = np.flatnonzero(np.isin(few, block.rows))
    if not len(rows):
        return 0.0
    answers = _crossed(targets, rows, kernel, folds, ridge)
    return float(((answers - targets)[rows] ** 2).sum())


def _calibrate(head: KernelHead, group: GroupExamples, answers: Tensor) -> None:
    """Set slope and offset by the log-loss of answers out of fold: float [rows, L]."""
    targets, weights = torch.from_numpy(group.targets), torch.from_numpy(group.weights)
    if head.by_logarithm > 0:
        logs = answers.clamp_min(_LEAST).log()
        losses = [
            float(-((targets * torch.log_softmax(slope * logs, 1)).sum(1) * weights).sum())
            for slope in _SLOPES
        ]
        head.slope.fill_(_SLOPES[int(np.argmin(losses))])
        return
    share = (targets.sum(dim=0) + 0.5) / (len(targets) + 1)
    usual = torch.logit(share)
    slope = torch.tensor(4.0, requires_grad=True)
    offset = (usual - 4 * share).clone().requires_grad_()
    optimiser = torch.optim.LBFGS([slope, offset], max_iter=40, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        logits = answers * slope + offset
        loss = (
            nn.functional.binary_cross_entropy_with_logits(
                logits, targets, weights, reduction="sum"
            )
            + ((offset - usual) ** 2).sum() * 0.1
        )
        loss.backward()
        return loss

    optimiser.step(closure)
    head.slope.fill_(max(0.1, float(slope.detach())))
    head.offset.copy_(offset.detach())
