"""Minimise many regularised convex losses at once, by preconditioned conjugate gradients.

All labels of a block share two matrix products per step. The preconditioner is each label's own
curvature in the principal axes, c·variance + λ, which makes the first step from zero an exact
Newton step; five to twenty steps reach what scikit-learn calls converged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trainer.quick.basis import Floats

_LEAST_CURVATURE = 1e-5
_OVERSHOOT = 0.1
_LOOK_EVERY = 3
_WORTH_PARTING = 0.75
"""Every few steps labels that are done are left behind, if they are enough to pay for copying."""


@dataclass
class Slope:
    """Where a loss stands at given logits; weights are those of the loss, summing to 1 a label.

    Attributes:
        gradient: float32 [n, L], of the loss by each logit.
        curvature: float32 [n, L], diagonal of the second derivative by the logits.
        memory: what the loss needs to find the curvature along a direction.
    """

    gradient: Floats
    curvature: Floats
    memory: Floats

    @property
    def arrays(self) -> tuple[Floats, Floats, Floats]:
        """All three."""
        return self.gradient, self.curvature, self.memory


Columns = NDArray[np.bool_]


class Loss(Protocol):
    """A convex loss of the logits of n photos and L labels."""

    joint: bool
    """Whether labels share one loss (softmax); else each has its own (logistic)."""

    def slope(self, logits: Floats) -> Slope:
        """Return first and second derivatives at logits float32 [n, L]."""

    def bend(self, slope: Slope, direction: Floats) -> Floats:
        """Return the second derivative along logits direction float32 [n, L], as [L] or [1]."""

    def only(self, columns: Columns) -> Loss:
        """Return the loss of some labels; never asked of a joint one."""


@dataclass
class Problem:
    """What is known of the photos and wanted of the weights.

    Attributes:
        x: float32 [n, K], coordinates in the principal axes.
        variances: float32 [K].
        root: float32 [n, L], what the root's logits add, or None.
        penalty: float32 [L], of the squared weights (loss is a mean over photos).
        root_pull: float32 [L], penalty of (a − root_start)².
        root_start: float32 [L], what `a` is without any example.
        bias_pull: float32 [L], penalty of (b − bias_start)².
        bias_start: float32 [L].
    """

    x: Floats
    variances: Floats
    root: Floats | None
    penalty: Floats
    root_pull: Floats
    root_start: Floats
    bias_pull: Floats
    bias_start: Floats

    def only(self, columns: Columns) -> Problem:
        """Return the problem of some labels."""
        return Problem(
            self.x,
            self.variances,
            None if self.root is None else self.root[:, columns],
            self.penalty[columns],
            self.root_pull[columns],
            self.root_start[columns],
            self.bias_pull[columns],
            self.bias_start[columns],
        )


@dataclass
class Weights:
    """A linear model of L labels: z = a·root + x @ w + b.

    Attributes:
        w: float32 [K, L].
        b: float32 [L].
        a: float32 [L]; 0 without a root.
    """

    w: Floats
    b: Floats
    a: Floats

    def logits(self, x: Floats, root: Floats | None) -> Floats:
        """Return float32 [n, L]."""
        z = x @ self.w
        z += self.b
        if root is not None:
            z += self.a * root
        return z

    def copy(self) -> Weights:
        """Return weights of their own memory."""
        return Weights(self.w.copy(), self.b.copy(), self.a.copy())

    def put(self, labels: NDArray[np.int64], other: Weights) -> None:
        """Take over the weights of these labels from others that hold only them."""
        self.w[:, labels], self.b[labels], self.a[labels] = other.w, other.b, other.a

    def moved(self, by: _Direction, step: Floats) -> Weights:
        """Return the weights a step further: `step` is [L] or [1]."""
        return Weights(self.w + step * by.w, self.b + step * by.b, self.a + step * by.a)


@dataclass
class _Direction:
    w: Floats
    b: Floats
    a: Floats


def first_weights(problem: Problem, bias: Floats) -> Weights:
    """Return weights that know nothing but the biases float32 [L] (and the root)."""
    w = np.zeros((problem.x.shape[1], len(bias)), np.float32)
    a = problem.root_start.copy() if problem.root is not None else np.zeros_like(bias)
    return Weights(w, bias.copy(), a)


def minimise(
    problem: Problem, loss: Loss, start: Weights, *, steps: int, tolerance: float = 1e-6
) -> Weights:
    """Return the weights that make loss + penalties least.

    Args:
        problem: photos and penalties.
        loss: of the logits.
        start: where to begin: `first_weights`, or the result for a larger penalty.
        steps: at most so many.
        tolerance: a label is done when its loss sinks by less than this in a step.
    """
    run = _Run(problem, loss, start)
    found = start.copy()
    left = np.arange(len(start.b))
    for step in range(1, steps + 1):
        going = run.advance() >= tolerance
        if not going.any() or step == steps:
            break
        if not loss.joint and step % _LOOK_EVERY == 0 and going.mean() < _WORTH_PARTING:
            found.put(left, run.weights)
            left, run = left[going], run.only(going)
    found.put(left, run.weights)
    return found


class _Run:
    """The state of one minimisation."""

    def __init__(self, problem: Problem, loss: Loss, start: Weights) -> None:
        self.problem, self.loss, self.weights = problem, loss, start
        self.z = start.logits(problem.x, problem.root)
        self.slope = loss.slope(self.z)
        self.direction: _Direction | None = None
        self.gradient: _Direction | None = None
        self.size: Floats = np.zeros(1, np.float32)

    def only(self, columns: Columns) -> _Run:
        """Return the run of some labels, at the same point and with the same memory."""
        run = object.__new__(_Run)
        run.problem, run.loss = self.problem.only(columns), self.loss.only(columns)
        weights = self.weights
        run.weights = Weights(weights.w[:, columns], weights.b[columns], weights.a[columns])
        run.z = self.z[:, columns]
        run.slope = Slope(*(array[:, columns] for array in self.slope.arrays))
        run.direction = _of(self.direction, columns)
        run.gradient = _of(self.gradient, columns)
        run.size = self.size[columns]
        return run

    def advance(self) -> Floats:
        """Go one step; return by how much each label's loss sank, [L] or [1]."""
        gradient = self._gradient()
        ahead = self._preconditioned(gradient)
        direction = self._conjugate(gradient, ahead)
        descent = self._dot(gradient, direction)
        if (descent >= 0).any():  # where rounding spoilt the direction, go straight down
            straight = descent >= 0
            direction = _where(straight, _negative(ahead), direction)
            descent = np.where(straight, -self._dot(gradient, ahead), descent)
        dz = self._logits_along(direction)
        step, self.slope = self._line_search(direction, descent, dz)
        self.z += step * dz
        self.weights = self.weights.moved(direction, step)
        self.direction = direction
        return (-descent * step / 2).astype(np.float32)

    def _gradient(self) -> _Direction:
        g, weights, problem = self.slope.gradient, self.weights, self.problem
        w = problem.x.T @ g + problem.penalty * weights.w
        b = g.sum(axis=0) + problem.bias_pull * (weights.b - problem.bias_start)
        if problem.root is None:
            return _Direction(w, b, np.zeros_like(weights.a))
        a = np.einsum("nl,nl->l", g, problem.root)
        return _Direction(w, b, a + problem.root_pull * (weights.a - problem.root_start))

    def _preconditioned(self, gradient: _Direction) -> _Direction:
        problem, h = self.problem, self.slope.curvature
        c = np.maximum(h.sum(axis=0), _LEAST_CURVATURE)
        w = gradient.w / (c * problem.variances[:, None] + problem.penalty)
        b = gradient.b / (c + problem.bias_pull)
        if problem.root is None:
            return _Direction(w, b, gradient.a)
        weighted = h * problem.root
        spread = np.einsum("nl,nl->l", weighted, problem.root) - weighted.sum(axis=0) ** 2 / c
        return _Direction(w, b, gradient.a / (np.maximum(spread, 0) + problem.root_pull))

    def _conjugate(self, gradient: _Direction, ahead: _Direction) -> _Direction:
        size = np.maximum(self._dot(gradient, ahead), np.float32(1e-20))
        if self.direction is None or self.gradient is None:
            made = _negative(ahead)
        else:
            change = size - self._dot(self.gradient, ahead)
            share = np.maximum(change / self.size, 0)
            made = _Direction(
                share * self.direction.w - ahead.w,
                share * self.direction.b - ahead.b,
                share * self.direction.a - ahead.a,
            )
        self.gradient, self.size = gradient, size
        return made

    def _logits_along(self, direction: _Direction) -> Floats:
        dz = self.problem.x @ direction.w
        dz += direction.b
        if self.problem.root is not None:
            dz += direction.a * self.problem.root
        return dz

    def _line_search(
        self, direction: _Direction, descent: Floats, dz: Floats
    ) -> tuple[Floats, Slope]:
        """Return Newton's step along a direction, shortened by the secant where it overshot."""
        stiffness = self._stiffness(direction)
        step = -descent / np.maximum(self.loss.bend(self.slope, dz) + stiffness, 1e-20)
        step = step.astype(np.float32)
        slope = self.loss.slope(self.z + step * dz)
        there = self._sum(slope.gradient * dz) + self._pull_along(direction) + step * stiffness
        over = there > _OVERSHOOT * np.abs(descent)
        if over.any():
            share = np.divide(descent, descent - there, out=np.ones_like(step), where=over)
            step = (step * share).astype(np.float32)
            slope = self.loss.slope(self.z + step * dz)
        return step, slope

    def _stiffness(self, direction: _Direction) -> Floats:
        problem = self.problem
        return self._reduced(
            problem.penalty * np.einsum("kl,kl->l", direction.w, direction.w)
            + problem.bias_pull * direction.b**2
            + problem.root_pull * direction.a**2
        )

    def _pull_along(self, direction: _Direction) -> Floats:
        problem, weights = self.problem, self.weights
        return self._reduced(
            problem.penalty * np.einsum("kl,kl->l", weights.w, direction.w)
            + problem.bias_pull * (weights.b - problem.bias_start) * direction.b
            + problem.root_pull * (weights.a - problem.root_start) * direction.a
        )

    def _dot(self, one: _Direction, other: _Direction) -> Floats:
        return self._reduced(
            np.einsum("kl,kl->l", one.w, other.w) + one.b * other.b + one.a * other.a
        )

    def _sum(self, values: Floats) -> Floats:
        return self._reduced(values.sum(axis=0))

    def _reduced(self, by_label: NDArray[np.float32]) -> Floats:
        return by_label.sum(keepdims=True) if self.loss.joint else by_label


def _of(direction: _Direction | None, columns: Columns) -> _Direction | None:
    if direction is None:
        return None
    return _Direction(direction.w[:, columns], direction.b[columns], direction.a[columns])


def _negative(direction: _Direction) -> _Direction:
    return _Direction(-direction.w, -direction.b, -direction.a)


def _where(mask: NDArray[np.bool_], one: _Direction, other: _Direction) -> _Direction:
    return _Direction(
        np.where(mask, one.w, other.w),
        np.where(mask, one.b, other.b),
        np.where(mask, one.a, other.a),
    )
