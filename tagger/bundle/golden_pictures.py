"""The synthetic pictures of a bundle: colours, gradients and fine texture in odd sizes."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tagger.core.preprocessing import Preprocessing

TURNED = 6
"""EXIF orientation of one picture: to be shown turned by 90° clockwise."""


def golden_pictures(preprocessing: Preprocessing) -> dict[str, bytes]:
    """Return PNG and JPEG files by name, in sizes that do not divide the model's input.

    One is turned by EXIF, one has transparency, one is smaller than the input, and the texture is
    fine enough that every resampling filter makes something else of it.
    """
    width, height = preprocessing.width, preprocessing.height
    turned = Image.Exif()
    turned[0x0112] = TURNED
    return {
        "blobs.png": _png(_blobs(_odd(1.3 * width), _odd(0.9 * height), 1)),
        "texture.png": _png(_texture(_odd(2.1 * width), _odd(1.7 * height))),
        "small.png": _png(_texture(_odd(0.55 * width), _odd(0.8 * height))),
        "turned.jpg": _jpeg(_blobs(_odd(1.7 * width), _odd(1.1 * height), 2), turned),
        "clear.png": _png(_transparent(_odd(1.2 * width), _odd(1.4 * height))),
    }


def _odd(length: float) -> int:
    return int(length) | 1


def _axes(width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x [1, W] and y [H, 1], both from 0 to 1."""
    return np.linspace(0, 1, width)[None, :], np.linspace(0, 1, height)[:, None]


def _blobs(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """Return discs and boxes of strong colour on a gradient, with fine stripes in one corner."""
    x, y = _axes(width, height)
    ground = np.stack(np.broadcast_arrays(60 + 150 * x, 40 + 120 * y, 200 - 130 * x * y), axis=2)
    random = np.random.default_rng(seed)
    for shape in range(14):
        centre_x, centre_y = random.uniform(0, 1, 2)
        radius = random.uniform(0.04, 0.2)
        color = random.uniform(0, 255, 3)
        distance_x, distance_y = np.abs(x - centre_x), np.abs(y - centre_y)
        if shape % 2:
            inside = distance_x**2 + distance_y**2 < radius**2
        else:
            inside = np.maximum(distance_x, 2 * distance_y) < radius
        ground[inside] = color
    rows, columns = height // 3, width // 3
    ground[:rows, :columns] = _texture(columns, rows)
    return ground.astype(np.uint8)


def _texture(width: int, height: int) -> NDArray[np.uint8]:
    """Return twelve panels of stripes, checks and lines of 1 to 6 pixels in different colours."""
    row, column = np.mgrid[0:height, 0:width]
    panel = (row * 3 // height) * 4 + column * 4 // width
    period = 1 + panel % 6
    stripes = np.where(panel % 3 == 0, column // period, row // period)
    checks = np.where(panel % 3 == 2, column // period + row // period, stripes)
    lines = (row * 3 + column * 2) % (4 + panel) < 2
    on = np.where(panel % 4 == 3, lines, checks % 2 == 0)
    hue = np.stack([(panel * step) % 256 for step in (37, 91, 149)], axis=2)
    return np.where(on[:, :, None], hue, 255 - hue).astype(np.uint8)


def _transparent(width: int, height: int) -> NDArray[np.uint8]:
    """Return blobs with transparency growing to the right, uint8 [H, W, 4]."""
    x, _ = _axes(width, height)
    alpha = np.broadcast_to(255 * (1 - x), (height, width)).astype(np.uint8)
    return np.dstack([_blobs(width, height, 3), alpha])


def _png(pixels: NDArray[np.uint8]) -> bytes:
    return _save(pixels, format="PNG", optimize=True)


def _jpeg(pixels: NDArray[np.uint8], exif: Image.Exif) -> bytes:
    # Full colour resolution: decoders differ in how they bring back halved colour.
    return _save(pixels, format="JPEG", quality=95, subsampling=0, exif=exif)


def _save(pixels: NDArray[np.uint8], **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, **options)  # type: ignore[arg-type]  # Pillow's **params
    return file.getvalue()
