"""Opening a folder without holding up the window: catalog, model, scan, annotations, keywords."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from tagger.app.background import Background
from tagger.app.models.session import Session
from tagger.core.errors import TaggerError
from tagger.library.keywords import FoundKeywords, import_keywords, read_new_keywords
from tagger.library.library import Library
from tagger.library.mirror import restore_from_file
from tagger.library.scan import ScanResult, scan
from tagger.library.session import link_active_bundle

_RELOAD_SECONDS = 0.4


def load_library(folder: Path) -> Library:
    """Open a library and link its model; for a worker, which hands the library over.

    Raises:
        TaggerError: the folder or its catalog cannot be opened.
    """
    library = Library.open(folder)
    link_active_bundle(library)
    return library


class Bringing(QObject):
    """Brings an open library up to date with its folder: scan, annotation file, keywords.

    Attributes:
        progressed: (words, done, total).
        noted: (sentence) something the user should know.
        done: the library is up to date.
    """

    progressed = Signal(str, int, int)
    noted = Signal(str)
    done = Signal()

    def __init__(
        self, session: Session, background: Background, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._background = session, background
        self._stop = threading.Event()
        self._last_reload = 0.0
        self._reloading = False

    def start(self) -> None:
        """Begin; `done` comes at the end."""
        self.progressed.emit("Looking for photos …", 0, 0)
        library = self._session.library
        self._run(lambda: scan(library, self._scanned, self._stop), self._scan_done)

    def stop(self) -> None:
        """Stop as soon as possible."""
        self._stop.set()

    def _run(self, work: Callable[[], Any], done: Callable[[Any], Any]) -> None:
        self._background.run(work, done, self._failed)

    def _failed(self, error: Exception) -> None:
        known = isinstance(error, TaggerError)
        self.noted.emit(
            str(error) if known else f"The folder could not be read to the end ({error})."
        )
        self.progressed.emit("", 0, 0)
        self.done.emit()

    # -- scan --------------------------------------------------------------------------------

    def _scanned(self, done: int, total: int) -> None:
        """Show progress and, now and then, the photos found; called on the worker."""
        self._background.post(lambda: self.progressed.emit("Reading new photos", done, total))
        now = time.monotonic()
        if now - self._last_reload > _RELOAD_SECONDS and not self._reloading:
            self._reloading = True
            table = self._session.read_photos()
            self._last_reload = time.monotonic()
            self._background.post(lambda: self._show(table))

    def _show(self, table: Any) -> None:
        self._reloading = False
        self._session.take_photos(table)

    def _scan_done(self, found: ScanResult) -> None:
        for path, reason in found.unreadable:
            self.noted.emit(f"{path.decode('utf-8', 'replace') or 'The folder'}: {reason}")
        if found.unclear_moves:
            self.noted.emit(
                f"{len(found.unclear_moves):,} photos equal several that vanished, so they came "
                "in as new ones."
            )
        self._run(self._session.read_photos, lambda table: self._photos_read(table, found))

    def _photos_read(self, table: Any, found: ScanResult) -> None:
        self._session.take_photos(table)
        self._restore()
        library = self._session.library
        self.progressed.emit("Reading keywords", 0, 0)
        self._run(
            lambda: read_new_keywords(library, found.changed, self._keyword_progress, self._stop),
            self._keywords_read,
        )

    # -- annotation file and keywords --------------------------------------------------------

    def _restore(self) -> None:
        try:
            note = restore_from_file(self._session.library)
        except TaggerError as error:
            self.noted.emit(str(error))
            return
        if note:
            self.noted.emit(note)
            self._session.announce()

    def _keyword_progress(self, done: int, total: int) -> None:
        self._background.post(lambda: self.progressed.emit("Reading keywords", done, total))

    def _keywords_read(self, found: list[FoundKeywords]) -> None:
        act = import_keywords(self._session.library, found)
        if act is not None:
            self._session.watch(act)
        self.progressed.emit("", 0, 0)
        self.done.emit()
