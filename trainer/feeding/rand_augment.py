"""RandAugment (Cubuk et al. 2020), drawn from a generator of its own.

torchvision's class draws from the global generator, which decoding threads must not touch if a
training is to go the same way twice; the operations are torchvision's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as tv

STEPS = 30
"""Strength at which an operation does most."""

Fill = tuple[int, int, int] | None
Operation = Callable[[Tensor, float, Fill], Tensor]


def _sheared(photo: Tensor, degrees: list[float], fill: Fill) -> Tensor:
    colour = None if fill is None else [float(value) for value in fill]
    return tv.affine(
        photo, 0.0, [0, 0], 1.0, degrees, InterpolationMode.NEAREST, colour, center=[0.0, 0.0]
    )


def _shifted(photo: Tensor, right: float, down: float, fill: Fill) -> Tensor:
    colour = None if fill is None else [float(value) for value in fill]
    by = [right * photo.shape[-1], down * photo.shape[-2]]
    return tv.affine(photo, 0.0, by, 1.0, [0.0, 0.0], InterpolationMode.NEAREST, colour)


def _turned(photo: Tensor, share: float, fill: Fill) -> Tensor:
    colour = None if fill is None else [float(value) for value in fill]
    return tv.rotate(photo, 30 * share, InterpolationMode.NEAREST, fill=colour)


OPERATIONS: tuple[Operation, ...] = (
    lambda photo, share, fill: photo,
    lambda photo, share, fill: _sheared(
        photo, [float(np.degrees(np.arctan(0.3 * share))), 0], fill
    ),
    lambda photo, share, fill: _sheared(
        photo, [0, float(np.degrees(np.arctan(0.3 * share)))], fill
    ),
    lambda photo, share, fill: _shifted(photo, 0.45 * share, 0, fill),
    lambda photo, share, fill: _shifted(photo, 0, 0.45 * share, fill),
    _turned,
    lambda photo, share, fill: tv.adjust_brightness(photo, 1 + 0.9 * share),
    lambda photo, share, fill: tv.adjust_saturation(photo, 1 + 0.9 * share),
    lambda photo, share, fill: tv.adjust_contrast(photo, 1 + 0.9 * share),
    lambda photo, share, fill: tv.adjust_sharpness(photo, 1 + 0.9 * share),
    lambda photo, share, fill: tv.posterize(photo, 8 - round(4 * abs(share))),
    lambda photo, share, fill: tv.solarize(photo, 255 * (1 - abs(share))),
    lambda photo, share, fill: tv.autocontrast(photo),
    lambda photo, share, fill: tv.equalize(photo),
)
"""Each takes a photo uint8 [3, H, W], a strength from −1 to 1 and the colour of what is outside."""


def rand_augment(
    photo: Tensor, operations: int, strength: float, fill: Fill, rng: np.random.Generator
) -> Tensor:
    """Apply so many operations, each drawn anew: uint8 [3, H, W]."""
    for _ in range(operations):
        drawn = OPERATIONS[int(rng.integers(len(OPERATIONS)))]
        sign = 1 if rng.random() < 0.5 else -1
        photo = drawn(photo, sign * strength / STEPS, fill)
    return photo
