"""Reading a photo: from any file to upright sRGB pixels, or to a plain reason why not.

A photo is refused exactly if a full decode by Pillow, with HEIF, refuses it. Only Pillow decodes:
OpenCV takes truncated JPEGs for whole, ignores orientation in AVIF, and gains nothing measurable
once the resize is counted (see docs/decoding.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile

from tagger.imaging.colour import RGB, to_srgb
from tagger.imaging.files import Source, open_stream
from tagger.imaging.opener import PROBLEM_HEAD, open_picture
from tagger.imaging.problems import PhotoProblem, problem_of_decoding
from tagger.imaging.room import LARGE_PICTURES, TakesMore, needed_bytes
from tagger.imaging.turning import pending_orientation, swaps_sides, turn_upright

__all__ = [
    "WHITE",
    "OnStep",
    "PhotoProblem",
    "Source",
    "Wanted",
    "no_step",
    "read_photo",
    "upright_image",
]

WHITE: RGB = (255, 255, 255)

Wanted = Callable[[int, int], tuple[int, int]]
"""From the upright width and height of a photo, the least width and height that are enough."""

OnStep = Callable[[str], None]
"""Told the name of each step when it is done, so that somebody may time them."""


def no_step(name: str) -> None:
    """Take no notice."""


def read_photo(
    source: Source, *, at_least: tuple[int, int] | None = None, background: RGB = WHITE
) -> np.ndarray:
    """Decode a photo.

    Args:
        source: path, bytes path, or open file.
        at_least: (width, height) in pixels; the photo may come reduced by a whole number as long
            as it stays at least that large, which is several times faster. None: full size.
        background: RGB behind transparency.

    Returns:
        uint8 [H, W, 3], RGB in sRGB, upright.

    Raises:
        PhotoProblem: it cannot be read; the message says why.
    """
    wanted = None if at_least is None else lambda width, height: at_least
    with upright_image(source, wanted=wanted, background=background) as image:
        return np.array(image)


@contextmanager
def upright_image(
    source: Source,
    *,
    wanted: Wanted | None = None,
    background: RGB = WHITE,
    on_step: OnStep = no_step,
    most_bytes: int | None = None,
) -> Iterator[Image.Image]:
    """Decode a photo to a Pillow picture in mode RGB, sRGB and upright, for use inside the block.

    Args:
        source: path, bytes path, or open file.
        wanted: what size is enough; None: full size.
        background: RGB behind transparency.
        on_step: called after `read` and `decode`.
        most_bytes: memory that the decode may take; None: what there is.

    Raises:
        PhotoProblem: it cannot be read.
        TakesMore: it takes more than `most_bytes`.
    """
    with open_stream(source) as stream:
        on_step("read")
        image = open_picture(stream)
        orientation = pending_orientation(image)
        enough = _enough(image, orientation, wanted)
        full_size = image.size
        if image.format == "JPEG":
            image.draft(None, enough)
        need = needed_bytes(image, full_size)
        if most_bytes is not None and need > most_bytes:
            raise TakesMore(need)
        with LARGE_PICTURES.room_for(need):
            upright = _decode(image, stream, orientation, enough, background)
            on_step("decode")
            yield upright


def _enough(image: Image.Image, orientation: int, wanted: Wanted | None) -> tuple[int, int]:
    """Return the least width and height, as stored, that the picture may be reduced to."""
    if wanted is None:
        return image.size
    turned = swaps_sides(orientation)
    width, height = wanted(*image.size[::-1]) if turned else wanted(*image.size)
    width, height = max(1, width), max(1, height)
    return (height, width) if turned else (width, height)


def _decode(
    image: ImageFile.ImageFile,
    stream: BinaryIO,
    orientation: int,
    enough: tuple[int, int],
    background: RGB,
) -> Image.Image:
    try:
        image.load()
        if image.format == "PNG":
            orientation = pending_orientation(image)  # its EXIF may follow the pixels
        reduce = max(1, min(image.width // enough[0], image.height // enough[1]))
        return turn_upright(to_srgb(image, background, reduce), orientation)
    except Exception as error:  # decoders raise whatever they like on damaged data
        stream.seek(0)
        raise problem_of_decoding(error, stream.read(PROBLEM_HEAD)) from error
