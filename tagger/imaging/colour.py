"""Every way a picture can store its colours, brought to 8-bit sRGB."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

RGB = tuple[int, int, int]

_PROFILE_SPACE = {"RGB": "RGB", "RGBA": "RGB", "L": "GRAY", "CMYK": "CMYK"}
_DEEP = ("I", "F")


def to_srgb(image: Image.Image, background: RGB, reduce: int = 1) -> Image.Image:
    """Return a loaded picture in mode RGB, in sRGB, with what is transparent laid on `background`.

    Depths over 8 bits are scaled, so that they become neither white nor black. A colour profile
    that is broken, or does not fit the picture, is ignored.

    Args:
        image: a loaded picture of any mode.
        background: RGB behind transparency.
        reduce: the sides are divided by this whole number on the way.
    """
    profile = image.info.get("icc_profile")
    image = _eight_bit(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in _PROFILE_SPACE:
        image = image.convert("RGB")
    if reduce > 1:
        image = image.reduce(reduce)
    if profile:
        image = _through_profile(image, profile)
    if image.mode == "RGBA":
        behind = Image.new("RGBA", image.size, (*background, 255))
        image = Image.alpha_composite(behind, image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale grey of 16 or 32 bits or floating point to mode L; leave other pictures alone."""
    if image.mode not in _DEEP and not image.mode.startswith("I;"):
        return image
    values = np.asarray(image)
    if values.dtype.kind == "f":
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    black, white = _range(low, high, image)
    scaled = (values.astype(np.float32) - black) * (255.0 / (white - black))
    return Image.fromarray(np.clip(np.rint(scaled), 0, 255).astype(np.uint8))


def _range(low: float, high: float, image: Image.Image) -> tuple[float, float]:
    """Return the values that mean black and white, from the depth and the values in use.

    Outside PNG, 16-bit files often hold 10 to 14 bits from a sensor; the bits in use count then.
    """
    if low >= 0 and image.mode == "F":
        for white in (1.0, 255.0, 65535.0):
            if high <= white:
                return 0.0, white
    elif low >= 0 and high <= 65535:
        if getattr(image, "format", None) == "PNG":
            return 0.0, 65535.0
        return 0.0, float(2 ** max(8, int(high).bit_length()) - 1)
    return low, high if high > low else low + 1.0


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image:
    transform = _transform(profile, image.mode)
    if transform is None:
        return image
    try:
        return transform.apply(image)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return what takes pixels of a profile to sRGB; None where they are sRGB or it is unusable."""
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if opened.profile.xcolor_space.strip() != _PROFILE_SPACE.get(mode):
            return None
        if "srgb" in (opened.profile.profile_description or "").lower():
            return None
        return ImageCms.ImageCmsTransform(
            opened,
            ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
            mode,
            "RGBA" if mode == "RGBA" else "RGB",
            ImageCms.Intent.PERCEPTUAL,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
