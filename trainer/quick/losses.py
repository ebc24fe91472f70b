"""The two losses of quick retraining, with what is unknown left out or weighed less."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer.quick.basis import Floats
from trainer.quick.solver import Columns, Slope

_EXP_LIMIT = np.float32(30)


class Logistic:
    """Weighted logistic loss of independent labels: the mean over each label's own weights."""

    joint = False

    def __init__(self, positive: NDArray[np.bool_], weights: Floats) -> None:
        """Take targets.

        Args:
            positive: bool [n, L].
            weights: float32 [n, L], 0 = does not count.
        """
        total = np.maximum(weights.sum(axis=0), np.float32(1e-6))
        self._weights = weights / total
        self._targets = self._weights * positive

    def slope(self, logits: Floats) -> Slope:
        """Return derivatives at logits float32 [n, L]."""
        p = np.clip(logits, -_EXP_LIMIT, _EXP_LIMIT)
        np.negative(p, out=p)
        np.exp(p, out=p)
        p += 1
        np.reciprocal(p, out=p)
        weighted = self._weights * p
        gradient = weighted - self._targets
        np.multiply(weighted, 1 - p, out=weighted)
        return Slope(gradient, weighted, weighted)

    def bend(self, slope: Slope, direction: Floats) -> Floats:
        """Return the second derivative along a direction: float32 [L]."""
        return np.einsum("nl,nl,nl->l", slope.curvature, direction, direction, optimize=False)

    def only(self, columns: Columns) -> Logistic:
        """Return the loss of some labels."""
        made = object.__new__(Logistic)
        made._weights = self._weights[:, columns]
        made._targets = self._targets[:, columns]
        return made


class Softmax:
    """Softmax loss over the classes of a single group, with photos that only exclude classes.

    A photo either has an answer (a class, which may be the null class), or it has classes that
    were rejected: each adds −log(1 − p). The second derivative of the latter is bounded by that
    of the softmax, which is used in its place.
    """

    joint = True

    def __init__(self, answers: NDArray[np.int64], rejected: NDArray[np.bool_]) -> None:
        """Take targets.

        Args:
            answers: int64 [n], the class, −1 where there is none.
            rejected: bool [n, C]; counts only where there is no answer.
        """
        self._rejected = (rejected & (answers < 0)[:, None]).astype(np.float32)
        answered = answers >= 0
        self._targets = np.zeros(rejected.shape, np.float32)
        self._targets[answered, answers[answered]] = 1
        times = answered + self._rejected.sum(axis=1)
        self._share = np.float32(1 / max(1.0, float((times > 0).sum())))
        self._times = (times * self._share).astype(np.float32)[:, None]
        self._any_rejected = bool(self._rejected.any())

    def slope(self, logits: Floats) -> Slope:
        """Return derivatives at logits float32 [n, C]."""
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        gradient = self._times * p - self._share * self._targets
        if self._any_rejected:
            gradient -= self._share * self._without_rejected(p)
        return Slope(gradient, self._times * p * (1 - p), p)

    def _without_rejected(self, p: Floats) -> Floats:
        """Return, summed over a photo's rejected classes, p shared out among the others."""
        each = self._rejected / np.maximum(1 - p, np.float32(1e-6))
        return p * (each.sum(axis=1, keepdims=True) - each)

    def bend(self, slope: Slope, direction: Floats) -> Floats:
        """Return the second derivative along a direction: float32 [1]."""
        p = slope.memory
        mean = (p * direction).sum(axis=1, keepdims=True)
        spread = (p * (direction - mean) ** 2).sum(axis=1, keepdims=True)
        return (self._times * spread).sum(keepdims=True)[0]

    def only(self, columns: Columns) -> Softmax:
        """Classes cannot be parted."""
        raise NotImplementedError("the classes of a softmax share one loss")
