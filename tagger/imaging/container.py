"""The boxes of a HEIF file: how its main picture is turned, and where its EXIF lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_TURNS = (b"irot", b"imir")


@dataclass(frozen=True)
class ContainerFacts:
    """What the container of a HEIF file says about its main picture.

    Attributes:
        turns: it states itself how the picture is turned or mirrored (perhaps not at all), so
            that decoders do it and EXIF must not be asked.
        exif: EXIF as in a JPEG, with `Exif` and two zeros before it; None if there is none.
    """

    turns: bool = True
    exif: bytes | None = None


def container_facts(data: bytes) -> ContainerFacts:
    """Read a HEIF container; never raises, and knows nothing of one that is broken.

    Args:
        data: the whole file.
    """
    try:
        meta = next(body for kind, body in _boxes(data) if kind == b"meta")[4:]
        parts = dict(_boxes(meta))
        turns = _primary_turns(parts)
    except (StopIteration, KeyError, IndexError):
        return ContainerFacts()
    try:
        return ContainerFacts(turns, _exif(parts, data))
    except (KeyError, IndexError):
        return ContainerFacts(turns)


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


class _Numbers:
    """Big-endian numbers read one after the other; IndexError beyond the end."""

    def __init__(self, body: bytes, at: int = 0) -> None:
        self._body = body
        self.at = at

    def next(self, size: int) -> int:
        """Return the number in the next `size` bytes; 0 where size is 0."""
        end = self.at + size
        if end > len(self._body):
            raise IndexError
        number = int.from_bytes(self._body[self.at : end], "big")
        self.at = end
        return number


def _primary_turns(parts: dict[bytes, bytes]) -> bool:
    primary_box = parts[b"pitm"]
    primary = _Numbers(primary_box, 4).next(2 if primary_box[0] == 0 else 4)
    properties = dict(_boxes(parts[b"iprp"]))
    kinds = [kind for kind, _ in _boxes(properties[b"ipco"])]
    used = _property_numbers(properties[b"ipma"], primary)
    return any(kinds[number - 1] in _TURNS for number in used if number)


def _property_numbers(body: bytes, item: int) -> list[int]:
    """Return the numbers (from 1) of the properties that an `ipma` box gives to an item."""
    id_size = 2 if body[0] == 0 else 4
    width, mask = (2, 0x7FFF) if body[3] & 1 else (1, 0x7F)
    numbers = _Numbers(body, 4)
    for _ in range(numbers.next(4)):
        found = numbers.next(id_size)
        used = [numbers.next(width) & mask for _ in range(numbers.next(1))]
        if found == item:
            return used
    return []


def _exif(parts: dict[bytes, bytes], data: bytes) -> bytes | None:
    item = _exif_item(parts[b"iinf"])
    if item is None:
        return None
    payload = b"".join(
        data[start : start + length] for start, length in _extents(parts[b"iloc"], item)
    )
    tiff = payload[4 + int.from_bytes(payload[:4], "big") :]
    return b"Exif\0\0" + tiff if tiff[:2] in (b"II", b"MM") else None


def _exif_item(body: bytes) -> int | None:
    """Return the number of the item of type Exif that an `iinf` box lists."""
    for kind, entry in _boxes(body[6 if body[0] == 0 else 8 :]):
        if kind == b"infe" and entry[0] >= 2:
            numbers = _Numbers(entry, 4)
            item = numbers.next(2 if entry[0] == 2 else 4)
            if entry[numbers.at + 2 : numbers.at + 6] == b"Exif":
                return item
    return None


def _extents(body: bytes, item: int) -> list[tuple[int, int]]:
    """Return begin and length, in the file, of the pieces of an item by an `iloc` box."""
    version = body[0]
    numbers = _Numbers(body, 4)
    sizes = numbers.next(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    if not offset_size + length_size:
        return []  # pieces without any size could be counted for ever
    for _ in range(numbers.next(4 if version == 2 else 2)):
        found = numbers.next(4 if version == 2 else 2)
        method = numbers.next(2) & 15 if version else 0
        numbers.next(2)
        base = numbers.next(base_size)
        pieces = []
        for _ in range(numbers.next(2)):
            numbers.next(index_size)
            begin = base + numbers.next(offset_size)
            pieces.append((begin, numbers.next(length_size)))
        if found == item:
            return pieces if method == 0 else []
    return []
