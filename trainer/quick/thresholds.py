"""From which score a label is suggested: fitted on out-of-fold scores, for three aims."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tagger.core.metrics import f_beta
from tagger.core.targets import POSITIVE
from tagger.core.thresholds import LOGIT_LIMIT
from trainer.quick.basis import Floats
from trainer.quick.task import GroupTask

AIMS: Mapping[str, float] = {"balanced": 1.0, "few_mistakes": 0.5, "miss_little": 2.0}
"""Operating points and the beta of the F-score each makes greatest."""

MOST_CLAIMS: Mapping[str, float] = {"balanced": 3.0, "few_mistakes": 1.5, "miss_little": 6.0}
"""Photos suggested at most, as a multiple of those confirmed. Where a label cannot be told from
the photos yet, F is greatest when everything is suggested, which helps nobody."""

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
        claims = _single_claims(task, logits, judging)
    else:
        claims = _multi_claims(task, logits, judging, weak)
    columns = [_Column(*claim) for claim in claims]
    every = _Column(
        np.concatenate([claim[0] for claim in claims]),
        np.concatenate([claim[1] for claim in claims]),
        np.concatenate([claim[2] for claim in claims]),
        sum(claim[3] for claim in claims),
    )
    return {aim: _shrunk(columns, every, beta, MOST_CLAIMS[aim]) for aim, beta in AIMS.items()}


_Claim = tuple[Floats, NDArray[np.floating], NDArray[np.floating], float]
"""Of one label: scores of its claims, weight of each that is right, weight of each, all truth."""


class _Column:
    """What is needed to choose one label's threshold, by falling score, equal scores together.

    Attributes:
        scores: float [steps], the distinct logits of what would be claimed.
        hits: float [steps], weight of right claims from there up.
        claims: float [steps], weight of all claims from there up.
        photos: int64 [steps], number of all claims from there up.
        true: weight of all that is true, claimed or not.
    """

    def __init__(
        self, scores: Floats, hits: NDArray[np.floating], weights: NDArray[np.floating], true: float
    ) -> None:
        order = np.argsort(-scores, kind="stable")
        ordered = scores[order]
        ends = np.append(ordered[1:] != ordered[:-1], True) if len(order) else np.zeros(0, bool)
        self.scores = ordered[ends]
        self.hits = np.cumsum(hits[order], dtype=np.float64)[ends]
        self.claims = np.cumsum(weights[order], dtype=np.float64)[ends]
        self.photos = np.flatnonzero(ends) + 1
        self.true = true


def _multi_claims(
    task: GroupTask, logits: Floats, judging: NDArray[np.bool_], weak: float
) -> list[_Claim]:
    weights = task.weights(weak)
    positive = task.targets == POSITIVE
    claims: list[_Claim] = []
    for at in range(len(task.labels)):
        rows = np.flatnonzero(judging & (weights[:, at] > 0))
        hits = weights[rows, at] * positive[rows, at]
        claims.append((logits[rows, at], hits, weights[rows, at], float(hits.sum())))
    return claims


def _single_claims(task: GroupTask, logits: Floats, judging: NDArray[np.bool_]) -> list[_Claim]:
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
    claims: list[_Claim] = []
    for at in range(len(task.labels)):
        own = best == at
        hits = (answers[own] == at).astype(float)
        claims.append((claim[own], hits, np.ones(len(hits)), float((answers == at).sum())))
    return claims


def _shrunk(
    columns: list[_Column], group: _Column, beta: float, most: float
) -> NDArray[np.float64]:
    common = _best_threshold(group, beta, most)
    if common is None:
        return np.zeros(len(columns))
    found = []
    for column in columns:
        own = _best_threshold(column, beta, most)
        n = 0.0 if own is None else column.true
        found.append((n * (own or 0.0) + SHRINK * common) / (n + SHRINK))
    return np.clip(np.array(found, np.float64), -LOGIT_LIMIT, LOGIT_LIMIT)


def _best_threshold(column: _Column, beta: float, most: float) -> float | None:
    """Return the logit of the greatest F-beta, halfway to the next score; None without truth.

    At most `most` times as many photos are claimed as are true; one more is always allowed.
    """
    if column.true <= 0 or not len(column.scores) or column.hits[-1] <= 0:
        return None
    allowed = max(1, int(np.searchsorted(column.photos, most * column.true + 1, side="right")))
    hits, claims = column.hits[:allowed], column.claims[:allowed]
    best = int(np.nan_to_num(f_beta(hits, claims, column.true, beta)).argmax())
    below = best + 1
    next_score = column.scores[below] if below < len(column.scores) else column.scores[best] - 1
    return float(column.scores[best] + next_score) / 2
