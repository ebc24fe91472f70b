"""Which way up a photo is to be shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image, ImageFile

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


def pending_orientation(image: ImageFile.ImageFile, stream: BinaryIO) -> int:
    """Return the EXIF orientation (1 to 8) that is still to be applied after decoding.

    TIFF is turned by Pillow itself, and HEIF by its container; only where the container of a HEIF
    photo says nothing at all (some cameras and apps leave it out), EXIF is believed.

    Args:
        image: a picture, opened but perhaps not loaded.
        stream: the bytes it was opened from; moved.
    """
    if image.format == "TIFF":
        return 1
    if image.format == "HEIF":
        told = image.info.get("original_orientation")
        return _valid(told) if told and not container_turns(_all_of(stream)) else 1
    return stored_orientation(image)


def stored_orientation(image: ImageFile.ImageFile) -> int:
    """Return the orientation (1 to 8) that EXIF or XMP states; 1 if they are silent or broken."""
    if not any(key in image.info for key in _MAY_TURN) and not hasattr(image, "tag_v2"):
        return 1
    try:
        # The base method: PNG's own would decode the whole picture to look for late EXIF.
        return _valid(Image.Image.getexif(image).get(0x0112))
    except Exception:  # whatever a broken EXIF block makes Pillow raise, the picture is fine
        return 1


def container_turns(data: bytes) -> bool:
    """Say whether a HEIF file itself states how its main picture is turned or mirrored.

    Args:
        data: the file from its beginning, at least up to the end of its `meta` box.
    """
    try:
        meta = next(body for kind, body in _boxes(data) if kind == b"meta")[4:]
        inside = dict(_boxes(meta))
        primary = _primary_item(inside[b"pitm"])
        properties = dict(_boxes(inside[b"iprp"]))
        kinds = [kind for kind, _ in _boxes(properties[b"ipco"])]
        used = _property_numbers(properties[b"ipma"], primary)
        return any(kinds[number - 1] in (b"irot", b"imir") for number in used if number)
    except (StopIteration, KeyError, IndexError):
        return True


def _valid(orientation: object) -> int:
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _all_of(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read()


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and body of the boxes in a piece of an ISO media file."""
    at = 0
    while at + 8 <= len(data):
        size, header = int.from_bytes(data[at : at + 4], "big"), 8
        kind = data[at + 4 : at + 8]
        if size == 1:
            size, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        if size < header:
            return
        yield kind, data[at + header : at + size]
        at += size


def _primary_item(body: bytes) -> int:
    return int.from_bytes(body[4:6] if body[0] == 0 else body[4:8], "big")


def _property_numbers(body: bytes, item: int) -> list[int]:
    """Return the numbers (from 1) of the properties that an `ipma` box gives to an item."""
    id_size = 2 if body[0] == 0 else 4
    wide = bool(body[3] & 1)
    at = 8
    for _ in range(int.from_bytes(body[4:8], "big")):
        found = int.from_bytes(body[at : at + id_size], "big")
        count = body[at + id_size]
        at += id_size + 1
        width = 2 if wide else 1
        entries = [body[at + width * n : at + width * (n + 1)] for n in range(count)]
        if found == item:
            mask = 0x7FFF if wide else 0x7F
            return [int.from_bytes(entry, "big") & mask for entry in entries]
        at += width * count
    return []
