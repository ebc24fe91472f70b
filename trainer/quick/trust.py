"""How far each label of a multi group trusts the root: as far as that helps on unseen photos.

A label is fitted twice, with the root's opinion as prior and without it, and both fits are
averaged. The root counts the more, the surer it is that photos left out are told better with it:
the weight is the probability that the difference of log-loss is not chance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tagger.core.targets import POSITIVE
from tagger.core.thresholds import sigmoid
from trainer.quick.basis import Floats
from trainer.quick.fitting import (
    Tick,
    choose_freedoms,
    cross_validate,
    fit_final,
    log_losses,
    pair_losses,
)
from trainer.quick.problems import GroupInputs, Setting, known_columns
from trainer.quick.solver import Weights
from trainer.quick.task import GroupTask

_PROBIT = 1.702
"""A logistic curve of this slope is nearly the normal distribution's."""


@dataclass(frozen=True)
class Trust:
    """What is taken of the fit with the root.

    Attributes:
        share: float32 [L'], of the fit with the root; the rest is that of the fit without it.
        labels: int64, columns that are fitted without the root too.
        chosen: int64, the freedom of each in the fit without it.
    """

    share: Floats
    labels: NDArray[np.int64]
    chosen: NDArray[np.int64]


def whole_trust(columns: int) -> Trust:
    """Return the trust of labels that are fitted with the root alone."""
    none = np.zeros(0, np.int64)
    return Trust(np.ones(columns, np.float32), none, none)


def doubted(task: GroupTask) -> NDArray[np.int64]:
    """Return the labels of a multi group that may do without the root: int64.

    One that was never confirmed cannot: nothing but the root says what it looks like.
    """
    if task.group.kind == "single":
        return np.zeros(0, np.int64)
    return np.flatnonzero(known_columns(task) & (task.positives > 0))


def weigh_root(
    task: GroupTask,
    inputs: GroupInputs,
    folds: NDArray[np.int64],
    free: NDArray[np.bool_],
    setting: Setting,
    rooted: Floats,
    tick: Tick,
) -> tuple[Trust, Floats]:
    """Find how far each label trusts the root.

    Args:
        task: what to learn.
        inputs: of its photos.
        folds: int64 [n].
        free: bool [n], photos whose logits are free of leaks.
        setting: what else was chosen.
        rooted: float32 [n, L'], out-of-fold logits with the root.
        tick: told the share done.

    Returns:
        the trust, and out-of-fold logits of both fits together, float32 [n, L'].
    """
    labels = doubted(task)
    if not len(labels):
        return whole_trust(task.columns), rooted
    bare, own = _without_root(task, inputs, labels)
    logits = cross_validate(bare, own, folds, setting, tick)
    judged = bare.only(free)
    losses = np.stack([log_losses(judged, scores[free], setting.weak) for scores in logits])
    chosen = choose_freedoms(bare, losses)
    alone = np.take_along_axis(logits, chosen[None, None, :], axis=0)[0]
    share = np.ones(task.columns, np.float32)
    share[labels] = _likely_better(judged, rooted[free][:, labels], alone[free], setting.weak)
    both = rooted.copy()
    both[:, labels] = share[labels] * rooted[:, labels] + (1 - share[labels]) * alone
    return Trust(share, labels, chosen), both


def fit_trusting(
    task: GroupTask,
    inputs: GroupInputs,
    chosen: NDArray[np.int64],
    setting: Setting,
    trust: Trust,
) -> Weights:
    """Fit all photos with the root and without it, and average as far as it is trusted.

    Args:
        task: what to learn.
        inputs: of its photos.
        chosen: int64 [L'], freedoms of the fit with the root.
        setting: what else was chosen.
        trust: of each label.
    """
    weights = fit_final(task, inputs, chosen, setting)
    if not len(trust.labels):
        return weights
    bare, own = _without_root(task, inputs, trust.labels)
    alone = fit_final(bare, own, trust.chosen, setting)
    part = 1 - trust.share[trust.labels]
    mixed = Weights(weights.w * trust.share, weights.b * trust.share, weights.a * trust.share)
    mixed.w[:, trust.labels] += part * alone.w
    mixed.b[trust.labels] += part * alone.b
    return mixed


def _without_root(
    task: GroupTask, inputs: GroupInputs, labels: NDArray[np.int64]
) -> tuple[GroupTask, GroupInputs]:
    return replace(task.with_labels(labels), root=None), replace(inputs, root=None)


def _likely_better(task: GroupTask, rooted: Floats, alone: Floats, weak: float) -> Floats:
    """Return the probability that a label is told better with the root: float32 [L]."""
    weights, true = task.weights(weak), task.targets == POSITIVE
    lost = pair_losses(rooted, true, weights) - pair_losses(alone, true, weights)
    error = lost.std(axis=0) * np.sqrt(len(lost))
    gain = np.divide(-lost.sum(axis=0), error, out=np.zeros(lost.shape[1]), where=error > 0)
    return sigmoid(_PROBIT * gain)
