"""Small pictures of the open library's photos for a report, made on another thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtGui import QImage

from tagger.app.dialogs.host import Host
from tagger.app.dialogs.report_changes import Pictures
from tagger.core.errors import TaggerError
from tagger.imaging.thumbnails import make_thumbnail

_SIDE = 192


def pictures_of(host: Host) -> Pictures:
    """Return what makes pictures of the library that is open now."""
    session = host.session

    def ask(slots: Sequence[int], told: Callable[[dict[int, QImage]], None]) -> None:
        if not host.is_open or host.session is not session:
            return
        known = [slot for slot in slots if slot < session.library.facts.slots]
        paths = {slot: session.library.photo_path(slot) for slot in known}
        host.background.run(lambda: _made(paths), told)

    return ask


def _made(paths: dict[int, Path]) -> dict[int, QImage]:
    found = {}
    for slot, path in paths.items():
        try:
            found[slot] = QImage.fromData(make_thumbnail(path, _SIDE))
        except (TaggerError, OSError):
            continue
    return found
