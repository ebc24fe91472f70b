"""From which score a label is suggested: fitted on out-of-fold scores, for three aims."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tagger.core.targets import POSITIVE
from tagger.core.thresholds import LOGIT_LIMIT
from trainer.quick.basis import Floats
from trainer.quick.task import GroupTask

AIMS: Mapping[str, float] = {"balanced": 1.0, "few_mistakes": 0.5, "miss_little": 2.0}
"""Operating points and the beta of the F-score each makes greatest."""

SHRINK = 10
"""A label's own threshold counts as much as its group's at this many positives."""


def fit_thresholds(
    task: GroupTask, logits: Floats, judging: NDArray[np.bool_], weak: float
) -> dict[str, NDArray[np.float64]]:
    """Return thresholds in logits for every aim: float64 [L] each.

    t = (n · t̂ + 10 · t_group) / (n + 10), where n is the label's number of positives.

    Args:
        task: what was learned.
        logits: float32 [n, L'], calibrated, out of fold.
        judging: bool [n], photos whose logits are free of leaks.
        weak: weight of undecided pairs.
    """
    if task.group.kind == "single":
        columns = _single_columns(task, logits, judging)
    else:
        columns = _multi_columns(task, logits, judging, weak)
    return {aim: _shrunk(columns, beta) for aim, beta in AIMS.items()}


class _Column:
    """What is needed to choose one label's threshold: what it would claim, and what is true.

    Attributes:
        scores: float [claims], logits.
        hits: float [claims], weight of the claim where it is right, else 0.
        weights: float [claims].
        true: weight of all that is true, claimed or not.
    """

    def __init__(
        self, scores: Floats, hits: NDArray[np.floating], weights: NDArray[np.floating], true: float
    ) -> None:
        self.scores, self.hits, self.weights, self.true = scores, hits, weights, true


def _multi_columns(
    task: GroupTask, logits: Floats, judging: NDArray[np.bool_], weak: float
) -> list[_Column]:
    weights = task.weights(weak)
    positive = task.targets == POSITIVE
    columns = []
    for at in range(len(task.labels)):
        rows = np.flatnonzero(judging & (weights[:, at] > 0))
        hits = weights[rows, at] * positive[rows, at]
        columns.append(_Column(logits[rows, at], hits, weights[rows, at], float(hits.sum())))
    return columns


def _single_columns(task: GroupTask, logits: Floats, judging: NDArray[np.bool_]) -> list[_Column]:
    """A single group claims its best label only, with the logit of that label's probability."""
    answers, _ = task.answers()
    rows = np.flatnonzero((answers >= 0) & judging)
    z, answers = logits[rows], answers[rows]
    top = z.max(axis=1, keepdims=True)
    p = np.exp(z - top)
    p = (p / p.sum(axis=1, keepdims=True))[:, : len(task.labels)]
    best = p.argmax(axis=1) if len(rows) else np.zeros(0, np.int64)
    score = p[np.arange(len(rows)), best]
    claim = np.log(np.maximum(score, 1e-7)) - np.log(np.maximum(1 - score, 1e-7))
    columns = []
    for at in range(len(task.labels)):
        own = best == at
        hits = (answers[own] == at).astype(float)
        columns.append(_Column(claim[own], hits, np.ones(len(hits)), float((answers == at).sum())))
    return columns


def _shrunk(columns: list[_Column], beta: float) -> NDArray[np.float64]:
    group = _best_threshold(_all_of(columns), beta)
    found = []
    for column in columns:
        own = _best_threshold(column, beta)
        if own is None or group is None:
            found.append(0.0 if group is None else group)
        else:
            found.append((column.true * own + SHRINK * group) / (column.true + SHRINK))
    return np.clip(np.array(found, np.float64), -LOGIT_LIMIT, LOGIT_LIMIT)


def _all_of(columns: list[_Column]) -> _Column:
    return _Column(
        np.concatenate([column.scores for column in columns]),
        np.concatenate([column.hits for column in columns]),
        np.concatenate([column.weights for column in columns]),
        sum(column.true for column in columns),
    )


def _best_threshold(column: _Column, beta: float) -> float | None:
    """Return the logit of the greatest F-beta, halfway to the next score; None without truth."""
    if column.true <= 0 or not len(column.scores) or column.hits.max() <= 0:
        return None
    order = np.argsort(-column.scores, kind="stable")
    scores = column.scores[order]
    ends = np.append(scores[1:] != scores[:-1], True)
    hits = np.cumsum(column.hits[order])[ends]
    claims = np.cumsum(column.weights[order])[ends]
    quality = (1 + beta**2) * hits / (beta**2 * column.true + claims)
    distinct = scores[ends]
    best = int(quality.argmax())
    below = distinct[best + 1] if best + 1 < len(distinct) else distinct[best] - 1.0
    return float(distinct[best] + below) / 2
