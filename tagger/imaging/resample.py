"""Resizing with Pillow's filters, and without antialiasing as some models were trained."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tagger.core.preprocessing import Interpolation

Box = tuple[float, float, float, float]

_PILLOW: dict[str, Image.Resampling] = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "area": Image.Resampling.BOX,
    "nearest": Image.Resampling.NEAREST,
}
_ALWAYS_PILLOW = ("area", "nearest")
_REACH = {"bilinear": 1, "bicubic": 2, "lanczos": 3}


def reach(interpolation: Interpolation, scale: float) -> float:
    """Return how far, in source pixels, the antialiased filter looks to either side.

    Args:
        interpolation: the filter.
        scale: source pixels per output pixel.
    """
    return _REACH.get(interpolation, 1) * max(1.0, scale)


def resize(
    image: Image.Image,
    size: tuple[int, int],
    interpolation: Interpolation,
    *,
    antialias: bool = True,
    box: Box | None = None,
) -> Image.Image:
    """Resize an RGB picture, or only the part `box` (left, top, right, bottom) of it.

    The part is taken as if the whole had been resized and then cropped. Without antialiasing the
    filter keeps its width when shrinking, as in torch, OpenCV and ONNX (cubic: a = -0.75); `area`
    always averages and `nearest` never does.

    Args:
        image: picture in mode RGB.
        size: width and height wanted, in pixels.
        interpolation: the filter.
        antialias: widen the filter when shrinking, as Pillow does.
        box: part of the source in pixels, None for the whole.
    """
    whole = (0.0, 0.0, float(image.width), float(image.height))
    box = whole if box is None else box
    if antialias or interpolation in _ALWAYS_PILLOW:
        if size == image.size and box == whole:
            return image
        return image.resize(size, _PILLOW[interpolation], box=box)
    pixels = np.asarray(image)
    rows = _sample(pixels, 0, size[1], (box[1], box[3]), interpolation)
    both = _sample(rows, 1, size[0], (box[0], box[2]), interpolation)
    return Image.fromarray(np.clip(np.rint(both), 0, 255).astype(np.uint8))


def _sample(
    pixels: np.ndarray, axis: int, count: int, span: tuple[float, float], interpolation: str
) -> np.ndarray:
    """Interpolate `count` lines evenly over `span` of an axis, from the nearest few lines each.

    `pixels` is uint8 or float32 [H, W, 3], the result float32.
    """
    taps = 2 * _REACH[interpolation]
    centre = span[0] + (np.arange(count) + 0.5) * (span[1] - span[0]) / count - 0.5
    first = np.floor(centre).astype(np.int64) - taps // 2 + 1
    total = np.zeros(count)
    out: np.ndarray | float = 0.0
    shape = [1, 1, 1]
    shape[axis] = count
    for tap in range(taps):
        weight = _weight(np.abs(centre - (first + tap)), interpolation)
        lines = pixels.take(np.clip(first + tap, 0, pixels.shape[axis] - 1), axis=axis)
        out = out + lines * weight.astype(np.float32).reshape(shape)
        total += weight
    return np.asarray(out / total.astype(np.float32).reshape(shape))


def _weight(distance: np.ndarray, interpolation: str) -> np.ndarray:
    """Return the filter's weight at distances of at most its reach."""
    x = distance
    if interpolation == "bilinear":
        return np.maximum(0.0, 1.0 - x)
    if interpolation == "bicubic":
        a = -0.75
        near = ((a + 2) * x - (a + 3)) * x * x + 1
        far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
        return np.where(x <= 1, near, np.where(x < 2, far, 0.0))
    return np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0.0)
