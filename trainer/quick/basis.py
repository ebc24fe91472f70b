"""Embeddings as a fit wants them: transformed, centred, scaled, and turned into principal axes.

In the principal axes the curvature of every label's loss is nearly diagonal, so that one
eigen-decomposition serves all labels, all regularisations and all folds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trainer.quick.cores import cores, one_core_a_product, shared_out

Floats = NDArray[np.float32]
Transform = Literal["identity", "sqrt"]

LEAST = 0.1
"""Axes with less variance than this share of a number's mean are left out. Of everyday's 1,280 that
leaves 980, and saves a quarter of a fit's time for .0008 mAP (captions gain .0016)."""

_NOISE = 1e-6
"""Of the largest variance; what is below it is rounding of float16."""


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
    return np.copysign(np.sqrt(np.abs(x)), x) if transform == "sqrt" else x


def fitting_transform(embeddings: NDArray[np.floating]) -> Transform:
    """Return `sqrt` for embeddings that are averages of rectified activations, else `identity`.

    Such averages are never negative and skewed; the root evens them out.
    """
    return "sqrt" if len(embeddings) and float(np.min(embeddings)) >= 0 else "identity"


def inputs_for(embeddings: NDArray[np.floating], transform: Transform | None = None) -> Inputs:
    """Choose transform (unless given), mean and scale from training embeddings float [n, D]."""
    return _scaled(embeddings, transform)[0]


def _scaled(embeddings: NDArray[np.floating], transform: Transform | None) -> tuple[Inputs, Floats]:
    """Return the inputs, and the embeddings scaled by them: float32 [n, D]."""
    embeddings = np.asarray(embeddings, np.float32)
    transform = transform or fitting_transform(embeddings)
    x = transformed(embeddings, transform)
    mean = x.mean(axis=0)
    x = x - mean
    scale = float(np.sqrt(np.einsum("nd,nd->d", x, x).sum(dtype=np.float64) / max(1, x.size)))
    x /= np.float32(scale or 1.0)
    return Inputs(transform, mean, scale or 1.0), x


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
    embeddings: NDArray[np.floating], transform: Transform | None = None, least: float = LEAST
) -> tuple[Basis, Floats]:
    """Find the principal axes of training embeddings.

    Args:
        embeddings: float [n, D], n ≥ 1.
        transform: None chooses the fitting one.
        least: variance, as a share of a number's mean, below which an axis is left out.

    Returns:
        the basis, and the coordinates of the same photos: float32 [n, K], K ≤ min(n, D).
    """
    inputs, x = _scaled(embeddings, transform)
    with one_core_a_product():
        variances, axes = _few(x, least) if len(x) < x.shape[1] else _many(x, least)
    basis = Basis(inputs, np.ascontiguousarray(axes), variances)
    parts = np.array_split(x, cores())
    return basis, np.concatenate(list(shared_out(lambda part: part @ basis.axes, parts)))


def _many(x: Floats, least: float) -> tuple[Floats, Floats]:
    products = sum(shared_out(lambda part: part.T @ part, np.array_split(x, cores())))
    variances, axes = np.linalg.eigh(products / np.float32(len(x)))
    return _kept(variances, axes, least)


def _few(x: Floats, least: float) -> tuple[Floats, Floats]:
    """Return the axes by way of the products between photos, which are fewer than the numbers."""
    variances, vectors = np.linalg.eigh(x @ x.T / np.float32(len(x)))
    variances, vectors = _kept(variances, vectors, least)
    axes = x.T @ (vectors / np.sqrt(variances * np.float32(len(x))))
    return variances, axes.astype(np.float32)


def _kept(variances: Floats, vectors: Floats, least: float) -> tuple[Floats, Floats]:
    variances, vectors = variances[::-1], vectors[:, ::-1]
    kept = variances > max(_NOISE * float(variances[0]), 1e-12, least)
    kept[0] = True
    return np.maximum(variances[kept], np.float32(1e-12)), vectors[:, kept]
