"""Keywords that are in photos already: embedded XMP and IPTC, and sidecar files beside them."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tagger.core.names import clean_name, fold_name
from tagger.library import metadata_tiff
from tagger.library.metadata_blocks import MetadataBlocks, metadata_blocks
from tagger.library.metadata_iptc import iptc_keywords, is_lost
from tagger.library.metadata_xmp import (
    MAX_XMP_BYTES,
    XmpError,
    XmpKeywords,
    may_hold_keywords,
    parse_xmp,
)

_NOT_KEYWORDS = frozenset({"null", "(null)"})
_BUFFER = 16 * 1024


@dataclass(frozen=True)
class PhotoKeywords:
    """The keywords of one photo.

    Attributes:
        subjects: as users know them, in their order, each once; hierarchies flattened.
        problem: a sentence about metadata that could not be read, or None. What could be read
            is in `subjects` all the same.
    """

    subjects: tuple[str, ...] = ()
    problem: str | None = None


def read_keywords(photo: Path | bytes) -> PhotoKeywords:
    """Read the keywords of a photo from itself and its sidecars (`x.xmp`, `x.jpg.xmp`).

    Inside one file XMP counts before IPTC, and that before the Windows field XPKeywords (as the
    Metadata Working Group has it); the keywords of photo and sidecars are put together. In XMP
    `dc:subject` counts; last parts of hierarchies only where that is missing. Keywords that
    programs set by themselves are left out. Only the parts of the file that hold metadata are
    read. Never raises for what is in the files.
    """
    path = os.fsencode(photo)
    words: list[str] = []
    problems: list[str] = []
    for file_path, is_sidecar in [(path, False), *((p, True) for p in sidecar_paths(path))]:
        try:
            if is_sidecar:
                words += _sidecar_words(file_path)
            else:
                _add_embedded_words(file_path, words)
        except FileNotFoundError:
            if not is_sidecar:
                problems.append(f"{_shown(file_path)} is not there any more")
        except OSError as error:
            if is_sidecar and error.errno == errno.ENAMETOOLONG:
                continue  # no such file can exist beside a photo with so long a name
            problems.append(f"{_shown(file_path)} cannot be opened: {error.strerror or error}")
        except XmpError as error:
            what = "sidecar" if is_sidecar else "keywords (XMP) in"
            problems.append(f"the {what} {_shown(file_path)} {error}")
    return PhotoKeywords(_tidy(words), "; ".join(problems) or None)


def sidecar_paths(photo: bytes) -> tuple[bytes, ...]:
    """Return the names a photo's sidecars may have, whether they are there or not."""
    stem, extension = os.path.splitext(photo)
    stems = (photo, stem) if extension else (photo,)
    return tuple(name + ending for name in stems for ending in (b".xmp", b".XMP"))


def _add_embedded_words(path: bytes, words: list[str]) -> None:
    """Add what the photo itself says; damaged XMP is raised after the other fields were used."""
    with _open_regular(path) as file:
        blocks = metadata_blocks(file, os.fstat(file.fileno()).st_size)
    try:
        found = _xmp_words(blocks)
    except XmpError:
        words += iptc_keywords(blocks.iptc) or _xp_words(blocks)
        raise
    words += found or iptc_keywords(blocks.iptc) or _xp_words(blocks)


def _xmp_words(blocks: MetadataBlocks) -> tuple[str, ...]:
    subjects: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    for packet in blocks.xmp:
        for found in _packet_and_extension(packet, blocks):
            subjects += found.subjects
            leaves += found.leaves
    return subjects or leaves


def _packet_and_extension(packet: bytes, blocks: MetadataBlocks) -> Iterable[XmpKeywords]:
    if not may_hold_keywords(packet):
        return
    found = parse_xmp(packet)
    yield found
    parts = blocks.extensions.get(found.extension or "")
    if parts and not found.subjects:
        extension = b"".join(part for _, part in sorted(parts))
        if may_hold_keywords(extension):
            yield parse_xmp(extension)


def _xp_words(blocks: MetadataBlocks) -> tuple[str, ...]:
    value = blocks.xp_keywords
    if not value and blocks.exif:
        fields = metadata_tiff.tiff_fields(io.BytesIO(blocks.exif))
        value = fields.get(metadata_tiff.XP_KEYWORDS, b"")
    text = value.decode("utf-16-le", errors="replace").split("\0")[0]
    return tuple(text.split(";"))


def _sidecar_words(path: bytes) -> tuple[str, ...]:
    with _open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > MAX_XMP_BYTES:
            raise XmpError(f"is larger than {MAX_XMP_BYTES // 2**20} MB")
        found = parse_xmp(file.read())
    return found.subjects or found.leaves


def _open_regular(path: bytes) -> BinaryIO:
    """Open a file for reading; refuse pipes and the like, which would block for ever."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    number = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(0, "not a file")
    return open(number, "rb", buffering=_BUFFER)


def _tidy(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words clean, without empty, lost and automatic ones, each folded name once."""
    kept: dict[str, str] = {}
    for word in words:
        clean = clean_name(word)
        folded = fold_name(clean)
        if folded and clean not in _NOT_KEYWORDS and not is_lost(clean):
            kept.setdefault(folded, clean)
    return tuple(kept.values())


def _shown(path: bytes) -> str:
    return os.path.basename(path).decode("utf-8", errors="backslashreplace")
