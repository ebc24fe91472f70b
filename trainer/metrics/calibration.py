"""How far probabilities can be taken at their word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from torchmetrics.functional.classification import (
    binary_calibration_error,
    multiclass_calibration_error,
)

from trainer.metrics.figure import Figure, Rows, measured
from trainer.metrics.multi import Multi
from trainer.metrics.single import Single

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """What came true of what was said, by bins of equal width.

    Attributes:
        said: float64 [bins], mean probability.
        true: float64 [bins], share that was true.
    """

    said: NDArray[np.float64]
    true: NDArray[np.float64]


def pairs(data: Multi) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return truth and probability of all known (photo, label) pairs."""
    return data.true[data.known], data.scores[data.known].astype(np.float64)


def calibration_error(data: Multi | Single) -> float:
    """Return the expected calibration error: of pairs, or of the best answer of a single group."""
    if isinstance(data, Single):
        if not len(data):
            return float("nan")
        scores = torch.from_numpy(np.ascontiguousarray(data.scores, np.float32))
        answers = torch.from_numpy(data.answers)
        columns = data.scores.shape[1]
        return float(multiclass_calibration_error(scores, answers, columns, n_bins=BINS))
    true, said = pairs(data)
    if not len(true):
        return float("nan")
    targets = torch.from_numpy(true.astype(np.int64))
    return float(binary_calibration_error(torch.from_numpy(said), targets, n_bins=BINS))


def brier(data: Multi | Single) -> float:
    """Return the Brier score: mean squared error of the probabilities (single: summed)."""
    if isinstance(data, Single):
        if not len(data):
            return float("nan")
        columns = list(range(data.scores.shape[1]))
        shares = data.scores / data.scores.sum(axis=1, keepdims=True)
        return float(brier_score_loss(data.answers, shares, labels=columns, scale_by_half=False))
    true, said = pairs(data)
    return float(brier_score_loss(true, said)) if len(true) else float("nan")


def reliability(data: Multi) -> Reliability:
    """Return the curve of what came true against what was said."""
    true, said = pairs(data)
    share, mean = calibration_curve(true, said, n_bins=BINS)
    return Reliability(np.asarray(mean), np.asarray(share))


def calibration_figures(data: Multi | Single, resamples: int = 200) -> dict[str, Figure]:
    """Return `ece` and `brier`."""

    def ece(rows: Rows) -> float:
        return calibration_error(data.only(rows))

    def squared(rows: Rows) -> float:
        return brier(data.only(rows))

    photos = len(data)
    return {
        "ece": measured(ece, photos, photos, resamples),
        "brier": measured(squared, photos, photos, resamples),
    }
