"""Filling a photo up to the shape of the model input, and resizing it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tagger.core.preprocessing import Preprocessing
from tagger.imaging.colour import RGB
from tagger.imaging.resample import reach, resize

_ROUNDING = 1e-6


@dataclass(frozen=True)
class _Axis:
    """One axis of a photo that is filled, resized, and filled again.

    Attributes:
        ahead, behind: source pixels of filling before resizing.
        begin, end: part of the filled source that is resized, in pixels.
        first, last: output lines which that part becomes; the others see filling only.
    """

    ahead: int
    behind: int
    begin: float
    end: float
    first: int
    last: int


def pad_and_resize(image: Image.Image, spec: Preprocessing) -> Image.Image:
    """Fill an RGB picture up to the input's shape, centred, and resize that to the input.

    Filling comes before resizing, as in the models that want it, so the photo's border blends
    with the filling. Only so much is filled as the filter can see; a strip of 12000 x 40 pixels
    does not become a square of 12000.
    """
    scale = max(image.width / spec.width, image.height / spec.height)
    see = reach(spec.interpolation, scale) + scale + 1
    down = _axis(image.height, spec.height, scale, see)
    across = _axis(image.width, spec.width, scale, see)
    filled = _fill(
        np.asarray(image), (down.ahead, down.behind), (across.ahead, across.behind), spec.pad_color
    )
    part = resize(
        Image.fromarray(filled),
        (across.last - across.first, down.last - down.first),
        spec.interpolation,
        antialias=spec.antialias,
        box=(across.begin, down.begin, across.end, down.end),
    )
    rest_down = (down.first, spec.height - down.last)
    rest_across = (across.first, spec.width - across.last)
    return Image.fromarray(_fill(np.asarray(part), rest_down, rest_across, spec.pad_color))


def _axis(have: int, want: int, scale: float, see: float) -> _Axis:
    """Plan one axis: `have` source pixels, `want` output lines, a filter that sees `see` pixels."""
    whole = want * scale
    length = max(have, math.ceil(whole - _ROUNDING))
    start = (length - have) // 2
    first = max(0, math.floor((start - see) / scale))
    last = min(want, math.ceil((start + have + see) / scale))
    origin = max(0, min(start, math.floor(first * scale - see)))
    stop = min(length, max(start + have, math.ceil(last * scale + see)))
    return _Axis(
        ahead=start - origin,
        behind=stop - start - have,
        begin=first * scale - origin,
        end=min(last * scale - origin, float(stop - origin)),
        first=first,
        last=last,
    )


def _fill(
    pixels: np.ndarray, rows: tuple[int, int], columns: tuple[int, int], colour: RGB | None
) -> np.ndarray:
    """Return uint8 [H, W, 3] with so many lines added before and after; None repeats the edge."""
    if rows == (0, 0) and columns == (0, 0):
        return pixels
    if colour is None:
        return np.pad(pixels, (rows, columns, (0, 0)), mode="edge")
    height, width = pixels.shape[:2]
    canvas = np.empty((height + sum(rows), width + sum(columns), 3), np.uint8)
    canvas[:] = colour
    canvas[rows[0] : rows[0] + height, columns[0] : columns[0] + width] = pixels
    return canvas
