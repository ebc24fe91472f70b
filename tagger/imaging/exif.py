"""The few EXIF fields we need, read straight from an EXIF block.

Pillow's `get_ifd` parses every field, maker notes included, and takes ten times as long.
"""

from __future__ import annotations

import calendar
import re

MAKE, MODEL, CHANGED = 0x010F, 0x0110, 0x0132
TAKEN, DIGITISED, TAKEN_FRACTION = 0x9003, 0x9004, 0x9291

_EXIF_DIRECTORY = 0x8769
_WANTED = frozenset({MAKE, MODEL, CHANGED, TAKEN, DIGITISED, TAKEN_FRACTION})
_ASCII = (2, 7, 129)
_LONGEST_TEXT = 1024
_TIME = re.compile(r"(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?")


def texts(block: bytes) -> dict[int, str]:
    r"""Return the text fields of an EXIF block that we know, stripped; broken ones are left out.

    Args:
        block: EXIF as in a JPEG's APP1 segment, with or without `Exif\0\0` before it.
    """
    if block[:6] == b"Exif\0\0":
        block = block[6:]
    order = {b"II": "little", b"MM": "big"}.get(block[:2])
    if order is None:
        return {}
    number = _Reader(block, little=order == "little")
    found: dict[int, str] = {}
    inner = _read_directory(number, number.at(4, 4), found)
    if inner:
        _read_directory(number, inner, found)
    return found


def time_of(text: str, fraction: str = "") -> float | None:
    """Return an EXIF time as seconds since 1970, as if the camera's clock were UTC; None if unset.

    Args:
        text: `YYYY:MM:DD HH:MM:SS`.
        fraction: digits after the point of the seconds.
    """
    match = _TIME.match(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    in_range = 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61
    if year < 1800 or not in_range:
        return None
    whole = calendar.timegm((year, month, day, hour, minute, second))
    digits = fraction.strip()
    return whole + (float(f"0.{digits}") if digits.isascii() and digits.isdigit() else 0.0)


class _Reader:
    """Numbers of an EXIF block; beyond its end everything is 0."""

    def __init__(self, block: bytes, *, little: bool) -> None:
        self.block = block
        self._little = little

    def at(self, offset: int, size: int) -> int:
        return int.from_bytes(
            self.block[offset : offset + size], "little" if self._little else "big"
        )


def _read_directory(number: _Reader, offset: int, found: dict[int, str]) -> int:
    """Add the wanted texts of a directory; return where the directory inside it begins, or 0."""
    inner = 0
    if not 8 <= offset < len(number.block):
        return 0
    for index in range(min(number.at(offset, 2), 512)):
        entry = offset + 2 + 12 * index
        tag = number.at(entry, 2)
        if tag == _EXIF_DIRECTORY:
            inner = number.at(entry + 8, 4)
        elif tag in _WANTED and number.at(entry + 2, 2) in _ASCII:
            size = min(number.at(entry + 4, 4), _LONGEST_TEXT)
            start = entry + 8 if size <= 4 else number.at(entry + 8, 4)
            raw = number.block[start : start + size].split(b"\0", 1)[0]
            text = raw.decode("utf-8", "replace").strip()
            if text:
                found[tag] = text
    return inner
