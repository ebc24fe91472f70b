"""Where metadata lies in a photo: raw XMP, IPTC and EXIF blocks, found without decoding pixels."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from typing import BinaryIO

from tagger.library import metadata_tiff as tiff
from tagger.library.metadata_boxes import box_metadata
from tagger.library.metadata_iptc import iptc_of_photoshop

_XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION_HEAD = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP_HEAD = b"Photoshop 3.0\0"
_EXIF_HEAD = b"Exif\0\0"
_MAX_BLOCK = 16 * 1024 * 1024
_MAX_STEPS = 100_000


@dataclass
class MetadataBlocks:
    """Raw metadata of one photo.

    Attributes:
        xmp: packets in the order found.
        extensions: id -> (offset, part) of extended XMP, as JPEG splits it.
        iptc: IIM stream.
        exif: TIFF structure, if the format has one besides the file itself.
        xp_keywords: value of the Windows tag, UTF-16, where it was met already.
    """

    xmp: list[bytes] = field(default_factory=list)
    extensions: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    iptc: bytes = b""
    exif: bytes = b""
    xp_keywords: bytes = b""


def metadata_blocks(file: BinaryIO, size: int) -> MetadataBlocks:
    """Return the metadata blocks of a photo, told by its first bytes, whatever its name.

    Unknown formats and damaged files give what was found up to there.

    Args:
        file: seekable, at its beginning.
        size: length of the file in bytes.
    """
    head = file.read(16)
    if head[:2] == b"\xff\xd8":
        return _jpeg(file)
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(file)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _webp(file)
    if tiff.is_tiff(head):
        return _of_tiff(tiff.tiff_fields(file))
    if head[4:8] in (b"ftyp", b"jP  ", b"JXL "):
        found = box_metadata(file, size)
        return MetadataBlocks(xmp=found.xmp, iptc=found.iptc, exif=found.exif)
    if head[:4] == b"GIF8":
        return _gif(file)
    return MetadataBlocks()


def _jpeg(file: BinaryIO) -> MetadataBlocks:
    blocks = MetadataBlocks()
    photoshop = b""
    position = 2
    for _ in range(_MAX_STEPS):
        file.seek(position)
        marker = file.read(4)
        if len(marker) < 4 or marker[0] != 0xFF or marker[1] in (0xDA, 0xD9):
            break
        if marker[1] == 0xFF:
            position += 1
            continue
        if marker[1] == 0x01 or 0xD0 <= marker[1] <= 0xD8:
            position += 2
            continue
        length = int.from_bytes(marker[2:], "big")
        if length < 2:
            break
        if marker[1] == 0xE1:
            _jpeg_app1(file.read(length - 2), blocks)
        elif marker[1] == 0xED:
            body = file.read(length - 2)
            if body.startswith(_PHOTOSHOP_HEAD):
                photoshop += body[len(_PHOTOSHOP_HEAD) :]
        position += 2 + length
    blocks.iptc = iptc_of_photoshop(photoshop)
    return blocks


def _jpeg_app1(body: bytes, blocks: MetadataBlocks) -> None:
    if body.startswith(_XMP_HEAD):
        blocks.xmp.append(body[len(_XMP_HEAD) :])
    elif body.startswith(_EXIF_HEAD):
        blocks.exif = blocks.exif or body[len(_EXIF_HEAD) :]
    elif body.startswith(_EXTENSION_HEAD):
        rest = body[len(_EXTENSION_HEAD) :]
        offset = int.from_bytes(rest[36:40], "big")
        parts = blocks.extensions.setdefault(rest[:32].decode("latin-1"), [])
        parts.append((offset, rest[40:]))


def _png(file: BinaryIO) -> MetadataBlocks:
    blocks = MetadataBlocks()
    position = 8
    for _ in range(_MAX_STEPS):
        file.seek(position)
        head = file.read(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if len(head) < 8 or kind == b"IEND":
            break
        if length <= _MAX_BLOCK and kind in (b"iTXt", b"zTXt", b"tEXt", b"eXIf"):
            _png_chunk(kind, file.read(length), blocks)
        position += 12 + length
    return blocks


def _png_chunk(kind: bytes, body: bytes, blocks: MetadataBlocks) -> None:
    if kind == b"eXIf":
        blocks.exif = body
        return
    keyword, _, rest = body.partition(b"\0")
    if kind == b"iTXt" and keyword == b"XML:com.adobe.xmp":
        packed = rest[:1] == b"\1"
        text = rest[2:].split(b"\0", 2)[-1]
        blocks.xmp.append(_inflate(text) if packed else text)
    elif keyword.startswith(b"Raw profile type "):
        text = _inflate(rest[1:]) if kind == b"zTXt" else rest
        _raw_profile(keyword[17:], text, blocks)


def _raw_profile(name: bytes, text: bytes, blocks: MetadataBlocks) -> None:
    """Take in a profile as ImageMagick writes it: name, length and hexadecimal digits."""
    lines = text.split(b"\n", 3)
    try:
        data = bytes.fromhex(lines[3].decode("ascii")) if len(lines) == 4 else b""
    except ValueError:
        return
    if name == b"xmp":
        blocks.xmp.append(data)
    elif name == b"iptc":
        blocks.iptc = iptc_of_photoshop(data) or data
    elif name in (b"exif", b"APP1") and data.startswith(_EXIF_HEAD):
        blocks.exif = data[len(_EXIF_HEAD) :]


def _inflate(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _MAX_BLOCK)
    except zlib.error:
        return b""


def _webp(file: BinaryIO) -> MetadataBlocks:
    blocks = MetadataBlocks()
    position = 12
    for _ in range(_MAX_STEPS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            break
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"XMP " and length <= _MAX_BLOCK:
            blocks.xmp.append(file.read(length))
        elif head[:4] == b"EXIF" and length <= _MAX_BLOCK:
            blocks.exif = file.read(length).removeprefix(_EXIF_HEAD)
        position += 8 + length + length % 2
    return blocks


def _of_tiff(fields: dict[int, bytes]) -> MetadataBlocks:
    return MetadataBlocks(
        xmp=[fields[tiff.XMP]] if tiff.XMP in fields else [],
        iptc=fields.get(tiff.IPTC) or iptc_of_photoshop(fields.get(tiff.PHOTOSHOP, b"")),
        xp_keywords=fields.get(tiff.XP_KEYWORDS, b""),
    )


def _gif(file: BinaryIO) -> MetadataBlocks:
    """Find the application block `XMP DataXMP`, which lies between the frames of a GIF."""
    file.seek(0)
    data = file.read(_MAX_BLOCK)
    match = re.search(rb"!\xff\x0bXMP DataXMP(.*?)\x01\xff\xfe\xfd", data, re.DOTALL)
    return MetadataBlocks(xmp=[match[1]] if match else [])
