"""A figure with its support and interval."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning

from tagger.core.intervals import SEED, interval

RESAMPLES = 200

Rows = NDArray[np.int64]
Metric = Callable[[Rows], float]
"""A figure of the chosen photos; a photo may be chosen several times, or none at all."""

Metrics = Callable[[Rows], dict[str, float]]
"""Several figures of the chosen photos, by name."""


@dataclass(frozen=True)
class Figure:
    """What was measured.

    Attributes:
        value: on all photos; NaN where there is nothing to measure.
        low, high: of the 95 % interval; NaN where it was not asked for.
        support: what it rests on: photos, or positives where that is said.
    """

    value: float
    low: float
    high: float
    support: int

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; None for NaN."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        shown = {k: round(v, 5) if np.isfinite(v) else None for k, v in numbers.items()}
        return shown | {"support": self.support}


def measured(metric: Metric, photos: int, support: int, resamples: int = RESAMPLES) -> Figure:
    """Measure on all photos, and on as many drawn with replacement, again and again.

    Args:
        metric: the figure of chosen rows.
        photos: number of rows.
        support: see `Figure`.
        resamples: how often to draw; 0 = no interval.
    """
    return measured_all(lambda rows: {"": metric(rows)}, photos, support, resamples)[""]


def measured_all(
    metrics: Metrics, photos: int, support: int, resamples: int = RESAMPLES
) -> dict[str, Figure]:
    """Measure several figures on the same draws."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        warnings.simplefilter("ignore", UserWarning)
        values = metrics(np.arange(photos))
        rng = np.random.default_rng(SEED)
        draws = resamples if photos else 0
        drawn = [metrics(rng.integers(0, photos, photos)) for _ in range(draws)]
    found = {}
    for name, value in values.items():
        spread = interval(np.array([each[name] for each in drawn], np.float64), value)
        found[name] = Figure(value, spread.low, spread.high, support)
    return found


def difference(
    before: Metric, after: Metric, photos: int, support: int, resamples: int = RESAMPLES
) -> Figure:
    """Measure how much better `after` is on the same photos (paired bootstrap)."""
    return measured(lambda rows: after(rows) - before(rows), photos, support, resamples)
