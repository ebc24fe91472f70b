"""HEIF for Pillow, with pi-heif's decoder but without its reading of metadata.

pi-heif's own plug-in asks libheif for every metadata item when it opens a file, and a single
damaged byte in the type of such an item ends the whole process with a segmentation fault
(pi-heif 1.4.0: `CtxImage.metadata`). So only pixels and colour profile come from there.
"""

from __future__ import annotations

from typing import Any

import _pi_heif
from PIL import Image, ImageFile

from tagger.imaging.container import container_facts

_THREADS = 2


class HeifPicture(ImageFile.ImageFile):
    """The main picture of a HEIF file, turned as its container says.

    Attributes:
        turned: the container states how the picture is turned, so that EXIF must not be applied.
    """

    format = "HEIF"
    format_description = "HEIF"
    turned = True

    def _open(self) -> None:
        assert self.fp is not None
        data = self.fp.read()
        self._picture: Any = _primary(data)
        self._size, self._mode = self._picture.size_mode
        profile = self._picture.color_profile or {}
        if profile.get("type") in ("rICC", "prof"):
            self.info["icc_profile"] = profile["data"]
        facts = container_facts(data)
        self.turned = facts.turns
        if facts.exif:
            self.info["exif"] = facts.exif
        self.tile = []

    def load(self) -> Image.core.PixelAccess | None:
        """Decode the pixels.

        Raises:
            RuntimeError, ValueError, EOFError, OSError: the data is damaged or not understood.
        """
        picture, self._picture = self._picture, None
        if picture is not None:
            data = picture.data
            self._size, self._mode = picture.size_mode  # may change when the data is decoded
            self.im = Image.core.new(self._mode, self._size)
            self.frombytes(data, "raw", (self._mode, picture.stride))
        return Image.Image.load(self)


def _primary(data: bytes) -> Any:
    """Return pi-heif's handle of the main picture.

    Raises:
        SyntaxError: libheif finds no picture.
    """
    try:
        pictures = _pi_heif.load_file(data, _THREADS, True, False, False, True, "", False)
    except (OSError, ValueError, RuntimeError, EOFError) as error:
        raise SyntaxError(str(error)) from error
    found = [picture for picture in pictures if picture is not None]
    if not found:
        raise SyntaxError("no picture in this HEIF file")
    return next((picture for picture in found if picture.primary), found[0])
