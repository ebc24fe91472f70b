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
    with the filling. The axis that fits is resized first, and only so much is filled as the
    filter can see: a strip of 12000 x 40 pixels does not become a square of 12000.
    """
    scale = max(image.width / spec.width, image.height / spec.height)
    see = reach(spec.interpolation, scale) + scale + 1
    across = _axis(image.width, spec.width, scale, see)
    down = _axis(image.height, spec.height, scale, see)
    if image.width * spec.height >= image.height * spec.width:
        return _resize_down(_resize_across(image, across, spec), down, spec)
    return _resize_across(_resize_down(image, down, spec), across, spec)


def _resize_across(image: Image.Image, axis: _Axis, spec: Preprocessing) -> Image.Image:
    filled = _fill(image, (0, 0), (axis.ahead, axis.behind), spec.pad_color)
    part = resize(
        filled,
        (axis.last - axis.first, image.height),
        spec.interpolation,
        antialias=spec.antialias,
        box=(axis.begin, 0.0, axis.end, float(image.height)),
    )
    return _fill(part, (0, 0), (axis.first, spec.width - axis.last), spec.pad_color)


def _resize_down(image: Image.Image, axis: _Axis, spec: Preprocessing) -> Image.Image:
    filled = _fill(image, (axis.ahead, axis.behind), (0, 0), spec.pad_color)
    part = resize(
        filled,
        (image.width, axis.last - axis.first),
        spec.interpolation,
        antialias=spec.antialias,
        box=(0.0, axis.begin, float(image.width), axis.end),
    )
    return _fill(part, (axis.first, spec.height - axis.last), (0, 0), spec.pad_color)


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
    image: Image.Image, rows: tuple[int, int], columns: tuple[int, int], colour: RGB | None
) -> Image.Image:
    """Return the picture with so many lines added before and after; None repeats the edge."""
    if rows == (0, 0) and columns == (0, 0):
        return image
    if colour is None:
        return Image.fromarray(np.pad(np.asarray(image), (rows, columns, (0, 0)), mode="edge"))
    size = (image.width + sum(columns), image.height + sum(rows))
    canvas = Image.new("RGB", size, colour)
    canvas.paste(image, (columns[0], rows[0]))
    return canvas
