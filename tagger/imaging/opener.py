"""Recognising and opening a picture with Pillow, with a limit of our own.

`Image.open` is not used: it would need the HEIF plug-in registered for the whole process, and it
takes every PostScript file to Ghostscript.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, BinaryIO

from PIL import Image, ImageFile, JpegImagePlugin

from tagger.imaging.formats import sniff
from tagger.imaging.heif import HeifPicture
from tagger.imaging.problems import problem_of_beginning, problem_of_decoding, problem_of_size

MAX_PIXELS = 250_000_000
"""Pictures of more pixels are refused before any memory is taken for them."""

Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # some of Pillow's decoders ask it themselves

PROBLEM_HEAD = 64 * 1024
"""So many first bytes are looked at to explain why a file is no picture."""

_HEAD = 256

_NEVER = frozenset({"EPS", "HEIF"})
_NOT_MINE = (SyntaxError, IndexError, TypeError, struct.error)
_PLUGIN_OF = {
    "png": "PNG",
    "gif": "GIF",
    "tiff": "TIFF",
    "jp2": "JPEG2000",
    "webp": "WEBP",
    "bmp": "BMP",
    "avif": "AVIF",
}

_Factory = Callable[[BinaryIO, str], ImageFile.ImageFile]
_Accept = Callable[[bytes], bool | str]


def open_picture(stream: BinaryIO) -> ImageFile.ImageFile:
    """Recognise a picture and read its header; no pixels are decoded.

    The picture is what Pillow, knowing HEIF, would open; it reads on from `stream` when loaded.

    Raises:
        PhotoProblem: nothing recognises it, its header is broken, or it is too large.
    """
    head = stream.read(_HEAD)
    try:
        image = _open_as_it_begins(stream, head) or _open_as_anything(stream, head)
    except Exception as error:  # decoders raise whatever they like on broken headers
        raise problem_of_decoding(error, head) from error
    if image is None:
        stream.seek(0)
        raise problem_of_beginning(stream.read(PROBLEM_HEAD))
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise problem_of_size(width, height, MAX_PIXELS)
    return image


def _open_as_it_begins(stream: BinaryIO, head: bytes) -> ImageFile.ImageFile | None:
    factory = _factory(sniff(head))
    return _attempt(factory, stream) if factory else None


def _open_as_anything(stream: BinaryIO, head: bytes) -> ImageFile.ImageFile | None:
    for factory, accept in _plugins():
        try:
            taken = accept is None or accept(head[:16]) is True
        except _NOT_MINE:
            continue
        if taken and (image := _attempt(factory, stream)):
            return image
    return None


def _attempt(factory: _Factory, stream: BinaryIO) -> ImageFile.ImageFile | None:
    stream.seek(0)
    try:
        return factory(stream, "")
    except _NOT_MINE:
        return None


@cache
def _factory(name: str | None) -> _Factory | None:
    """Return the decoder of a sniffed format, loading only what it needs where that is known."""
    if name == "jpeg":
        # Not Pillow's own factory: it looks for further pictures (MPO), which nobody asked for.
        return JpegImagePlugin.JpegImageFile
    if name == "heif":
        return HeifPicture
    plugin = _PLUGIN_OF.get(name or "")
    if plugin is None:
        return None
    Image.preinit()
    if plugin not in Image.OPEN:
        Image.init()
    return Image.OPEN[plugin][0] if plugin in Image.OPEN else None


def _plugins() -> Iterator[tuple[_Factory, _Accept | None]]:
    """Yield every decoder in the order Pillow would try them."""
    done = set(_NEVER)
    for load in (Image.preinit, Image.init):
        load()
        for plugin in list(Image.ID):
            if plugin not in done:
                done.add(plugin)
                opener: Any = Image.OPEN[plugin]
                yield opener
    yield HeifPicture, lambda head: head[4:8] == b"ftyp"
