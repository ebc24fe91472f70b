"""Figures of groups in which several labels can be true.

Targets are float [photos, labels] (from a half on a label is true), weights say what is known (0 =
not), scores are probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    fbeta_score,
    precision_recall_fscore_support,
    precision_score,
    recall_score,
)

from trainer.metrics.figure import Figure, Rows, measured, measured_all

Average = Literal["micro", "macro", "samples"]
AVERAGES: tuple[Average, ...] = ("micro", "macro", "samples")

Array = NDArray[np.floating]
Truth = NDArray[np.bool_]


@dataclass(frozen=True)
class Multi:
    """What is true, known and said of photos.

    Attributes:
        true: bool [photos, labels].
        known: bool [photos, labels].
        said: bool [photos, labels], suggested.
        scores: float [photos, labels].
    """

    true: Truth
    known: Truth
    said: Truth
    scores: Array

    @classmethod
    def of(
        cls, targets: Array, weights: Array, scores: Array, thresholds: Array | float = 0.5
    ) -> Multi:
        """Take what scores say at thresholds (one, or float [labels])."""
        return cls(targets >= 0.5, weights > 0, scores >= thresholds, scores)

    def __len__(self) -> int:
        return len(self.true)

    def only(self, rows: Rows) -> Multi:
        """Return the chosen photos."""
        return Multi(self.true[rows], self.known[rows], self.said[rows], self.scores[rows])

    @property
    def judged(self) -> tuple[Truth, Truth]:
        """Return true and said where known; what is not known is neither."""
        return self.true & self.known, self.said & self.known

    @property
    def positives(self) -> NDArray[np.int64]:
        """Return the number of known positives by label."""
        return (self.true & self.known).sum(axis=0)


def precision(data: Multi, average: Average) -> float:
    """Return precision; a photo or label without any claim counts 0."""
    true, said = _of(data, average)
    return float(precision_score(true, said, average=average, zero_division=0))


def recall(data: Multi, average: Average) -> float:
    """Return recall; a photo or label without a positive counts 0."""
    true, said = _of(data, average)
    return float(recall_score(true, said, average=average, zero_division=0))


def f_beta(data: Multi, average: Average, beta: float = 1.0) -> float:
    """Return F-beta; β = 0 is precision, β → ∞ recall."""
    true, said = _of(data, average)
    if np.isinf(beta):
        return recall(data, average)
    return float(fbeta_score(true, said, beta=beta, average=average, zero_division=0))


def _of(data: Multi, average: Average) -> tuple[Truth, Truth]:
    """Leave out labels without a known positive where labels are averaged, as unmeasurable."""
    true, said = data.judged
    if average == "macro":
        kept = data.positives > 0
        return true[:, kept], said[:, kept]
    return (true[data.known.any(axis=1)], said[data.known.any(axis=1)])


def f_beta_of_photos(data: Multi, beta: float = 1.0) -> Array:
    """Return F-beta of each photo: float64 [photos]."""
    true, said = data.judged
    values = fbeta_score(true.T, said.T, beta=beta, average=None, zero_division=0)
    return np.asarray(values, np.float64)


def f_beta_of_labels(data: Multi, beta: float = 1.0) -> Array:
    """Return F-beta of each label: float64 [labels], NaN without a known positive."""
    true, said = data.judged
    values = np.asarray(fbeta_score(true, said, beta=beta, average=None, zero_division=0))
    return np.where(data.positives > 0, values, np.nan)


def average_precision(data: Multi) -> Array:
    """Return the average precision of each label: float64 [labels].

    NaN where a label has no known positive, or no known photo without it.
    """
    found = np.full(data.true.shape[1], np.nan)
    for at in range(len(found)):
        known = data.known[:, at]
        true = data.true[known, at]
        if true.any() and not true.all():
            found[at] = average_precision_score(true, data.scores[known, at])
    return found


def mean_average_precision(data: Multi, fewest: int = 1) -> float:
    """Return mAP over labels with at least so many known positives; NaN without any."""
    values = average_precision(data)
    kept = (data.positives >= fewest) & ~np.isnan(values)
    return float(values[kept].mean()) if kept.any() else float("nan")


def multi_figures(
    data: Multi, betas: tuple[float, ...] = (1.0, 2.0), resamples: int = 200
) -> dict[str, Figure]:
    """Return every figure of a group by name, such as `map`, `precision/micro`, `f2/samples`."""

    def all_of(rows: Rows) -> dict[str, float]:
        drawn = data.only(rows)
        found = {"map": mean_average_precision(drawn)}
        for average in AVERAGES:
            true, said = _of(drawn, average)
            for beta in betas:
                shares = precision_recall_fscore_support(
                    true, said, beta=beta, average=average, zero_division=0
                )
                found[f"precision/{average}"] = float(shares[0])
                found[f"recall/{average}"] = float(shares[1])
                found[f"f{beta:g}/{average}"] = float(shares[2])
        return found

    return measured_all(all_of, len(data), int(data.positives.sum()), resamples)


def label_figures(data: Multi, resamples: int = 200) -> list[dict[str, Figure]]:
    """Return `ap` and `f1` of each label, with its known positives as support."""
    found = []
    for at in range(data.true.shape[1]):
        cut = slice(at, at + 1)
        one = Multi(data.true[:, cut], data.known[:, cut], data.said[:, cut], data.scores[:, cut])
        support = int(one.positives[0])

        def ap(rows: Rows, one: Multi = one) -> float:
            return float(average_precision(one.only(rows))[0])

        def f1(rows: Rows, one: Multi = one) -> float:
            return float(f_beta_of_labels(one.only(rows))[0])

        found.append(
            {
                "ap": measured(ap, len(data), support, resamples),
                "f1": measured(f1, len(data), support, resamples),
            }
        )
    return found
