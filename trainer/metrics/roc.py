"""Receiver operating characteristic: how well scores part photos with a label from the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score, roc_curve

from trainer.metrics.figure import Figure, Rows, measured
from trainer.metrics.multi import Multi

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Roc:
    """The curve of one label.

    Attributes:
        false: float64 [points], share of photos without the label that are suggested.
        true: float64 [points], share of photos with it that are.
        thresholds: float64 [points].
    """

    false: Floats
    true: Floats
    thresholds: Floats


def roc(data: Multi, label: int) -> Roc | None:
    """Return the curve of a label; None without known photos of both kinds."""
    known = data.known[:, label]
    true = data.true[known, label]
    if not true.any() or true.all():
        return None
    return Roc(*roc_curve(true, data.scores[known, label]))


def roc_area(data: Multi, label: int, resamples: int = 200) -> Figure:
    """Return the area under the curve of a label, with its positives as support."""
    known = np.flatnonzero(data.known[:, label])
    true, scores = data.true[known, label], data.scores[known, label]

    def area(rows: Rows) -> float:
        drawn = true[rows]
        if not drawn.any() or drawn.all():
            return float("nan")
        return float(roc_auc_score(drawn, scores[rows]))

    return measured(area, len(known), int(true.sum()), resamples)
