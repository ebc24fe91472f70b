"""Figures of groups in which exactly one label is true, photos without an answer left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    precision_recall_curve,
    top_k_accuracy_score,
)

from trainer.examples import GroupExamples
from trainer.metrics.figure import Figure, Rows, measured

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Single:
    """What is true and said of the photos that have an answer.

    Attributes:
        answers: int64 [n], the right column.
        scores: float [n, labels], probabilities.
    """

    answers: NDArray[np.int64]
    scores: Array

    @classmethod
    def of(cls, answers: NDArray[np.int64], scores: Array) -> Single:
        """Leave out photos whose answer is negative (`trainer.examples.MASKED`)."""
        known = answers >= 0
        return cls(answers[known], scores[known])

    def __len__(self) -> int:
        return len(self.answers)

    def only(self, rows: Rows) -> Single:
        """Return the chosen photos."""
        return Single(self.answers[rows], self.scores[rows])

    @property
    def said(self) -> NDArray[np.int64]:
        """Return the best column of each photo."""
        return self.scores.argmax(axis=1)


def accuracy(data: Single) -> float:
    """Return the share of right answers."""
    return float(accuracy_score(data.answers, data.said)) if len(data) else float("nan")


def balanced_accuracy(data: Single) -> float:
    """Return the mean over labels of the share of right answers."""
    if not len(data):
        return float("nan")
    return float(balanced_accuracy_score(data.answers, data.said))


def commonest(data: Single, training: GroupExamples) -> float:
    """Return the accuracy of always saying the commonest value of the training photos."""
    guess = np.full(len(data), int(training.support.argmax()))
    return float(accuracy_score(data.answers, guess)) if len(data) else float("nan")


def top_accuracy(data: Single, first: int) -> float:
    """Return the share of photos whose answer is among the `first` best columns."""
    columns = np.arange(data.scores.shape[1])
    if not len(data):
        return float("nan")
    return float(top_k_accuracy_score(data.answers, data.scores, k=first, labels=columns))


def confusion(data: Single) -> NDArray[np.int64]:
    """Return how often each answer (row) was said to be which (column): int64 [L, L]."""
    columns = np.arange(data.scores.shape[1])
    return np.asarray(confusion_matrix(data.answers, data.said, labels=columns), np.int64)


def basic_precision(data: Single) -> float:
    """Return FashionAI's precision of one group, averaged over how much is left unsaid.

    A photo is answered where its greatest probability is at least the cut-off; for every possible
    cut-off the share of right ones among the answered photos is taken, and of these the mean.
    """
    right = data.said == data.answers
    if not right.any():
        return 0.0 if len(data) else float("nan")
    shares, _, _ = precision_recall_curve(right, data.scores.max(axis=1))
    return float(shares[:-1].mean())


def single_figures(data: Single, resamples: int = 200) -> dict[str, Figure]:
    """Return every figure of a group by name."""
    wanted = {
        "accuracy": accuracy,
        "balanced_accuracy": balanced_accuracy,
        "basic_precision": basic_precision,
    }
    return {
        name: measured(
            lambda rows, metric=metric: metric(data.only(rows)),  # type: ignore[misc]
            len(data),
            len(data),
            resamples,
        )
        for name, metric in wanted.items()
    }


def count_weighted(groups: Mapping[str, Single], counts: Mapping[str, int]) -> float:
    """Return FashionAI's score: accuracy by group, weighted by how often the group occurs.

    Args:
        groups: judged photos by group; those without an answered photo are left out.
        counts: photos of each group in the whole table.
    """
    judged = [name for name, data in groups.items() if len(data)]
    if not judged:
        return float("nan")
    return float(
        np.average(
            [accuracy(groups[name]) for name in judged],
            weights=[counts[name] for name in judged],
        )
    )


def mean_basic_precision(groups: Mapping[str, Single]) -> float:
    """Return FashionAI's mAP: the mean over groups of `basic_precision`."""
    values = [basic_precision(data) for data in groups.values() if len(data)]
    return float(np.mean(values)) if values else float("nan")
