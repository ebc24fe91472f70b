"""Why a photo cannot be read, in one plain sentence."""

from __future__ import annotations

import errno
import os
from typing import Literal

from PIL import Image

from tagger.core.errors import TaggerError
from tagger.imaging.formats import sniff

Kind = Literal[
    "unreadable",
    "damaged",
    "too_large",
    "not_a_picture",
    "vanished",
    "permission",
    "special",
    "disk",
    "memory",
]

_STRANGERS: tuple[tuple[int, bytes, Kind, str], ...] = (
    (0, b"\xff\x0a", "unreadable", "This is a JPEG XL picture, a format that cannot be read yet."),
    (4, b"JXL ", "unreadable", "This is a JPEG XL picture, a format that cannot be read yet."),
    (0, b"%PDF", "not_a_picture", "This is a PDF document, not a photo."),
    (0, b"%!PS", "not_a_picture", "This is a PostScript drawing, not a photo."),
    (0, b"PK\x03\x04", "not_a_picture", "This is a ZIP archive or office document, not a photo."),
    (4, b"ftyp", "not_a_picture", "This is a film, not a photo."),
    (0, b"\x1aE\xdf\xa3", "not_a_picture", "This is a film, not a photo."),
)
_TEXT_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"<svg", "This is a vector drawing (SVG), not a photo."),
    (b"<html", "This is a web page, not a photo."),
    (b"<!doctype html", "This is a web page, not a photo."),
)
_BY_ERRNO: dict[int | None, tuple[Kind, str]] = {
    errno.ENOENT: ("vanished", "The file is no longer there."),
    errno.ENOTDIR: ("vanished", "The file is no longer there."),
    errno.EACCES: ("permission", "You have no permission to read this file."),
    errno.EPERM: ("permission", "You have no permission to read this file."),
    errno.ELOOP: ("special", "This is a link that leads back to itself, not a photo."),
    errno.EISDIR: ("special", "This is a folder, not a photo."),
    errno.ENXIO: ("special", "This is a connection between programs, not a photo."),
}
_NAMES = {
    "jpeg": "JPEG",
    "png": "PNG",
    "gif": "GIF",
    "tiff": "TIFF",
    "jp2": "JPEG 2000",
    "webp": "WebP",
    "bmp": "BMP",
    "heif": "HEIF",
    "avif": "AVIF",
}


class PhotoProblem(TaggerError):
    """A photo cannot be read.

    The message is the reason in plain words, without the path.

    Attributes:
        kind: `unreadable` (a picture, but of a variant we cannot read), `damaged`, `too_large`,
            `not_a_picture`, `vanished`, `permission`, `special` (a folder, a pipe, a device, a
            looping link), `disk` (it failed while reading), or `memory` (there is too little now).
    """

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind: Kind = kind


def problem_of_size(width: int, height: int, limit: int) -> PhotoProblem:
    """Return the problem of a picture of more than `limit` pixels."""
    if max(width, height) > 1_000_000:
        return PhotoProblem(
            "damaged", f"The file is damaged: it claims to be {width:,} by {height:,} pixels large."
        )
    return PhotoProblem(
        "too_large",
        f"The picture claims {width:,} by {height:,} pixels; "
        f"more than {limit // 1_000_000} megapixels cannot be opened.",
    )


def problem_of_memory(need: int, available: int) -> PhotoProblem:
    """Return the problem of a picture that takes `need` bytes where there are `available`."""
    return PhotoProblem(
        "memory",
        f"Opening this picture takes {_in_words(need)} of memory; {_in_words(available)} is free. "
        "Close other programs.",
    )


def problem_of_file_error(error: OSError) -> PhotoProblem:
    """Return the problem that an error of the file system stands for."""
    known = _BY_ERRNO.get(error.errno)
    if known:
        return PhotoProblem(*known)
    said = error.strerror or (os.strerror(error.errno) if error.errno else "no reason was given")
    return PhotoProblem("disk", f"The disk could not deliver this file ({said}).")


def problem_of_beginning(head: bytes) -> PhotoProblem:
    """Return the problem of a file that no decoder recognises, judged by its first bytes.

    Args:
        head: the first bytes, up to 64 KiB.
    """
    if not head:
        return PhotoProblem("damaged", "The file is empty.")
    if not head.strip(b"\0"):
        return PhotoProblem("damaged", "The file is damaged: it holds nothing but zeros.")
    name = sniff(head)
    if name:
        if name == "jpeg" and _jpeg_bits(head) not in (None, 8):
            return PhotoProblem(
                "unreadable",
                f"This JPEG has {_jpeg_bits(head)} bits per colour; only 8 bits can be read.",
            )
        return PhotoProblem(
            "unreadable",
            f"This {_NAMES[name]} file is damaged at its beginning or of a rare variant "
            "that cannot be read.",
        )
    for offset, mark, kind, reason in _STRANGERS:
        if head[offset : offset + len(mark)] == mark:
            return PhotoProblem(kind, reason)
    return PhotoProblem("not_a_picture", _text_reason(head))


def problem_of_decoding(error: BaseException, head: bytes) -> PhotoProblem:
    """Return the problem that an exception of a decoder stands for.

    Args:
        error: what the decoder raised.
        head: the first few hundred bytes of the file.
    """
    name = _NAMES.get(sniff(head) or "", "picture")
    if isinstance(error, PhotoProblem):
        return error
    if isinstance(error, MemoryError):
        return PhotoProblem("memory", "There is not enough memory to open this picture.")
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return PhotoProblem("too_large", "The picture is too large to be opened.")
    if isinstance(error, OSError) and error.errno:
        return problem_of_file_error(error)
    said = str(error).lower()
    if "truncated" in said or "end of file" in said or isinstance(error, EOFError):
        return PhotoProblem(
            "damaged", "The file is cut off or damaged: the end of the picture is missing."
        )
    if any(word in said for word in ("unsupported", "not supported", "has not been built in")):
        return PhotoProblem(
            "unreadable", f"This {name} file is of a rare variant that cannot be read."
        )
    return PhotoProblem("damaged", f"The data of this {name} file is damaged.")


def _in_words(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


def _text_reason(head: bytes) -> str:
    head = head[:1024]
    lower = head.lower()
    for mark, reason in _TEXT_MARKS:
        if mark in lower:
            return reason
    is_text = not any(byte < 9 or 13 < byte < 27 for byte in head)
    if is_text:
        return "This is a text file, not a photo."
    return "This is not a photo in any format that can be read."


def _jpeg_bits(head: bytes) -> int | None:
    """Return the bits per colour that a JPEG's frame header states, if it lies in `head`."""
    at = 2
    while at + 4 < len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return head[at + 4]
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return None
