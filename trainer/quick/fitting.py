"""Fit one group: out-of-fold scores, the choice of regularisation, the final fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tagger.core.targets import POSITIVE
from trainer.quick.basis import Floats
from trainer.quick.cores import shared_out
from trainer.quick.problems import Freedom, GroupInputs, Setting, fit_path
from trainer.quick.solver import Weights
from trainer.quick.task import GroupTask

FREEDOMS = (0.002, 0.004, 0.008, 0.016)
"""How freely weights may differ from 0 (scikit-learn's C at inputs of unit scale), coarse. Where
labels are common the least wins, where they are rare the greatest (cross-validated on everyday)."""

STEPS = 6
"""Of the solver, for each fit. What is left then are directions in which photos hardly vary: going
on to the optimum took twice the time and lost mAP (.5525 → .5510 on everyday, .6531 → .6506 on
captions, four and five folds)."""

Tick = Callable[[float], None]
"""Told which share of the work is done."""


def cross_validate(
    task: GroupTask,
    inputs: GroupInputs,
    folds: NDArray[np.int64],
    setting: Setting,
    tick: Tick,
    freedoms: Sequence[Freedom] = FREEDOMS,
) -> NDArray[np.float32]:
    """Score every photo by fits that did not see it, for each freedom.

    Args:
        task: what to learn.
        inputs: of its photos.
        folds: int64 [n].
        setting: what else was chosen.
        tick: told the share done.
        freedoms: to try, ascending.

    Returns:
        float32 [freedoms, n, L'], out-of-fold logits.
    """
    inputs = inputs.main_axes()
    logits = np.zeros((len(freedoms), len(inputs.x), task.columns), np.float32)
    count = int(folds.max()) + 1

    def one(fold: int) -> list[Floats]:
        out = folds == fold
        path = fit_path(task, inputs, ~out, freedoms, setting, STEPS)
        left = inputs.rows(out)
        return [weights.logits(left.x, left.root) for weights in path]

    for fold, found in enumerate(shared_out(one, range(count))):
        logits[:, folds == fold] = found
        tick((fold + 1) / count)
    return logits


def log_losses(task: GroupTask, logits: Floats, weak: float) -> NDArray[np.float64]:
    """Return the summed log-loss of each column: float64 [L'] (single: the group's, repeated)."""
    if task.group.kind == "multi":
        pairs = pair_losses(logits, task.targets == POSITIVE, task.weights(weak))
        return pairs.sum(axis=0, dtype=np.float64)
    answers, rejected = task.answers()
    top = logits.max(axis=1, keepdims=True)
    log_p = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    known = answers >= 0
    own = -log_p[known, answers[known]].sum(dtype=np.float64)
    others = -np.log1p(-np.minimum(np.exp(log_p), 1 - 1e-6))[rejected].sum(dtype=np.float64)
    return np.full(logits.shape[1], own + others)


def pair_losses(logits: Floats, true: NDArray[np.bool_], weights: Floats) -> Floats:
    """Return the weighted log-loss of every pair of a multi group: float32 [n, L]."""
    losses: Floats = np.logaddexp(np.float32(0), logits)
    losses -= true * logits
    losses *= weights
    return losses


def loss_a_photo(task: GroupTask, logits: Floats, weak: float) -> float:
    """Return the log-loss of a photo, mean over photos, for the curves."""
    losses = log_losses(task, logits, weak)
    whole = losses.sum() if task.group.kind == "multi" else losses[0]
    return float(whole) / max(1, len(logits))


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
    task: GroupTask, inputs: GroupInputs, chosen: NDArray[np.int64], setting: Setting
) -> Weights:
    """Fit all photos, each column with its chosen freedom.

    Args:
        task: what to learn.
        inputs: of its photos.
        chosen: int64 [L'], index into `FREEDOMS`.
        setting: what else was chosen.
    """
    everything = np.ones(len(inputs.x), bool)
    freedom = np.array(FREEDOMS, np.float32)[chosen]
    return fit_path(task, inputs, everything, [freedom], setting, STEPS, spread=True)[0]
