"""Fit one group: the path over regularisations, out-of-fold scores, the choice, the final fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trainer.quick.basis import Floats
from trainer.quick.losses import Logistic, Softmax
from trainer.quick.solver import Problem, Weights, first_weights, minimise
from trainer.quick.task import GroupTask

FREEDOMS = (0.002, 0.004, 0.008, 0.016)
"""How freely weights may differ from 0 (scikit-learn's C at inputs of unit scale), coarse. Where
labels are common the least wins, where they are rare the greatest (cross-validated on everyday)."""

ROOT_START = 0.5
ROOT_VARIANCE = 0.1
"""What is expected of `a`, the root's share: chosen by out-of-fold log-loss on everyday and
captions among 0, 0.5 and 1 with variances 0.01 to 0.1 (mAP of rare labels .29 → .36)."""

BIAS_VARIANCE = 100.0
REJECTED_BIAS_VARIANCE = 1.0

BLOCK = 384
"""Labels fitted together: bounds the memory of very large groups."""

FOLD_STEPS = 6
FINAL_STEPS = 40

CHOICE_VARIANCE = 0.2
"""Axes with less variance than this share of a number's mean are left out while choosing: on
everyday 667 of 1,280 do (out-of-fold mAP .5030 against .5038 in 0.6 of the time)."""

Freedom = float | NDArray[np.float32]
"""One for all columns, or float32 [L'], one for each."""

Tick = Callable[[float], None]
"""Told which share of the work is done."""


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
        return replace(
            self, x=np.ascontiguousarray(self.x[:, :count]), variances=self.variances[:count]
        )


def fit_path(
    task: GroupTask,
    inputs: GroupInputs,
    rows: NDArray[np.bool_],
    freedoms: Sequence[Freedom],
    weak: float,
    steps: int,
) -> list[Weights]:
    """Fit the chosen photos for each freedom, each fit starting from the one before.

    Args:
        task: what to learn.
        inputs: of all photos of the task.
        rows: bool [n], photos to fit on.
        freedoms: ascending.
        weak: weight of undecided pairs.
        steps: at most so many per fit.
    """
    own = inputs.rows(rows)
    if task.group.kind == "single":
        return _single_path(task, own, rows, freedoms, steps)
    weights = task.weights(weak)[rows]
    positive = (task.targets == 1)[rows]
    blocks = []
    for at in range(0, len(task.labels), BLOCK):
        part = slice(at, at + BLOCK)
        free = [f[part] if isinstance(f, np.ndarray) else f for f in freedoms]
        blocks.append(_multi_path(task, own, positive, weights, part, free, steps))
    return [_joined([block[at] for block in blocks]) for at in range(len(freedoms))]


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
    known = _known(task)[block]
    only_rejected = (true == 0) & known
    root = None if inputs.root is None else inputs.root[:, block] * known
    problem = Problem(
        x=inputs.x,
        variances=inputs.variances,
        root=root,
        penalty=np.ones_like(total),
        root_pull=(1 / (ROOT_VARIANCE * total)).astype(np.float32),
        root_start=np.where(known, np.where(only_rejected, 1, ROOT_START), 0).astype(np.float32),
        bias_pull=_bias_pull(only_rejected, total),
    )
    rate = np.clip(true / total, 0.2 / total, 1 - 0.2 / total)
    centre = np.zeros_like(rate) if root is None else (weights * root).sum(axis=0) / total
    bias = np.log(rate / (1 - rate)) - problem.root_start * centre
    start = first_weights(problem, np.where(only_rejected, 0, bias).astype(np.float32))
    return _path(problem, Logistic(positive, weights), start, total, freedoms, steps)


def _bias_pull(only_rejected: NDArray[np.bool_], total: Floats) -> Floats:
    variance = np.where(only_rejected, REJECTED_BIAS_VARIANCE, BIAS_VARIANCE)
    return (1 / (variance * total)).astype(np.float32)


def _single_path(
    task: GroupTask,
    inputs: GroupInputs,
    rows: NDArray[np.bool_],
    freedoms: Sequence[Freedom],
    steps: int,
) -> list[Weights]:
    answers, rejected = task.answers()
    answers, rejected = answers[rows], rejected[rows]
    classes = rejected.shape[1]
    count = np.bincount(answers[answers >= 0], minlength=classes).astype(np.float32)
    total = np.full(classes, max(1, len(answers)), np.float32)
    known = _known(task)
    root = None if inputs.root is None else inputs.root * known
    centre = np.zeros(classes, np.float32) if root is None else root.mean(axis=0)
    problem = Problem(
        x=inputs.x,
        variances=inputs.variances,
        root=None if root is None else root - centre,
        penalty=np.ones(classes, np.float32),
        root_pull=(1 / (ROOT_VARIANCE * total)).astype(np.float32),
        root_start=np.where(known, ROOT_START, 0).astype(np.float32),
        bias_pull=(1 / (BIAS_VARIANCE * total)).astype(np.float32),
    )
    bias = np.log((count + 0.2) / (count + 0.2).sum()).astype(np.float32)
    start = first_weights(problem, bias)
    path = _path(problem, Softmax(answers, rejected), start, total, freedoms, steps)
    for weights in path:  # from centred root logits to the root's own
        weights.b = weights.b - weights.a * centre
    return path


def _known(task: GroupTask) -> NDArray[np.bool_]:
    if task.root is not None:
        return task.root.known
    return np.zeros(task.columns, bool)


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
        found.append(Weights(start.w, start.b, start.a, start.start))
    return found


def _joined(blocks: Sequence[Weights]) -> Weights:
    return Weights(
        np.concatenate([block.w for block in blocks], axis=1),
        np.concatenate([block.b for block in blocks]),
        np.concatenate([block.a for block in blocks]),
        np.concatenate([block.start for block in blocks]),
    )


def cross_validate(
    task: GroupTask,
    inputs: GroupInputs,
    folds: NDArray[np.int64],
    weak: float,
    tick: Tick,
    freedoms: Sequence[Freedom] = FREEDOMS,
) -> NDArray[np.float32]:
    """Score every photo by fits that did not see it, for each freedom.

    Args:
        task: what to learn.
        inputs: of its photos.
        folds: int64 [n].
        weak: weight of undecided pairs.
        tick: told the share done.
        freedoms: to try, ascending.

    Returns:
        float32 [freedoms, n, L'], out-of-fold logits.
    """
    inputs = inputs.main_axes()
    logits = np.zeros((len(freedoms), len(inputs.x), task.columns), np.float32)
    count = int(folds.max()) + 1
    for fold in range(count):
        out = folds == fold
        path = fit_path(task, inputs, ~out, freedoms, weak, FOLD_STEPS)
        left = inputs.rows(out)
        for at, weights in enumerate(path):
            logits[at, out] = weights.logits(left.x, left.root)
        tick((fold + 1) / count)
    return logits


def log_losses(task: GroupTask, logits: Floats, weak: float) -> NDArray[np.float64]:
    """Return the summed log-loss of each column: float64 [L'] (single: the group's, repeated)."""
    if task.group.kind == "multi":
        weights = task.weights(weak)
        loss = np.logaddexp(0, logits) - (task.targets == 1) * logits
        return (weights * loss).sum(axis=0, dtype=np.float64)
    answers, rejected = task.answers()
    top = logits.max(axis=1, keepdims=True)
    log_p = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    known = answers >= 0
    own = -log_p[known, answers[known]].sum(dtype=np.float64)
    others = -np.log1p(-np.minimum(np.exp(log_p), 1 - 1e-6))[rejected].sum(dtype=np.float64)
    return np.full(logits.shape[1], own + others)


def choose_freedoms(task: GroupTask, losses: NDArray[np.float64]) -> NDArray[np.int64]:
    """Choose a freedom for each column: int64 [L'], index into the freedoms tried.

    By the label's own out-of-fold loss together with those of labels of like support: own loss
    alone is noise for a rare label, one choice for all cost .001–.004 mAP on everyday.

    Args:
        task: what was learned.
        losses: float64 [freedoms, L'].
    """
    if task.group.kind == "single":
        return losses.argmin(axis=0)
    support = task.positives
    size = np.log2(np.maximum(support, 1))
    alike = np.exp(-2.0 * (size[:, None] - size) ** 2)
    alike /= alike.sum(axis=1, keepdims=True)
    own = 4 * np.minimum(support, 200)[:, None] / 200
    return (alike @ losses.T + own * losses.T).argmin(axis=1)


def fit_final(
    task: GroupTask, inputs: GroupInputs, chosen: NDArray[np.int64], weak: float
) -> Weights:
    """Fit all photos, each column with its chosen freedom.

    Args:
        task: what to learn.
        inputs: of its photos.
        chosen: int64 [L'], index into `FREEDOMS`.
        weak: weight of undecided pairs.
    """
    everything = np.ones(len(inputs.x), bool)
    freedom = np.array(FREEDOMS, np.float32)[chosen]
    return fit_path(task, inputs, everything, [freedom], weak, FINAL_STEPS)[0]
