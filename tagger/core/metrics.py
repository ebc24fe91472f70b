"""How well scores match targets: average precision, F1, accuracy, with what is unknown left out.

Targets are int8 as in `tagger.core.targets`: 1 positive, 0 negative; −1 (unknown) and −2 (unsure)
do not count. Scores may be probabilities or logits; a score that is NaN does not count either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.core.targets import NEGATIVE, POSITIVE, UNKNOWN

Targets = NDArray[np.int8]
Scores = NDArray[np.floating]
Floats = NDArray[np.float64]

TRAINED_ENOUGH = 20
"""Training positives from which a label counts in `map`."""

JUDGED_ENOUGH = 3
"""Judged positives from which a label counts in `map`."""


@dataclass(frozen=True)
class FScores:
    """F1 of decisions against targets.

    Attributes:
        micro: over all judged pairs; NaN without one.
        macro: mean over labels with a judged positive; NaN without one.
        samples: mean over photos with a judged pair (0 where nothing is true and nothing said).
        labels: float64 [labels], NaN where neither a positive nor a decision is judged.
    """

    micro: float
    macro: float
    samples: float
    labels: Floats


def judged(targets: Targets, scores: Scores) -> Targets:
    """Return targets with `UNKNOWN` where there is no score."""
    return np.where(np.isnan(scores), UNKNOWN, targets).astype(np.int8)


def support(targets: Targets) -> NDArray[np.int64]:
    """Return the number of positives of each label: int64 [labels]."""
    return (targets == POSITIVE).sum(axis=0)


def average_precision(targets: Targets, scores: Scores) -> Floats:
    """Return the average precision of each label, ties shared as scikit-learn does.

    Args:
        targets: int8 [photos, labels].
        scores: float [photos, labels].

    Returns:
        float64 [labels]; NaN where a label has no judged positive.
    """
    targets = judged(targets, scores)
    columns = range(targets.shape[1])
    return np.array([_average_precision(targets[:, at], scores[:, at]) for at in columns])


def _average_precision(targets: Targets, scores: Scores) -> float:
    known = targets >= NEGATIVE
    positive, value = targets[known] == POSITIVE, scores[known]
    if not positive.any():
        return float("nan")
    order = np.argsort(-value, kind="stable")
    positive, value = positive[order], value[order]
    ends = np.append(value[1:] != value[:-1], True)
    true = np.cumsum(positive)[ends]
    precision = true / (np.flatnonzero(ends) + 1)
    return float(np.sum(np.diff(true, prepend=0) * precision) / true[-1])


def counts_in_map(
    targets: Targets, training_positives: NDArray[np.integer] | int
) -> NDArray[np.bool_]:
    """Say which labels count in `map`: enough training and judged positives, a judged negative.

    Args:
        targets: judged targets, int8 [photos, labels].
        training_positives: int [labels].
    """
    enough = np.asarray(training_positives) >= TRAINED_ENOUGH
    return enough & (support(targets) >= JUDGED_ENOUGH) & has_average_precision(targets)


def has_average_precision(targets: Targets) -> NDArray[np.bool_]:
    """Say which labels have a judged positive and a judged negative: bool [labels].

    Without a negative any order is perfect, so such a label says nothing of a model.
    """
    return (support(targets) > 0) & (targets == NEGATIVE).any(axis=0)


def mean_of(values: Floats, where: NDArray[np.bool_]) -> float:
    """Return the mean of the values chosen, NaN without any."""
    return float(np.mean(values[where])) if where.any() else float("nan")


def f_scores(targets: Targets, said: NDArray[np.bool_]) -> FScores:
    """Return F1 in its three means and by label.

    Args:
        targets: int8 [photos, labels].
        said: bool [photos, labels], where the label would be suggested.
    """
    known = targets >= NEGATIVE
    true = targets == POSITIVE
    said = said & known
    hits, claims = true & said, said
    labels = _f1(hits.sum(0), claims.sum(0), true.sum(0))
    total = float(_f1(hits.sum(), claims.sum(), true.sum()))
    photos = known.any(axis=1)
    by_photo = _f1(hits.sum(1), claims.sum(1), true.sum(1))[photos]
    return FScores(
        micro=float(np.nan_to_num(total)) if known.any() else float("nan"),
        macro=mean_of(labels, true.any(axis=0)),
        samples=float(np.mean(np.nan_to_num(by_photo))) if len(by_photo) else float("nan"),
        labels=labels,
    )


def f_beta(
    hits: NDArray[np.floating] | float,
    claims: NDArray[np.floating] | float,
    true: NDArray[np.floating] | float,
    beta: float = 1.0,
) -> Floats:
    """Return F-beta from counts (which may be weighted): NaN where nothing is true or claimed.

    Args:
        hits: claimed and true.
        claims: claimed.
        true: true.
        beta: above 1 recall weighs more, below 1 precision.
    """
    squared = beta * beta
    below = np.asarray(squared * np.asarray(true) + claims, np.float64)
    above = (1 + squared) * np.asarray(hits, np.float64)
    return np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0)


def _f1(hits: object, claims: object, true: object) -> Floats:
    return f_beta(np.asarray(hits), np.asarray(claims), np.asarray(true))


def one_answer(targets: Targets) -> NDArray[np.int64]:
    """Return the confirmed label of each photo of a single group: int64 [photos], −1 = not one.

    A photo with several positives (a contradiction) has no one answer.
    """
    true = targets == POSITIVE
    return np.where(true.sum(axis=1) == 1, true.argmax(axis=1), -1)


def ranks(answers: NDArray[np.integer], scores: Scores) -> NDArray[np.int64]:
    """Return how many labels score higher than the answer (0 = it is the best one).

    Args:
        answers: int [photos], the right column, −1 where it is not among them.
        scores: float [photos, labels]; NaN counts as the lowest. Equal scores count half, rounded
            up, so that a model that says the same of all labels is not right.
    """
    filled = np.nan_to_num(np.asarray(scores, np.float64), nan=-np.inf)
    found = answers >= 0
    own = filled[np.arange(len(answers)), np.where(found, answers, 0)][:, None]
    higher = (filled > own).sum(axis=1)
    equal = (filled == own).sum(axis=1) - 1
    return np.where(found, higher + (equal + 1) // 2, scores.shape[1])


def top_accuracy(answers: NDArray[np.integer], scores: Scores, first: int = 1) -> float:
    """Return the share of photos whose answer is among the `first` best labels.

    Photos whose answer is −1 are wrong: the model does not know the label.
    """
    if not len(answers):
        return float("nan")
    return float(np.mean(ranks(answers, scores) < first))
