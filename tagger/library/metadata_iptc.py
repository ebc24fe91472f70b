"""Keywords of the older kind: IPTC IIM datasets inside Photoshop resources or a TIFF tag."""

from __future__ import annotations

from collections.abc import Iterator

KEYWORDS = (2, 25)
CODED_CHARACTER_SET = (1, 90)
IPTC_RESOURCE = 0x0404

_UTF8 = b"\x1b%G"
_LATIN1 = (b"\x1b.A", b"\x1b-A")


def iptc_of_photoshop(resources: bytes) -> bytes:
    """Return the IIM stream inside Photoshop image resources (`8BIM` blocks), or `b""`.

    Damaged resources end the search; what was found before counts.
    """
    found = bytearray()
    position = 0
    while resources[position : position + 4] in (b"8BIM", b"MeSa", b"PHUT", b"AgHg", b"DCSR"):
        number = int.from_bytes(resources[position + 4 : position + 6], "big")
        if position + 7 > len(resources):
            break
        name_length = resources[position + 6] + 1
        start = position + 6 + name_length + name_length % 2
        size = int.from_bytes(resources[start : start + 4], "big")
        if number == IPTC_RESOURCE:
            found += resources[start + 4 : start + 4 + size]
        position = start + 4 + size + size % 2
    return bytes(found)


def iptc_keywords(stream: bytes) -> tuple[str, ...]:
    """Return the keywords (2:25) of an IIM stream in their order.

    The character set is what 1:90 says; where it says nothing, UTF-8 if that fits, else
    Windows-1252, else Latin-1. Keywords whose letters were all lost (`??????`) are left out.
    """
    raw: list[bytes] = []
    declared = b""
    for dataset, value in _datasets(stream):
        if dataset == KEYWORDS:
            raw.append(value)
        elif dataset == CODED_CHARACTER_SET:
            declared = value
    words = (_decode(value, declared) for value in raw)
    return tuple(word for word in words if not is_lost(word))


def is_lost(word: str) -> bool:
    """Say whether nothing but question marks is left of a keyword (`??????`)."""
    letters = word.replace(" ", "")
    return bool(letters) and not letters.strip("?\ufffd")


def _datasets(stream: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    position = 0
    while position + 5 <= len(stream) and stream[position] == 0x1C:
        dataset = (stream[position + 1], stream[position + 2])
        size = int.from_bytes(stream[position + 3 : position + 5], "big")
        position += 5
        if size & 0x8000:
            size_bytes = size & 0x7FFF
            size = int.from_bytes(stream[position : position + size_bytes], "big")
            position += size_bytes
        if position + size > len(stream):
            return
        yield dataset, stream[position : position + size]
        position += size


def _decode(value: bytes, declared: bytes) -> str:
    value = value.rstrip(b"\0")
    if declared in _LATIN1:
        return value.decode("latin-1")
    order = ("utf-8",) if declared == _UTF8 else ("utf-8", "cp1252")
    for encoding in order:
        try:
            return value.decode(encoding)
        except UnicodeDecodeError:
            continue
    return value.decode("latin-1")
