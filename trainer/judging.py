"""Compare old and new model on one group: same photos, same labels, paired bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tagger.core.intervals import (
    NO_DIFFERENCE,
    Difference,
    interval,
    mean_over_labels,
    paired_means,
    resampled_precision,
    resamples,
)
from tagger.core.metrics import (
    JUDGED_ENOUGH,
    average_precision,
    has_average_precision,
    judged,
    one_answer,
    ranks,
    support,
)
from tagger.core.targets import NEGATIVE, POSITIVE
from trainer.scores import LabelScores


@dataclass(frozen=True)
class Comparison:
    """Old and new model on the labels both know.

    Attributes:
        measure: `map` or `accuracy`.
        photos: number of photos judged.
        before, after: the measure; NaN where it cannot be measured.
        difference: after − before, with its interval.
        labels: by num: AP before and after, and the difference.
    """

    measure: str
    photos: int
    before: float
    after: float
    difference: Difference
    labels: dict[int, LabelComparison] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelComparison:
    """Average precision of one label before and after, on `positives` judged positives."""

    before: float
    after: float
    difference: Difference
    positives: int


@dataclass(frozen=True)
class LabelAlone:
    """Average precision of a label that is new, with its interval, on `positives` positives."""

    precision: Difference
    positives: int


def common_labels(before: LabelScores, after: LabelScores) -> list[int]:
    """Return the labels that both models score, in the new one's order."""
    known = set(before.nums)
    return [num for num in after.nums if num in known]


def compare_multi(targets: NDArray[np.int8], before: LabelScores, after: LabelScores) -> Comparison:
    """Compare mean average precision over common labels.

    Labels with at least 3 judged positives count, or, if there is none, all with one.

    Args:
        targets: int8 [photos, labels], of the common labels.
        before: the old model's scores of the same photos and labels.
        after: the new one's.
    """
    targets = judged(judged(targets, before.logits), after.logits)
    rows = np.flatnonzero((targets >= NEGATIVE).any(axis=1))
    targets, old, new = targets[rows], before.logits[rows], after.logits[rows]
    meaningful = has_average_precision(targets)
    counting = meaningful & (support(targets) >= JUDGED_ENOUGH)
    counting = counting if counting.any() else meaningful
    if not counting.any():
        return Comparison("map", len(rows), float("nan"), float("nan"), NO_DIFFERENCE)
    weights = resamples(len(rows), int((targets == POSITIVE).sum()))
    labels, changes = _compare_labels(targets, before.nums, old, new, weights)
    first, second = average_precision(targets, old), average_precision(targets, new)
    counted = [changes[before.nums[at]] for at in np.flatnonzero(counting).tolist()]
    mean_before, mean_after = float(first[counting].mean()), float(second[counting].mean())
    overall = interval(mean_over_labels(np.stack(counted)), mean_after - mean_before)
    return Comparison("map", len(rows), mean_before, mean_after, overall, labels)


def _compare_labels(
    targets: NDArray[np.int8],
    nums: Sequence[int],
    old: NDArray[np.float32],
    new: NDArray[np.float32],
    weights: NDArray[np.float32],
) -> tuple[dict[int, LabelComparison], dict[int, NDArray[np.floating]]]:
    """Compare the average precision of every label that can be judged, each against the rest.

    Args:
        targets: int8 [photos, labels].
        nums: the labels of the columns.
        old: float32 [photos, labels], logits of the old model.
        new: those of the new one.
        weights: resamples of the photos.

    Returns:
        label → comparison, and label → change in each resample.
    """
    first, second = average_precision(targets, old), average_precision(targets, new)
    labels, changes = {}, {}
    for at in np.flatnonzero(has_average_precision(targets)).tolist():
        change = resampled_precision(targets[:, at], new[:, at], weights)
        change -= resampled_precision(targets[:, at], old[:, at], weights)
        difference = interval(change, float(second[at] - first[at]))
        positives = int((targets[:, at] == POSITIVE).sum())
        compared = LabelComparison(float(first[at]), float(second[at]), difference, positives)
        labels[nums[at]], changes[nums[at]] = compared, change
    return labels, changes


def compare_single(
    targets: NDArray[np.int8], nums: Sequence[int], before: LabelScores, after: LabelScores
) -> Comparison:
    """Compare accuracy on the photos with one confirmed label that both models know.

    Each model chooses among all labels it scores. The average precision of the labels both know
    is compared on the same photos.

    Args:
        targets: int8 [photos, labels], of all labels of the group.
        nums: the labels of the columns of `targets`.
        before: the old model's scores of the same photos, of all its labels.
        after: the new one's.
    """
    answers = one_answer(targets)
    common = set(before.nums) & set(after.nums)
    known = np.array([at >= 0 and nums[at] in common for at in answers.tolist()], bool)
    scored = ~np.isnan(before.logits).any(axis=1) & ~np.isnan(after.logits).any(axis=1)
    rows = np.flatnonzero(known & scored)
    right = []
    for scores in (before, after):
        own = [scores.nums.index(nums[answers[row]]) for row in rows]
        right.append((ranks(np.array(own, np.int64), scores.logits[rows]) == 0).astype(float))
    if not len(rows):
        return Comparison("accuracy", 0, float("nan"), float("nan"), NO_DIFFERENCE)
    weights = resamples(len(rows))
    both = common_labels(before, after)
    labels, _ = _compare_labels(
        targets[rows][:, [list(nums).index(num) for num in both]],
        both,
        before.logits[rows][:, [before.nums.index(num) for num in both]],
        after.logits[rows][:, [after.nums.index(num) for num in both]],
        weights,
    )
    difference = paired_means(right[0], right[1], weights)
    means = float(right[0].mean()), float(right[1].mean())
    return Comparison("accuracy", len(rows), *means, difference, labels)


def judge_alone(targets: NDArray[np.int8], after: LabelScores) -> dict[int, LabelAlone]:
    """Judge labels that no model before knew, by num; those that can be judged.

    Args:
        targets: int8 [photos, labels], of the labels of `after`.
        after: the new model's scores of the same photos.
    """
    targets = judged(targets, after.logits)
    rows = np.flatnonzero((targets >= NEGATIVE).any(axis=1))
    targets, logits = targets[rows], after.logits[rows]
    weights = resamples(len(rows), int((targets == POSITIVE).sum()))
    found = {}
    values = average_precision(targets, logits)
    for at in np.flatnonzero(has_average_precision(targets)).tolist():
        drawn = resampled_precision(targets[:, at], logits[:, at], weights)
        precision = interval(drawn, float(values[at]))
        found[after.nums[at]] = LabelAlone(precision, int((targets[:, at] == POSITIVE).sum()))
    return found


def suggestions(kind: str, scores: LabelScores) -> NDArray[np.bool_]:
    """Return what a model suggests, gates and decisions aside: bool [photos, labels]."""
    said = np.nan_to_num(scores.logits, nan=-np.inf) >= scores.thresholds
    if kind == "single" and scores.logits.size:
        best = np.zeros_like(said)
        top = np.nan_to_num(scores.logits, nan=-np.inf).argmax(axis=1)
        best[np.arange(len(best)), top] = True
        said &= best
    return said
