"""Make scores mean what they say: Platt scaling on out-of-fold logits, folded into the head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.core.targets import POSITIVE
from trainer.quick.basis import Floats
from trainer.quick.task import GroupTask

ENOUGH = 10
"""Positives (multi) or answers (single) from which out-of-fold scores say how to calibrate."""

_BINS = 2048
_LIMIT = 20.0
_LABEL_VARIANCE = 0.25
_SLOPES = (0.3, 3.0)


@dataclass(frozen=True)
class Calibration:
    """z → slope · z + shift, by column.

    Attributes:
        slope: float32 [L'], one for the group; 1 for labels without positives.
        shift: float32 [L'].
        facts: as in bundle.json: method, data, n.
    """

    slope: Floats
    shift: Floats
    facts: dict[str, Any]

    def apply(self, logits: Floats) -> Floats:
        """Return calibrated logits, same shape."""
        return self.slope * logits + self.shift


def not_calibrated(columns: int, reason: str) -> Calibration:
    """Return the calibration that changes nothing."""
    facts = {"method": "none", "reason": reason}
    return Calibration(np.ones(columns, np.float32), np.zeros(columns, np.float32), facts)


def calibrate(
    task: GroupTask, logits: Floats, judging: NDArray[np.bool_], weak: float, folds: int
) -> Calibration:
    """Fit a calibration to out-of-fold logits.

    Multi: one slope and shift for the group, and a shift for each label, drawn to 0. Single: a
    temperature.

    Args:
        task: what was learned.
        logits: float32 [n, L'], out of fold.
        judging: bool [n], photos whose logits are free of leaks.
        weak: weight of undecided pairs.
        folds: how many there were, for the record.
    """
    if task.group.kind == "single":
        return _temperature(task, logits, judging, folds)
    positive = task.targets == POSITIVE
    confirmed = task.positives > 0
    weights = task.weights(weak) * judging[:, None] * confirmed
    if (positive & judging[:, None]).sum() < ENOUGH:
        return not_calibrated(logits.shape[1], "fewer than 10 confirmed labels out of fold")
    slope, shift = _platt(logits, positive, weights)
    scaled = np.float32(slope) * logits + np.float32(shift)
    shifts = np.where(confirmed, shift + _label_shifts(scaled, positive, weights), 0)
    slopes = np.where(confirmed, slope, 1)
    facts = _facts("platt", int((weights > 0).any(axis=1).sum()), folds)
    return Calibration(slopes.astype(np.float32), shifts.astype(np.float32), facts)


def _facts(method: str, photos: int, folds: int) -> dict[str, Any]:
    return {"method": method, "data": "out-of-fold", "n": photos, "folds": folds}


def _platt(logits: Floats, positive: NDArray[np.bool_], weights: Floats) -> tuple[float, float]:
    """Fit slope and shift by Newton's method on the logits gathered into bins."""
    at = ((np.clip(logits, -_LIMIT, _LIMIT) + _LIMIT) * (_BINS - 1) / (2 * _LIMIT)).astype(np.int64)
    true = np.bincount(at.ravel(), (weights * positive).ravel(), _BINS)
    every = np.bincount(at.ravel(), weights.ravel(), _BINS)
    x = np.linspace(-_LIMIT, _LIMIT, _BINS)
    slope, shift = 1.0, 0.0
    for _ in range(30):
        p = 1 / (1 + np.exp(-(slope * x + shift)))
        error, bend = every * p - true, every * p * (1 - p)
        gradient = np.array([(error * x).sum() + (slope - 1), error.sum()])
        cross = (bend * x).sum()
        matrix = np.array([[(bend * x * x).sum() + 1, cross], [cross, bend.sum() + 1e-6]])
        step = np.linalg.solve(matrix, gradient)
        slope, shift = slope - step[0], shift - step[1]
        if np.abs(step).max() < 1e-6:
            break
    if not _SLOPES[0] <= slope <= _SLOPES[1]:
        return 1.0, 0.0
    return float(slope), float(shift)


def _label_shifts(scaled: Floats, positive: NDArray[np.bool_], weights: Floats) -> Floats:
    """Return a shift for each label, drawn to 0 with the variance that labels usually have."""
    shift = np.zeros(scaled.shape[1], np.float32)
    true = (weights * positive).sum(axis=0)
    for _ in range(4):
        p = 1 / (1 + np.exp(-np.clip(scaled + shift, -30, 30)))
        weighted = weights * p
        gradient = weighted.sum(axis=0) - true + shift / _LABEL_VARIANCE
        bend = (weighted * (1 - p)).sum(axis=0) + 1 / _LABEL_VARIANCE
        shift = shift - np.clip(gradient / bend, -1, 1)
    return shift.astype(np.float32)


def _temperature(
    task: GroupTask, logits: Floats, judging: NDArray[np.bool_], folds: int
) -> Calibration:
    answers, _ = task.answers()
    known = (answers >= 0) & judging
    z, answer = logits[known].astype(np.float64), answers[known]
    if len(answer) < ENOUGH:
        return not_calibrated(logits.shape[1], "fewer than 10 answered photos out of fold")
    slopes = np.geomspace(*_SLOPES, 47)
    losses = [_mean_loss(slope * z, answer) for slope in slopes]
    best = float(slopes[int(np.argmin(losses))])
    slope = np.full(logits.shape[1], best, np.float32)
    return Calibration(slope, np.zeros_like(slope), _facts("temperature", len(answer), folds))


def _mean_loss(z: NDArray[np.float64], answers: NDArray[np.int64]) -> float:
    top = z.max(axis=1)
    total = top + np.log(np.exp(z - top[:, None]).sum(axis=1))
    return float((total - z[np.arange(len(z)), answers]).mean())
