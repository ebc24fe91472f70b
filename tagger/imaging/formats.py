"""Which files are photos: by extension, and by how they begin."""

from __future__ import annotations

import os.path

_BY_FORMAT = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png", ".apng"),
    "WebP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "GIF": (".gif",),
    "HEIF": (".heic", ".heics", ".heif", ".heifs", ".hif"),
    "AVIF": (".avif", ".avifs"),
    "JPEG 2000": (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx", ".jpm"),
    "not readable yet": (".jxl", ".svg"),
}
EXTENSIONS: frozenset[str] = frozenset(name for names in _BY_FORMAT.values() for name in names)
"""Lower-case extensions of picture files. JPEG XL and SVG cannot be read yet; they are among them
so that they are named with a reason instead of being passed over in silence."""

HEAD_BYTES = 64
"""So many first bytes of a file are enough for `sniff` and `is_candidate`."""

_EXTENSION_BYTES = frozenset(extension.encode() for extension in EXTENSIONS)
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_BEGINNINGS = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "jp2"),
)


def extension(name: bytes) -> bytes:
    """Return the lower-case extension of a file name with its dot, or nothing.

    Spaces and dots at the end, which some systems allow, do not hide the extension.
    """
    return os.path.splitext(name.rstrip(b" ."))[1].lower()


def needs_look(name: bytes) -> bool:
    """Say whether only the beginning of the file can tell if it is a photo (no extension)."""
    return not extension(name)


def is_candidate(name: bytes, head: bytes | None) -> bool:
    """Say whether a file is to be treated as a photo.

    Args:
        name: file name without its folder, as bytes.
        head: at least the first `HEAD_BYTES` bytes of the file where `needs_look(name)`; None when
            they are not known, and then a file without an extension is none.
    """
    if needs_look(name):
        return head is not None and sniff(head) is not None
    return extension(name) in _EXTENSION_BYTES


def sniff(head: bytes) -> str | None:
    """Name the picture format that a file beginning with `head` claims to be.

    Returns:
        `jpeg`, `png`, `gif`, `tiff`, `jp2`, `webp`, `bmp`, `heif`, `avif`, or None.
    """
    for beginning, name in _BEGINNINGS:
        if head.startswith(beginning):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return "bmp"
    return _sniff_brands(head) if head[4:8] == b"ftyp" else None


def _sniff_brands(head: bytes) -> str | None:
    """Tell HEIF from AVIF by the brands in the `ftyp` box; other media (films) are None."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    if b"avif" in brands or b"avis" in brands:
        return "avif"
    if brands[0] in _HEIF_BRANDS or brands[0] in (b"mif1", b"msf1"):
        return "heif"
    return None
