"""One group as a problem for the solver: penalties, priors, starting points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trainer.quick.basis import Floats
from trainer.quick.cores import cores, shared_out
from trainer.quick.losses import Logistic, Softmax
from trainer.quick.solver import Problem, Weights, first_weights, minimise
from trainer.quick.task import WEAK_WEIGHT, GroupTask

BLOCK = 384
"""Labels fitted together: bounds the memory of very large groups."""

CHOICE_VARIANCE = 0.2
"""Axes with less variance than this share of a number's mean are left out while choosing: on
everyday 667 of 1,280 do (out-of-fold mAP .5030 against .5038 in 0.6 of the time)."""

FREE_BIAS = 100.0
"""Variance of the bias where the root says nothing."""

Freedom = float | NDArray[np.float32]
"""One for all columns, or float32 [L'], one for each."""


@dataclass(frozen=True)
class Prior:
    """What is expected of a column that the root knows: z = a · root + x W + b.

    Attributes:
        share, share_variance: of `a`.
        bias_variance: of `b` around 0, the root's own.
    """

    share: float
    share_variance: float
    bias_variance: float


MULTI = Prior(0.7, 0.1, 9.0)
"""Log-loss on photos not fitted, everyday and captions with 40 to 3,200 photos: never more than
1 % behind the best of nine priors; without a root .29 instead of .36 mAP for rare labels."""

REJECTED = Prior(1.0, 0.1, 1.0)
"""For a label that was only ever rejected: near the root as it is."""

TRUSTING = Prior(1.0, 0.02, 0.25)
"""Single groups. After 6 confirmations of one breed breeds are still told apart (.82; with a free
bias every dog would be that breed), after 40 of different ones .81."""

DOUBTING = Prior(0.5, 0.1, FREE_BIAS)
"""Single groups with enough photos to doubt the root (garments .711 instead of .702)."""


@dataclass(frozen=True)
class Setting:
    """What is chosen for a group as a whole.

    Attributes:
        weak: weight of undecided pairs (multi).
        single: prior of the root (single).
    """

    weak: float = WEAK_WEIGHT
    single: Prior = TRUSTING


@dataclass(frozen=True)
class GroupInputs:
    """The photos of one task as the solver takes them.

    Attributes:
        x: float32 [n, K], coordinates.
        variances: float32 [K].
        root: float32 [n, L'], the root's logits, or None.
    """

    x: Floats
    variances: Floats
    root: Floats | None

    def rows(self, kept: NDArray[np.bool_]) -> GroupInputs:
        """Return the inputs of the chosen photos."""
        root = None if self.root is None else self.root[kept]
        return GroupInputs(self.x[kept], self.variances, root)

    def main_axes(self) -> GroupInputs:
        """Return the inputs without the axes that hardly vary."""
        count = max(1, int((self.variances >= CHOICE_VARIANCE).sum()))
        x = np.ascontiguousarray(self.x[:, :count])
        return replace(self, x=x, variances=self.variances[:count])


def fit_path(
    task: GroupTask,
    inputs: GroupInputs,
    rows: NDArray[np.bool_],
    freedoms: Sequence[Freedom],
    setting: Setting,
    steps: int,
    spread: bool = False,
) -> list[Weights]:
    """Fit the chosen photos for each freedom, each fit starting from the one before.

    Args:
        task: what to learn.
        inputs: of all photos of the task.
        rows: bool [n], photos to fit on.
        freedoms: ascending; how freely weights may differ from 0.
        setting: what else was chosen.
        steps: at most so many per fit.
        spread: share the labels of a multi group out among the cores.
    """
    own = inputs.rows(rows)
    if task.group.kind == "single":
        return _single_path(task, own, rows, freedoms, setting.single, steps)
    weights = task.weights(setting.weak)[rows]
    positive = (task.targets == 1)[rows]
    size = min(BLOCK, -(-len(task.labels) // cores())) if spread else BLOCK

    def one(at: int) -> list[Weights]:
        part = slice(at, at + size)
        free = [f[part] if isinstance(f, np.ndarray) else f for f in freedoms]
        return _multi_path(task, own, positive, weights, part, free, steps)

    starts = range(0, len(task.labels), size)
    blocks = list(shared_out(one, starts) if spread else map(one, starts))
    return [_joined([block[at] for block in blocks]) for at in range(len(freedoms))]


def known_columns(task: GroupTask) -> NDArray[np.bool_]:
    """Say which columns the root knows: bool [L']."""
    if task.root is not None:
        return task.root.known
    return np.zeros(task.columns, bool)


def _multi_path(
    task: GroupTask,
    inputs: GroupInputs,
    positive: NDArray[np.bool_],
    weights: Floats,
    block: slice,
    freedoms: Sequence[Freedom],
    steps: int,
) -> list[Weights]:
    positive, weights = positive[:, block], weights[:, block]
    total = np.maximum(weights.sum(axis=0), 1).astype(np.float32)
    true = (weights * positive).sum(axis=0)
    known = known_columns(task)[block]
    rejected = (true == 0) & known
    root = None if inputs.root is None else inputs.root[:, block] * known
    share = known * np.where(rejected, REJECTED.share, MULTI.share)
    spread = np.where(rejected, REJECTED.bias_variance, MULTI.bias_variance)
    rate = np.clip(true / total, 0.2 / total, 1 - 0.2 / total)
    usual = np.log(rate / (1 - rate))
    problem = Problem(
        x=inputs.x,
        variances=inputs.variances,
        root=root,
        penalty=np.ones_like(total),
        root_pull=(1 / (MULTI.share_variance * total)).astype(np.float32),
        root_start=share.astype(np.float32),
        bias_pull=(1 / (np.where(known, spread, FREE_BIAS) * total)).astype(np.float32),
        bias_start=np.where(known, 0, usual).astype(np.float32),
    )
    mean = np.zeros_like(rate) if root is None else (weights * root).sum(axis=0) / total
    guess = np.where(rejected, 0, usual - share * mean)
    start = first_weights(problem, guess.astype(np.float32))
    return _path(problem, Logistic(positive, weights), start, total, freedoms, steps)


def _single_path(
    task: GroupTask,
    inputs: GroupInputs,
    rows: NDArray[np.bool_],
    freedoms: Sequence[Freedom],
    prior: Prior,
    steps: int,
) -> list[Weights]:
    answers, rejected = task.answers()
    answers, rejected = answers[rows], rejected[rows]
    classes = rejected.shape[1]
    total = np.full(classes, max(1, len(answers)), np.float32)
    known = known_columns(task)
    root = None if inputs.root is None or not known.any() else inputs.root * known
    share = (known * prior.share).astype(np.float32)
    bias = _class_biases(answers, classes, known, None if root is None else share * root)
    spread = np.where(known, prior.bias_variance, FREE_BIAS)
    problem = Problem(
        x=inputs.x,
        variances=inputs.variances,
        root=root,
        penalty=np.ones(classes, np.float32),
        root_pull=(1 / (prior.share_variance * total)).astype(np.float32),
        root_start=share,
        bias_pull=(1 / (spread * total)).astype(np.float32),
        bias_start=bias,
    )
    start = first_weights(problem, bias)
    return _path(problem, Softmax(answers, rejected), start, total, freedoms, steps)


def _class_biases(
    answers: NDArray[np.int64], classes: int, known: NDArray[np.bool_], shares: Floats | None
) -> Floats:
    """Return where the biases of classes start: 0 where the root knows the class.

    A class the root does not know starts as large beside those it knows as its count says.
    """
    count = np.bincount(answers[answers >= 0], minlength=classes) + 0.2
    if shares is None:
        return np.log(count / count.sum()).astype(np.float32)
    usual = shares[:, known]
    top = usual.max(axis=1, keepdims=True)
    level = float(np.mean(top[:, 0] + np.log(np.exp(usual - top).sum(axis=1))))
    beside = level + np.log(count / count[known].sum())
    return np.where(known, 0, beside).astype(np.float32)


def _path(
    problem: Problem,
    loss: Logistic | Softmax,
    start: Weights,
    total: Floats,
    freedoms: Sequence[Freedom],
    steps: int,
) -> list[Weights]:
    found: list[Weights] = []
    for freedom in freedoms:
        problem.penalty = (1 / (np.asarray(freedom, np.float32) * total)).astype(np.float32)
        start = minimise(problem, loss, start, steps=steps)
        found.append(start)
    return found


def _joined(blocks: Sequence[Weights]) -> Weights:
    return Weights(
        np.concatenate([block.w for block in blocks], axis=1),
        np.concatenate([block.b for block in blocks]),
        np.concatenate([block.a for block in blocks]),
    )
