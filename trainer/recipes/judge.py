"""The judged figure: mAP or balanced accuracy, mean over seeds, with a paired bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.core.intervals import Difference, interval, resampled_precision, resamples
from tagger.core.metrics import average_precision, has_average_precision
from trainer.examples import Examples, GroupExamples

MAP, BALANCED = "map", "balanced_accuracy"

Floats = NDArray[np.float64]
Scores = dict[str, NDArray[np.float32]]
"""Probabilities float32 [photos, labels] by group name."""


def metric_name(examples: Examples) -> str:
    """Return what a recipe is judged by: mAP where several labels can be true."""
    return MAP if examples.groups[0].kind == "multi" else BALANCED


def judged_figure(examples: Examples, scores: Scores) -> float:
    """Return the figure of one seed: the mean over groups.

    Args:
        examples: the judged photos only.
        scores: of the same photos.
    """
    values = [_figure(group, scores[group.name]) for group in examples.groups]
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _figure(group: GroupExamples, scores: NDArray[np.float32]) -> float:
    if group.kind == "multi":
        targets = int_targets(group)
        return float(np.nanmean(average_precision(targets, scores)[has_average_precision(targets)]))
    once = np.ones((1, len(group)), np.float32)
    return float(_balanced(group, scores, once)[0])


def int_targets(group: GroupExamples) -> NDArray[np.int8]:
    """Return targets of a multi group as the metrics take them: 1, 0, −1 = not known."""
    return np.where(group.weights > 0, group.targets >= 0.5, -1).astype(np.int8)


def _balanced(
    group: GroupExamples, scores: NDArray[np.float32], weights: NDArray[np.float32]
) -> Floats:
    """Return the balanced accuracy in every resample: float64 [resamples].

    The mean, over answers that occur in the resample, of the share of their photos that is right.
    """
    answers = group.answers
    known = answers >= 0
    right = (scores.argmax(axis=1) == answers) & known
    present = [np.flatnonzero(answers == label) for label in np.unique(answers[known])]
    hits, counts = [], []
    for rows in present:
        counts.append(weights[:, rows].sum(axis=1))
        hits.append(weights[:, rows] @ right[rows].astype(np.float32))
    if not present:
        return np.full(len(weights), np.nan)
    total = np.array(counts, np.float64)
    share = np.divide(np.array(hits), total, out=np.full(total.shape, np.nan), where=total > 0)
    return _mean_known(share)


def _mean_known(values: Floats) -> Floats:
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


def _resampled(examples: Examples, scores: Scores, weights: NDArray[np.float32]) -> Floats:
    """Return the figure in every resample: float64 [resamples]."""
    values = []
    for group in examples.groups:
        own = scores[group.name]
        if group.kind == "single":
            values.append(_balanced(group, own, weights))
            continue
        targets = int_targets(group)
        columns = np.flatnonzero(has_average_precision(targets))
        by_label = [resampled_precision(targets[:, c], own[:, c], weights) for c in columns]
        values.append(_mean_known(np.array(by_label, np.float64)))
    return _mean_known(np.array(values))


@dataclass(frozen=True)
class Result:
    """The outcome of a fight.

    Attributes:
        metric: `map` or `balanced_accuracy`.
        original, ours: by seed.
        difference: ours − original, mean over seeds, with its interval.
        shown: the seed (its place) whose difference is nearest to the mean; its scores are the
            ones in the run folder's tables.
    """

    metric: str
    original: tuple[float, ...]
    ours: tuple[float, ...]
    difference: Difference
    shown: int


def compare(examples: Examples, original: Sequence[Scores], ours: Sequence[Scores]) -> Result:
    """Compare two methods on the judged photos, seed by seed.

    Args:
        examples: the judged photos only.
        original: the scores of each seed.
        ours: the same of the other method.
    """
    before = np.array([judged_figure(examples, scores) for scores in original])
    after = np.array([judged_figure(examples, scores) for scores in ours])
    positives = sum(int(group.support.sum()) for group in examples.groups)
    weights = resamples(len(examples), positives * len(before))
    changes = [
        _resampled(examples, two, weights) - _resampled(examples, one, weights)
        for one, two in zip(original, ours, strict=True)
    ]
    mean = float(np.mean(after - before))
    nearest = int(np.argmin(np.abs(after - before - mean)))
    return Result(
        metric_name(examples),
        tuple(before.tolist()),
        tuple(after.tolist()),
        interval(np.mean(changes, axis=0), mean),
        nearest,
    )
