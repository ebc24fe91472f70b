"""Metadata in files made of boxes: HEIC and AVIF (items of the `meta` box), JPEG 2000, JPEG XL."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_IPTC_UUID = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
_MAX_BOX = 16 * 1024 * 1024
_MAX_BOXES = 10_000


@dataclass
class BoxMetadata:
    """Raw metadata found: XMP packets, an IIM stream, an EXIF structure (TIFF)."""

    xmp: list[bytes] = field(default_factory=list)
    iptc: bytes = b""
    exif: bytes = b""


def box_metadata(file: BinaryIO, size: int) -> BoxMetadata:
    """Return the metadata of a file made of boxes; what is damaged is left out.

    Args:
        file: seekable, any position.
        size: length of the file in bytes.
    """
    found = BoxMetadata()
    for kind, start, end in _boxes(file, 0, size):
        if end - start > _MAX_BOX or kind not in (b"meta", b"uuid", b"xml ", b"Exif"):
            continue
        file.seek(start)
        body = file.read(end - start)
        if kind == b"meta":
            _read_items(file, body, found)
        elif kind == b"uuid" and body[:16] == _XMP_UUID:
            found.xmp.append(body[16:])
        elif kind == b"uuid" and body[:16] == _IPTC_UUID:
            found.iptc += body[16:]
        elif kind == b"xml " and b"xmpmeta" in body:
            found.xmp.append(body)
        elif kind == b"Exif":
            found.exif = _tiff_of_exif(body)
    return found


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, begin and end of the content of each box between two positions."""
    for _ in range(_MAX_BOXES):
        if start + 8 > end:
            return
        file.seek(start)
        head = file.read(16)
        length, header = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, header = int.from_bytes(head[8:16], "big"), 16
        stop = end if length == 0 else start + length
        if len(head) < header or stop < start + header or stop > end:
            return
        yield head[4:8], start + header, stop
        start = stop


def _read_items(file: BinaryIO, meta: bytes, found: BoxMetadata) -> None:
    """Find the XMP and EXIF items of a `meta` box and read them from where `iloc` says."""
    inner = io.BytesIO(meta)
    parts = {kind: meta[a:b] for kind, a, b in _boxes(inner, 4, len(meta))}
    wanted = _item_kinds(parts.get(b"iinf", b""))
    if not wanted:
        return
    places = _item_places(parts.get(b"iloc", b""))
    for item, kind in wanted.items():
        in_idat, extents = places.get(item, (False, []))
        source: BinaryIO = io.BytesIO(parts.get(b"idat", b"")) if in_idat else file
        content = _read_extents(source, extents)
        if kind == "xmp" and content:
            found.xmp.append(content)
        elif kind == "exif" and len(content) > 4:
            found.exif = _tiff_of_exif(content)


def _read_extents(source: BinaryIO, extents: list[tuple[int, int]]) -> bytes:
    if sum(length for _, length in extents) > _MAX_BOX:
        return b""
    content = b""
    try:
        for offset, length in extents:
            source.seek(offset)
            content += source.read(length)
    except (OSError, OverflowError):
        return b""
    return content


def _tiff_of_exif(content: bytes) -> bytes:
    return content[4 + int.from_bytes(content[:4], "big") :]


def _item_kinds(iinf: bytes) -> dict[int, str]:
    """Return item number -> `xmp` or `exif` from an `iinf` box's content."""
    kinds: dict[int, str] = {}
    begin = 6 if iinf[:1] == b"\0" else 8
    for kind, start, end in _boxes(io.BytesIO(iinf), begin, len(iinf)):
        entry = iinf[start:end]
        if kind != b"infe" or len(entry) < 12 or entry[0] not in (2, 3):
            continue
        wide = 2 if entry[0] == 2 else 4
        item = int.from_bytes(entry[4 : 4 + wide], "big")
        item_type = entry[6 + wide : 10 + wide]
        if item_type == b"Exif":
            kinds[item] = "exif"
        elif item_type == b"mime" and b"application/rdf+xml" in entry:
            kinds[item] = "xmp"
    return kinds


class _Numbers:
    """Big-endian numbers of given sizes, one after the other; past the end they are 0."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, size: int) -> int:
        """Return the next number of `size` bytes."""
        value = int.from_bytes(self.data[self.position : self.position + size], "big")
        self.position += size
        return value

    def ended(self) -> bool:
        """Say whether the data is used up."""
        return self.position >= len(self.data)


def _item_places(iloc: bytes) -> dict[int, tuple[bool, list[tuple[int, int]]]]:
    """Return item number -> (inside `idat`?, [(offset, length)]) from an `iloc` box's content."""
    numbers = _Numbers(iloc)
    version = numbers.take(1)
    numbers.take(3)
    sizes = numbers.take(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    places: dict[int, tuple[bool, list[tuple[int, int]]]] = {}
    for _ in range(min(numbers.take(4 if version == 2 else 2), _MAX_BOXES)):
        if numbers.ended():
            break
        item = numbers.take(4 if version == 2 else 2)
        method = numbers.take(2) & 15 if version else 0
        numbers.take(2)
        base = numbers.take(base_size)
        extents = []
        for _ in range(numbers.take(2)):
            if numbers.ended():
                break
            numbers.take(index_size)
            offset = base + numbers.take(offset_size)
            extents.append((offset, numbers.take(length_size)))
        if method < 2:
            places[item] = (method == 1, extents)
    return places
