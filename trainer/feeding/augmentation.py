"""What is done to training photos, as data, and the drawing of it for one photo."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from trainer.feeding.rand_augment import rand_augment


@dataclass(frozen=True)
class Augmentation:
    """How training photos are changed; the default changes nothing.

    Attributes:
        flip, flip_vertical: chance of mirroring left–right, top–bottom.
        rotation: by any angle within plus and minus this, in degrees.
        shift: largest shift of each axis, as a share of the side.
        scale: smallest and largest factor of size.
        crop: smallest share of the area that a random crop keeps (1 = no crop); it is brought
            back to full size.
        brightness, contrast, saturation: largest relative change.
        hue: largest turn of the colour circle, 0 to 0.5.
        random_ops: operations of RandAugment per photo (0 = none).
        strength: of RandAugment, 0 to 30.
        erase: chance of overwriting a rectangle with `fill`.
        mixup: alpha of the Beta distribution by which two photos are mixed (0 = not).
        fill: RGB of what comes into view from outside; None repeats the edge.
        smooth: bilinear instead of nearest sampling when turning and scaling.
    """

    flip: float = 0.0
    flip_vertical: float = 0.0
    rotation: float = 0.0
    shift: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    crop: float = 1.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    random_ops: int = 0
    strength: float = 9.0
    erase: float = 0.0
    mixup: float = 0.0
    fill: tuple[int, int, int] | None = (124, 116, 104)
    smooth: bool = True


_MARGIN = 0.5
"""Share of the side by which the edge is repeated around a photo that is turned."""

NONE = Augmentation()
GENTLE = Augmentation(flip=0.5, shift=0.06, fill=None)


def augmented(photo: Tensor, how: Augmentation, rng: np.random.Generator) -> Tensor:
    """Change one photo.

    Args:
        photo: uint8 [3, H, W].
        how: what may be done.
        rng: what is done depends on nothing else.

    Returns:
        uint8 [3, H, W].
    """
    if rng.random() < how.flip:
        photo = tv.horizontal_flip(photo)
    if rng.random() < how.flip_vertical:
        photo = tv.vertical_flip(photo)
    if how.crop < 1:
        photo = _cropped(photo, how.crop, rng)
    photo = _moved(photo, how, rng)
    photo = _coloured(photo, how, rng)
    if how.random_ops:
        photo = rand_augment(photo, how.random_ops, how.strength, how.fill, rng)
    if rng.random() < how.erase:
        photo = _erased(photo, how.fill, rng)
    return photo


def mixing(how: Augmentation, rng: np.random.Generator, photos: int) -> tuple[float, np.ndarray]:
    """Draw the share of the first photo, and the partners (int64 [photos]) of a batch."""
    share = float(rng.beta(how.mixup, how.mixup)) if how.mixup else 1.0
    return max(share, 1 - share), rng.permutation(photos)


def _moved(photo: Tensor, how: Augmentation, rng: np.random.Generator) -> Tensor:
    height, width = photo.shape[-2:]
    angle = float(rng.uniform(-how.rotation, how.rotation)) if how.rotation else 0.0
    factor = float(rng.uniform(*how.scale)) if how.scale != (1.0, 1.0) else 1.0
    right, down = (
        round(float(rng.uniform(-how.shift, how.shift)) * side) if how.shift else 0
        for side in (width, height)
    )
    if angle == 0 and factor == 1:
        return _shifted(photo, right, down, how.fill)
    sampling = InterpolationMode.BILINEAR if how.smooth else InterpolationMode.NEAREST
    if how.fill is not None:
        fill = [float(value) for value in how.fill]
        return tv.affine(photo, angle, [right, down], factor, [0.0, 0.0], sampling, fill)
    margins = [math.ceil(_MARGIN * width), math.ceil(_MARGIN * height)]
    wide = tv.pad(photo, margins, padding_mode="edge")
    turned = tv.affine(wide, angle, [right, down], factor, [0.0, 0.0], sampling)
    return tv.center_crop(turned, [height, width])


def _shifted(photo: Tensor, right: int, down: int, fill: tuple[int, int, int] | None) -> Tensor:
    if not (right or down):
        return photo
    height, width = photo.shape[-2:]
    if fill is None:
        rows = (torch.arange(height) - down).clamp_(0, height - 1)
        columns = (torch.arange(width) - right).clamp_(0, width - 1)
        return photo[:, rows][:, :, columns]
    made = torch.tensor(fill, dtype=torch.uint8)[:, None, None].expand(3, height, width).clone()
    here = (slice(max(0, down), height + min(0, down)), slice(max(0, right), width + min(0, right)))
    there = (
        slice(max(0, -down), height - max(0, down)),
        slice(max(0, -right), width - max(0, right)),
    )
    made[:, here[0], here[1]] = photo[:, there[0], there[1]]
    return made


def _cropped(photo: Tensor, least: float, rng: np.random.Generator) -> Tensor:
    height, width = photo.shape[-2:]
    area = float(rng.uniform(least, 1))
    ratio = float(np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3))))
    high = min(height, max(1, round(height * np.sqrt(area / ratio))))
    wide = min(width, max(1, round(width * np.sqrt(area * ratio))))
    top, left = (int(rng.integers(0, rest + 1)) for rest in (height - high, width - wide))
    return tv.resized_crop(photo, top, left, high, wide, [height, width], antialias=True)


def _coloured(photo: Tensor, how: Augmentation, rng: np.random.Generator) -> Tensor:
    for change, amount in (
        (tv.adjust_brightness, how.brightness),
        (tv.adjust_contrast, how.contrast),
        (tv.adjust_saturation, how.saturation),
    ):
        if amount:
            photo = change(photo, float(rng.uniform(max(0, 1 - amount), 1 + amount)))
    if how.hue:
        photo = tv.adjust_hue(photo, float(rng.uniform(-how.hue, how.hue)))
    return photo


def _erased(photo: Tensor, fill: tuple[int, int, int] | None, rng: np.random.Generator) -> Tensor:
    height, width = photo.shape[-2:]
    area = float(rng.uniform(0.02, 1 / 3))
    ratio = float(np.exp(rng.uniform(np.log(0.3), np.log(3.3))))
    high = min(height, max(1, round(height * np.sqrt(area * ratio))))
    wide = min(width, max(1, round(width * np.sqrt(area / ratio))))
    top, left = (int(rng.integers(0, rest + 1)) for rest in (height - high, width - wide))
    value = torch.tensor(fill or (124, 116, 104), dtype=torch.uint8)[:, None, None]
    return tv.erase(photo, top, left, high, wide, value.expand(3, high, wide))
