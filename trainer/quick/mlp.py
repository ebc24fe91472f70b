"""A small network with one hidden layer, trained in NumPy: all labels at once, in seconds.

AdamW (Loshchilov and Hutter 2019) on mini-batches, dropout on inputs and hidden units, the rate
rising for a fifth of the steps and then falling with the cosine. Inputs are coordinates in the
principal axes, without those that hardly vary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from trainer.quick.basis import Floats

STEPS = 32
"""Mini-batches that a pass over the photos is cut into, where the batch stays within its bounds."""

BATCH = (16, 256)
PASSES = 15
SHOWN_AT_MOST = 120_000
"""Photos shown in all: large sets get fewer passes, but at least `LEAST_PASSES`."""

LEAST_PASSES = 4
_FIRST_MOMENT, _SECOND_MOMENT, _TINY = np.float32(0.9), np.float32(0.99), np.float32(1e-8)

Gradient = Callable[[NDArray[np.int64], Floats], Floats]
"""From rows and their logits float32 [n, L] to the derivative of the summed loss by the logits."""


@dataclass(frozen=True)
class MlpSetting:
    """How a network is trained.

    Chosen by out-of-fold loss and mAP on the training photos of everyday, captions, scenes and
    garments together (figures in docs/retraining.md).

    Attributes:
        hidden: number of hidden units.
        rate: largest learning rate.
        decay: of the weights, times the learning rate, per step.
        dropout: share of hidden units left out of a step.
        input_dropout: share of inputs left out of a step.
        warm_up: share of the steps in which the rate rises.
    """

    hidden: int = 512
    rate: float = 2e-3
    decay: float = 2.0
    dropout: float = 0.5
    input_dropout: float = 0.2
    warm_up: float = 0.2


@dataclass(frozen=True)
class Mlp:
    """z = relu(x @ w0 + b0) @ w1 + b1: float32 [K, H], [H], [H, L], [L]."""

    w0: Floats
    b0: Floats
    w1: Floats
    b1: Floats

    def logits(self, x: Floats) -> Floats:
        """Return float32 [n, L] for x float32 [n, K]."""
        return np.maximum(x @ self.w0 + self.b0, 0) @ self.w1 + self.b1

    @property
    def arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        """All four."""
        return self.w0, self.b0, self.w1, self.b1


def averaged(members: list[Mlp]) -> Mlp:
    """Return one network whose logits are the mean of the members': their hidden units together."""
    share = np.float32(1 / len(members))
    return Mlp(
        np.concatenate([member.w0 for member in members], axis=1),
        np.concatenate([member.b0 for member in members]),
        np.concatenate([member.w1 for member in members]) * share,
        np.stack([member.b1 for member in members]).mean(axis=0),
    )


def train_mlp(
    x: Floats,
    bias: Floats,
    gradient: Gradient,
    seed: int,
    setting: MlpSetting | None = None,
    look: Callable[[Mlp], None] | None = None,
) -> Mlp:
    """Train a network.

    Args:
        x: float32 [n, K], inputs of about unit variance.
        bias: float32 [L], logits to begin with.
        gradient: of the loss; called with rows of `x`.
        seed: of first weights, order and dropout: the same seed gives the same network.
        setting: None takes the usual one.
        look: shown the network after each pass; must not keep it.
    """
    setting = setting or MlpSetting()
    rng = np.random.default_rng(seed)
    state = _Training(_first(x, bias, setting, rng), setting)
    batch = int(np.clip(-(-len(x) // STEPS), *BATCH))
    passes = int(np.clip(SHOWN_AT_MOST // max(1, len(x)), LEAST_PASSES, PASSES))
    steps = passes * -(-len(x) // batch)
    done = 0
    for _ in range(passes):
        order = rng.permutation(len(x))
        for at in range(0, len(x), batch):
            rows = order[at : at + batch]
            done += 1
            state.step(x[rows], partial(gradient, rows), done / steps, rng)
        if look is not None:
            look(Mlp(*state.arrays))
    return Mlp(*state.arrays)


def _first(x: Floats, bias: Floats, setting: MlpSetting, rng: np.random.Generator) -> Mlp:
    size = float(np.einsum("nk,nk->", x, x)) / max(1, len(x))
    w0 = rng.standard_normal((x.shape[1], setting.hidden), dtype=np.float32)
    w1 = rng.standard_normal((setting.hidden, len(bias)), dtype=np.float32)
    w0 *= np.float32(np.sqrt(2 / max(size, 1e-6)))
    w1 *= np.float32(0.1 / np.sqrt(setting.hidden))
    return Mlp(w0, np.zeros(setting.hidden, np.float32), w1, bias.astype(np.float32))


class _Training:
    """Weights on their way, with AdamW's moments of the gradients."""

    def __init__(self, start: Mlp, setting: MlpSetting) -> None:
        self.arrays = [array.copy() for array in start.arrays]
        self._setting = setting
        self._first = [np.zeros_like(array) for array in self.arrays]
        self._second = [np.zeros_like(array) for array in self.arrays]
        self._steps = 0

    def step(
        self, x: Floats, gradient: Callable[[Floats], Floats], done: float, rng: np.random.Generator
    ) -> None:
        """Go one step on a mini-batch; `done` is the share of all steps, this one included."""
        setting = self._setting
        w0, b0, w1, b1 = self.arrays
        shown: Floats = x * _kept(x.shape, setting.input_dropout, rng)
        hidden: Floats = shown @ w0
        hidden += b0
        np.maximum(hidden, 0, out=hidden)
        kept = _kept(hidden.shape, setting.dropout, rng)
        hidden *= kept
        by_logit = gradient(hidden @ w1 + b1)
        by_logit *= np.float32(1 / len(x))
        by_hidden: Floats = by_logit @ w1.T
        by_hidden *= hidden > 0
        by_hidden *= kept
        slopes = (shown.T @ by_hidden, by_hidden.sum(0), hidden.T @ by_logit, by_logit.sum(0))
        self._move(slopes, _rate(done, setting))

    def _move(self, slopes: tuple[Floats, ...], rate: float) -> None:
        """Take AdamW's step; the slopes are used up."""
        self._steps += 1
        scale = rate * np.sqrt(1 - float(_SECOND_MOMENT) ** self._steps)
        scale /= 1 - float(_FIRST_MOMENT) ** self._steps
        for array, slope, first, second in zip(
            self.arrays, slopes, self._first, self._second, strict=True
        ):
            first *= _FIRST_MOMENT
            first += (1 - _FIRST_MOMENT) * slope
            np.square(slope, out=slope)
            slope *= 1 - _SECOND_MOMENT
            second *= _SECOND_MOMENT
            second += slope
            np.sqrt(second, out=slope)
            slope += _TINY
            np.divide(first, slope, out=slope)
            slope *= np.float32(scale)
            if array.ndim == 2:
                array *= np.float32(1 - rate * self._setting.decay)
            array -= slope


def _kept(shape: tuple[int, ...], left_out: float, rng: np.random.Generator) -> Floats:
    """Return dropout's factors: 0 for what is left out, and more than 1 for the rest."""
    kept = (rng.random(shape, dtype=np.float32) >= left_out).astype(np.float32)
    kept *= np.float32(1 / (1 - left_out))
    return kept


def _rate(done: float, setting: MlpSetting) -> float:
    if done < setting.warm_up:
        return setting.rate * done / setting.warm_up
    rest = (done - setting.warm_up) / (1 - setting.warm_up)
    return setting.rate * 0.5 * float(1 + np.cos(np.pi * rest))
