"""Embeddings as a fit wants them: transformed, centred, scaled, and turned into principal axes.

In the principal axes the curvature of every label's loss is nearly diagonal, so that one
eigen-decomposition serves all labels, all regularisations and all folds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trainer.quick.cores import one_core_a_product

Floats = NDArray[np.float32]
Transform = Literal["identity", "sqrt"]

SMALLEST = 1e-6
"""Axes whose variance is below this share of the largest are left out: noise of float16."""


@dataclass(frozen=True)
class Inputs:
    """What is done to an embedding before the axes: x = (transform(e) − mean) / scale.

    One scale for all numbers: in cross-validation on everyday, captions and scenes that was
    better than one for each, and the root of the embedding better than the embedding (log-loss
    8.89 against 8.94, 3.75 against 3.81, 1.09 against 1.10).

    Attributes:
        transform: `sqrt` keeps the sign.
        mean: float32 [D].
        scale: root mean square of the centred numbers.
    """

    transform: Transform
    mean: Floats
    scale: float

    def apply(self, embeddings: NDArray[np.floating]) -> Floats:
        """Return the scaled embeddings: float32 [n, D]."""
        return (transformed(embeddings, self.transform) - self.mean) / np.float32(self.scale)


def transformed(embeddings: NDArray[np.floating], transform: Transform) -> Floats:
    """Return embeddings, or their signed roots, as float32."""
    x = np.asarray(embeddings, np.float32)
    return np.sign(x) * np.sqrt(np.abs(x)) if transform == "sqrt" else x


def fitting_transform(embeddings: NDArray[np.floating]) -> Transform:
    """Return `sqrt` for embeddings that are averages of rectified activations, else `identity`.

    Such averages are never negative and skewed; the root evens them out.
    """
    return "sqrt" if len(embeddings) and float(np.min(embeddings)) >= 0 else "identity"


def inputs_for(embeddings: NDArray[np.floating], transform: Transform | None = None) -> Inputs:
    """Choose transform (unless given), mean and scale from training embeddings float [n, D]."""
    transform = transform or fitting_transform(embeddings)
    x = transformed(embeddings, transform)
    mean = x.mean(axis=0)
    scale = float(np.sqrt(np.mean((x - mean) ** 2)))
    return Inputs(transform, mean, scale or 1.0)


@dataclass(frozen=True)
class Basis:
    """Principal axes of the training photos' inputs.

    Attributes:
        inputs: what comes before the axes.
        axes: float32 [D, K], orthonormal.
        variances: float32 [K], of the training photos along each axis, descending.
    """

    inputs: Inputs
    axes: Floats
    variances: Floats

    def coordinates(self, embeddings: NDArray[np.floating]) -> Floats:
        """Return embeddings in these axes: float32 [n, K]."""
        return self.inputs.apply(embeddings) @ self.axes

    def to_head(self, weight: Floats, bias: Floats) -> tuple[Floats, Floats]:
        """Fold axes, mean and scale into weights for the transformed embedding itself.

        Args:
            weight: float32 [K, L], in these axes.
            bias: float32 [L].

        Returns:
            weight float32 [D, L] and bias float32 [L].
        """
        outer = (self.axes.astype(np.float64) @ weight.astype(np.float64)) / self.inputs.scale
        shift = self.inputs.mean.astype(np.float64) @ outer
        return outer.astype(np.float32), (bias - shift).astype(np.float32)


def make_basis(
    embeddings: NDArray[np.floating], transform: Transform | None = None
) -> tuple[Basis, Floats]:
    """Find the principal axes of training embeddings.

    Args:
        embeddings: float [n, D], n ≥ 1.
        transform: None chooses the fitting one.

    Returns:
        the basis, and the coordinates of the same photos: float32 [n, K], K ≤ min(n, D).
    """
    inputs = inputs_for(embeddings, transform)
    x = inputs.apply(embeddings)
    with one_core_a_product():
        variances, axes = _few(x) if len(x) < x.shape[1] else _many(x)
    basis = Basis(inputs, np.ascontiguousarray(axes), variances)
    return basis, np.ascontiguousarray(x @ axes)


def _many(x: Floats) -> tuple[Floats, Floats]:
    variances, axes = np.linalg.eigh(x.T @ x / np.float32(len(x)))
    return _kept(variances, axes)


def _few(x: Floats) -> tuple[Floats, Floats]:
    """Return the axes by way of the products between photos, which are fewer than the numbers."""
    variances, vectors = np.linalg.eigh(x @ x.T / np.float32(len(x)))
    variances, vectors = _kept(variances, vectors)
    axes = x.T @ (vectors / np.sqrt(variances * np.float32(len(x))))
    return variances, axes.astype(np.float32)


def _kept(variances: Floats, vectors: Floats) -> tuple[Floats, Floats]:
    variances, vectors = variances[::-1], vectors[:, ::-1]
    kept = variances > max(SMALLEST * float(variances[0]), 1e-12)
    kept[0] = True
    return np.maximum(variances[kept], np.float32(1e-12)), vectors[:, kept]
