"""Which way up a photo is to be shown."""

from __future__ import annotations

from PIL import Image, ImageFile

from tagger.imaging.heif import HeifPicture

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MAY_TURN = ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif")


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as it is meant to be seen, given its EXIF orientation (1 to 8)."""
    method = _TRANSPOSE.get(orientation)
    return image.transpose(method) if method is not None else image


def swaps_sides(orientation: int) -> bool:
    """Say whether the orientation exchanges width and height."""
    return 5 <= orientation <= 8


def pending_orientation(image: ImageFile.ImageFile) -> int:
    """Return the EXIF orientation (1 to 8) that is still to be applied after decoding.

    TIFF is turned by Pillow itself, and HEIF by its container; only where the container of a HEIF
    photo says nothing at all (some cameras and apps leave it out), EXIF is believed.

    Args:
        image: a picture, opened but perhaps not loaded.
    """
    if image.format == "TIFF" or (isinstance(image, HeifPicture) and image.turned):
        return 1
    if not any(key in image.info for key in _MAY_TURN):
        return 1
    try:
        # The base method: PNG's own would decode the whole picture to look for late EXIF.
        orientation = Image.Image.getexif(image).get(0x0112)
    except Exception:  # whatever a broken EXIF block makes Pillow raise, the picture is fine
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
