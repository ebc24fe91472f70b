"""The one way from a photo to model input, for suggester, trainer and golden check alike."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tagger.core.preprocessing import Preprocessing
from tagger.imaging.decode import OnStep, Source, Wanted, no_step, upright_image
from tagger.imaging.padding import pad_and_resize
from tagger.imaging.resample import resize

SPARE = 2
"""A photo may be decoded reduced as long as it stays so many times larger than the resize needs.
Measured with Lite0 against full decoding: scores move by at most .010, same best label."""


def model_input(
    source: Source,
    spec: Preprocessing,
    on_step: OnStep = no_step,
    most_bytes: int | None = None,
) -> np.ndarray:
    """Decode a photo and bring it to model input.

    Args:
        source: path, bytes path, or open file.
        spec: the bundle's preprocessing.
        on_step: called after each step with its name: `read`, `decode`, `resize`.
        most_bytes: memory that the decode may take; None: what there is.

    Returns:
        uint8 [spec.height, spec.width, 3], RGB.

    Raises:
        PhotoProblem: the photo cannot be read; the message says why.
        TakesMore: its decode takes more than `most_bytes`.
    """
    with upright_image(
        source,
        wanted=_wanted(spec),
        background=spec.background,
        on_step=on_step,
        most_bytes=most_bytes,
    ) as image:
        pixels = np.array(_prepare(image, spec))
    on_step("resize")
    return pixels


def apply_preprocessing(pixels: np.ndarray, spec: Preprocessing) -> np.ndarray:
    """Bring decoded pixels to model input.

    Args:
        pixels: uint8 [H, W, 3], RGB, upright.
        spec: the bundle's preprocessing.

    Returns:
        uint8 [spec.height, spec.width, 3], RGB.
    """
    return np.array(_prepare(Image.fromarray(pixels), spec))


def resized_size(size: tuple[int, int], spec: Preprocessing) -> tuple[int, int]:
    """Return the size (width, height) in pixels that a whole photo is resized to.

    For `squash` that is the input; for `crop` what the centre is cut from (torchvision's
    rounding); for `pad` what lies inside the filling.
    """
    width, height = size
    if spec.fit == "squash":
        return spec.width, spec.height
    if spec.fit == "pad":
        scale = min(spec.width / width, spec.height / height)
        return max(1, round(width * scale)), max(1, round(height * scale))
    if spec.resize_to:
        shortest = spec.resize_to
    else:
        covers_by_height = spec.width * height < spec.height * width
        if covers_by_height:
            return max(spec.width, spec.height * width // height), spec.height
        return spec.width, max(spec.height, spec.width * height // width)
    if width <= height:
        return shortest, shortest * height // width
    return shortest * width // height, shortest


def _wanted(spec: Preprocessing) -> Wanted | None:
    if not spec.antialias or spec.interpolation == "nearest":
        return None  # these look at single source pixels, so no other pixels will do
    return lambda width, height: _times(resized_size((width, height), spec), SPARE)


def _times(size: tuple[int, int], factor: int) -> tuple[int, int]:
    return size[0] * factor, size[1] * factor


def _prepare(image: Image.Image, spec: Preprocessing) -> Image.Image:
    if spec.fit == "pad":
        return pad_and_resize(image, spec)
    if spec.fit == "crop":
        return _crop(image, spec)
    size = (spec.width, spec.height)
    return resize(image, size, spec.interpolation, antialias=spec.antialias)


def _crop(image: Image.Image, spec: Preprocessing) -> Image.Image:
    """Cut the centre out of the resized photo; only the part that is kept is computed.

    Where the resized photo is smaller than the input, the rest is black, as in torchvision.
    """
    whole = resized_size(image.size, spec)
    left, width, begin, end = _centre(image.width, whole[0], spec.width)
    top, height, above, below = _centre(image.height, whole[1], spec.height)
    part = resize(
        image,
        (width, height),
        spec.interpolation,
        antialias=spec.antialias,
        box=(begin, above, end, below),
    )
    if part.size == (spec.width, spec.height):
        return part
    canvas = Image.new("RGB", (spec.width, spec.height))
    canvas.paste(part, (left, top))
    return canvas


def _centre(source: int, have: int, want: int) -> tuple[int, int, float, float]:
    """Plan one axis of a centre crop of `want` pixels out of `have`, resized from `source` pixels.

    Returns:
        where the part lies in the input, how long it is there, and its begin and end in the source.
    """
    if have <= want:
        return (want - have) // 2, have, 0.0, float(source)
    start = round((have - want) / 2)
    scale = source / have
    return 0, want, start * scale, min(float(source), (start + want) * scale)
