"""How sure a measured figure is: Wilson intervals and the paired bootstrap over photos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.core.metrics import Floats, Scores, Targets, judged
from tagger.core.targets import NEGATIVE, POSITIVE

RESAMPLES = 1000
CONFIDENCE = 0.95
SEED = 20261121

_WORK_LIMIT = 1e11
_FEWEST = 200


@dataclass(frozen=True)
class Difference:
    """A paired difference (after − before) and its interval.

    Attributes:
        value: the difference on all photos.
        low, high: bounds of the interval of `CONFIDENCE`; NaN where there is nothing to resample.
    """

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return (self.high - self.low) / 2


NO_DIFFERENCE = Difference(float("nan"), float("nan"), float("nan"))


def wilson(hits: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the Wilson interval of a share of `hits` in `trials`; (0, 1) without a trial."""
    if trials == 0:
        return 0.0, 1.0
    share, square = hits / trials, z * z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    inside = share * (1 - share) / trials + square / (4 * trials * trials)
    reach = z * float(np.sqrt(inside)) / (1 + square / trials)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def resamples(photos: int, positives: int = 1) -> NDArray[np.float32]:
    """Return how often each photo is drawn in each resample: float32 [resamples, photos].

    The same number of photos always gives the same draws. Very large judged sets get fewer
    resamples (their intervals are narrow anyway).

    Args:
        photos: number of judged photos.
        positives: number of judged positives of all labels, which is what the work grows with.
    """
    affordable = _WORK_LIMIT / max(1, photos * positives)
    count = int(np.clip(affordable, _FEWEST, RESAMPLES))
    draws = np.random.default_rng(SEED).integers(0, max(photos, 1), (count, photos))
    weights = np.zeros((count, photos), np.float32)
    for row, drawn in zip(weights, draws, strict=True):
        row += np.bincount(drawn, minlength=photos)
    return weights


def resampled_precision(
    targets: Targets, scores: Scores, weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the average precision of one label in every resample: float32 [resamples].

    Average precision is the mean over positives of the precision among the photos that score at
    least as high; so two matrix products give it for all resamples at once.

    Args:
        targets: int8 [photos].
        scores: float [photos].
        weights: `resamples`, float32 [resamples, photos].

    NaN where a resample holds no positive.
    """
    known = judged(targets, scores)
    positives = np.flatnonzero(known == POSITIVE)
    if not len(positives):
        return np.full(len(weights), np.nan, np.float32)
    drawn = weights[:, positives]
    as_high = (scores[:, None] >= scores[positives]) & (known >= NEGATIVE)[:, None]
    above = weights @ as_high.astype(np.float32)
    true = drawn @ as_high[positives].astype(np.float32)
    precision = np.divide(true, above, out=np.zeros_like(true), where=above > 0)
    total = drawn.sum(axis=1)
    summed = (drawn * precision).sum(axis=1)
    return np.divide(summed, total, out=np.full(len(total), np.nan, np.float32), where=total > 0)


def interval(
    values: NDArray[np.floating], centre: float, confidence: float = CONFIDENCE
) -> Difference:
    """Return a difference with the percentile interval of its resampled values (NaN left out)."""
    kept = values[~np.isnan(values)]
    if not len(kept):
        return Difference(centre, float("nan"), float("nan"))
    low, high = np.quantile(kept, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Difference(centre, float(low), float(high))


def mean_over_labels(values: NDArray[np.floating]) -> Floats:
    """Return the mean over labels of each resample, labels without a positive left out.

    Args:
        values: float [labels, resamples].
    """
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    return np.divide(total, count, out=np.full(values.shape[1], np.nan), where=count > 0)


def paired_means(
    before: NDArray[np.floating], after: NDArray[np.floating], weights: NDArray[np.float32]
) -> Difference:
    """Return the difference of two means over the same photos, such as accuracies.

    Args:
        before: float [photos], what each photo adds (1 where it was right).
        after: float [photos], the same of the other model.
        weights: `resamples` of the photos.
    """
    if not len(before):
        return NO_DIFFERENCE
    change = np.asarray(after, np.float32) - np.asarray(before, np.float32)
    return interval(weights @ change / weights.sum(axis=1), float(change.mean()))
