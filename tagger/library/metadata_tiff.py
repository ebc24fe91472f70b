"""The first directory of a TIFF structure: TIFF and DNG files, and the EXIF part of others."""

from __future__ import annotations

import struct
from typing import BinaryIO

XMP = 700
IPTC = 33723
PHOTOSHOP = 34377
XP_KEYWORDS = 40094

_WANTED = frozenset({XMP, IPTC, PHOTOSHOP, XP_KEYWORDS})
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_MAX_ENTRIES = 4096
_MAX_VALUE = 16 * 1024 * 1024


def is_tiff(head: bytes) -> bool:
    """Say whether the bytes begin like a TIFF structure, classic or BigTIFF."""
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def tiff_fields(file: BinaryIO, start: int = 0) -> dict[int, bytes]:
    """Return the raw bytes of the metadata tags in the first directory.

    Args:
        file: seekable; read at a few places only.
        start: where the TIFF structure begins in it.

    Returns:
        Values of the tags `XMP`, `IPTC`, `PHOTOSHOP` and `XP_KEYWORDS` that are there. Damaged
        entries are left out.
    """
    file.seek(start)
    head = file.read(16)
    if not is_tiff(head):
        return {}
    order = "<" if head[:2] == b"II" else ">"
    big = head[2:4] in (b"+\0", b"\0+")
    try:
        return (
            _BigDirectory(order).read(file, start, head)
            if big
            else _Directory(order).read(file, start, head)
        )
    except (struct.error, OSError, OverflowError, ValueError):
        return {}


class _Directory:
    """Reads a classic directory; the sizes of its numbers are what BigTIFF changes."""

    first = ("I", 4)
    count = "H"
    entry = "HHI4s"
    pointer = "I"

    def __init__(self, order: str) -> None:
        self.order = order

    def read(self, file: BinaryIO, start: int, head: bytes) -> dict[int, bytes]:
        """Return the wanted values of the first directory."""
        kind, at = self.first
        (offset,) = struct.unpack_from(self.order + kind, head, at)
        file.seek(start + offset)
        (count,) = self._unpack(self.count, file.read(struct.calcsize("=" + self.count)))
        size = struct.calcsize("=" + self.entry)
        table = file.read(size * min(count, _MAX_ENTRIES))
        fields: dict[int, bytes] = {}
        for place in range(0, len(table) - size + 1, size):
            tag, kind_number, number, inline = self._unpack(self.entry, table[place : place + size])
            length = _SIZES.get(kind_number, 0) * number
            if tag in _WANTED and 0 < length <= _MAX_VALUE:
                fields[tag] = self._value(file, start, inline, length)
        return fields

    def _value(self, file: BinaryIO, start: int, inline: bytes, length: int) -> bytes:
        if length <= len(inline):
            return inline[:length]
        (offset,) = self._unpack(self.pointer, inline)
        file.seek(start + offset)
        return file.read(length)

    def _unpack(self, layout: str, data: bytes) -> tuple:
        return struct.unpack(self.order + layout, data)


class _BigDirectory(_Directory):
    """The same with 64-bit offsets and counts."""

    first = ("Q", 8)
    count = "Q"
    entry = "HHQ8s"
    pointer = "Q"
