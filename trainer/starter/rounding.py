"""Round a convolution's weights to whole numbers so that its *answers* change least.

Rounding every weight to the nearest step is best only if inputs were noise. Neighbouring pixels
are alike and ReLU's answers are positive, so errors of one sign add up; letting each rounding make
good what the others did wrong took the error that rounded weights make in Lite0's embedding from
11 % to 4 %. The idea is that of AdaRound (Nagel 2020) and GPTQ (Frantar 2022), with second moments
so plain that no photo is needed where the numbers are used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LARGEST = 127
"""Largest whole number of a weight; −128 is not used, so that the range is symmetric."""

PAIR_LIMIT = 128
"""Largest sum of two weights that are multiplied together. Processors without VNNI add two products
of an activation (up to 255) and a weight in 16 bits, which end at 32767 = 255 · 128.5."""

SWEEPS = 4
WIDER_STEPS = np.linspace(1.0, 1.6, 41)
"""Steps tried for small filters, relative to the finest one that holds the largest weight."""

FINER_STEPS = (0.92, 0.85)
"""Steps tried for 1 × 1 convolutions, relative to the one at which every pair fits: a few large
weights are cut, to the good of the many."""


@dataclass(frozen=True)
class Moments:
    """Second moments of a convolution's input: `factor @ factor.T + diag(own)`.

    Attributes:
        factor: float64 [K, R].
        own: float64 [K].
    """

    factor: Floats
    own: Floats


@dataclass(frozen=True)
class Rounded:
    """Whole numbers and their steps: weight ≈ whole · step.

    Attributes:
        whole: float64 [O, K], whole numbers from −127 to 127.
        step: float64 [O].
        error: float64 [O], mean squared error of the answer, in the moments' units.
    """

    whole: Floats
    step: Floats
    error: Floats


def channel_moments(axes: Floats, deviation: Floats) -> Moments:
    """Return the moments of channels that vary along axes [R, K], and by themselves [K]."""
    return Moments(axes.T, np.maximum(deviation, 0.02 * deviation.max()) ** 2)


def neighbour_moments(kernel: int, likeness: float) -> Moments:
    """Return the moments of one channel under a filter.

    Args:
        kernel: side of the filter.
        likeness: correlation of values one apart; of values d apart it is its d-th power.
    """
    grid = np.stack(np.meshgrid(np.arange(kernel), np.arange(kernel)), axis=-1).reshape(-1, 2)
    apart = np.sqrt(((grid[:, None] - grid[None]) ** 2).sum(axis=-1))
    return Moments(np.linalg.cholesky(likeness**apart), np.zeros(len(grid)))


def round_filters(weight: Floats, least: Floats, moments: Moments) -> Rounded:
    """Round filters of one channel each, trying for each the steps in `WIDER_STEPS`.

    Args:
        weight: float64 [O, K].
        least: float64 [O], smallest step allowed.
        moments: of the K values under the filter.
    """
    finest = np.maximum(np.abs(weight).max(axis=1) / LARGEST, least)
    best = _descend(weight, finest, moments, paired=False)
    for wider in WIDER_STEPS[1:]:
        best = _better(best, _descend(weight, finest * wider, moments, paired=False))
    return best


def round_channels(weight: Floats, least: Floats, moments: Moments) -> Rounded:
    """Round a 1 × 1 convolution whose neighbouring inputs are multiplied in pairs.

    Args:
        weight: float64 [O, K], K even.
        least: float64 [O], smallest step allowed.
        moments: of the K input channels.
    """
    pairs = np.abs(weight[:, 0::2] + weight[:, 1::2]).max(axis=1)
    step = np.maximum(np.abs(weight).max(axis=1), pairs) / LARGEST
    best = _descend(weight, np.maximum(step, least), moments, paired=True)
    for finer in FINER_STEPS:
        best = _better(
            best, _descend(weight, np.maximum(step * finer, least), moments, paired=True)
        )
    return best


def _better(one: Rounded, other: Rounded) -> Rounded:
    """Take for each output the one of less error."""
    wins = other.error < one.error
    return Rounded(
        np.where(wins[:, None], other.whole, one.whole),
        np.where(wins, other.step, one.step),
        np.where(wins, other.error, one.error),
    )


def _descend(weight: Floats, step: Floats, moments: Moments, *, paired: bool) -> Rounded:
    """Round to nearest, then set one input after the other to its best, until nothing changes."""
    whole = np.clip(np.round(weight / step[:, None]), -LARGEST, LARGEST)
    seen = (whole * step[:, None] - weight) @ moments.factor
    own, length = moments.own, (moments.factor**2).sum(axis=1)
    order = np.argsort(-(own + length), kind="stable")
    for _ in range(SWEEPS):
        changed = False
        for at in order:
            factor, total = moments.factor[at], own[at] + length[at]
            error = whole[:, at] * step - weight[:, at]
            wanted = weight[:, at] - (seen @ factor - error * length[at]) / total
            least, most = _room(whole[:, at ^ 1]) if paired else (-LARGEST, LARGEST)
            new = np.clip(np.round(wanted / step), least, most)
            moved = (new - whole[:, at]) * step
            if moved.any():
                changed = True
                whole[:, at] = new
                seen += moved[:, None] * factor
        if not changed:
            break
    error = whole * step[:, None] - weight
    return Rounded(whole, step, (seen**2).sum(axis=1) + (error**2) @ own)


def _room(partner: Floats) -> tuple[Floats, Floats]:
    """Return least and most whole number beside a partner, so that the pair cannot overflow."""
    least = np.maximum(-LARGEST, -PAIR_LIMIT - partner)
    return least, np.minimum(LARGEST, PAIR_LIMIT - partner)
