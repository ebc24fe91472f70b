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
from tagger.library.settling import EVERYTHING, Scope

_RELOAD_SECONDS = 0.4
_WORTH_TELLING = 200
"""So many files to read make even a quiet look tell how far it is."""


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
        busy: it is at it.
        quiet: it was not asked for by anybody who waits for it.
        progressed: (words, done, total).
        noted: (sentence) something the user should know.
        scanned: (ScanResult) its photos are known and shown; keywords are still to be read.
        done: (ScanResult, or None where it failed) the library is up to date.
    """

    progressed = Signal(str, int, int)
    noted = Signal(str)
    scanned = Signal(object)
    done = Signal(object)

    def __init__(
        self, session: Session, background: Background, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._background = session, background
        self._stop = threading.Event()
        self._last_reload = 0.0
        self._reloading = False
        self._told: set[str] = set()
        self.quiet = False
        self.busy = False

    def start(self, scope: Scope = EVERYTHING, quiet: bool = False) -> None:
        """Begin; `done` comes at the end.

        Args:
            scope: what to look at.
            quiet: say nothing unless there is much to read; nobody waits for it.
        """
        self.busy, self.quiet = True, quiet
        self._last_reload = time.monotonic() if quiet else 0.0
        if not quiet:
            self._told.clear()
            self.progressed.emit("Looking for photos …", 0, 0)
        library = self._session.library
        self._run(lambda: scan(library, self._scanned, self._stop, scope), self._scan_done)

    def stop(self) -> None:
        """Stop as soon as possible."""
        self._stop.set()

    def _run(self, work: Callable[[], Any], done: Callable[[Any], Any]) -> None:
        self._background.run(work, done, self._failed)

    def _failed(self, error: Exception) -> None:
        known = isinstance(error, TaggerError)
        self._note(str(error) if known else f"The folder could not be read to the end ({error}).")
        self._finish(None)

    def _note(self, sentence: str) -> None:
        """Tell a sentence, once until the user asks for another look."""
        if sentence not in self._told:
            self._told.add(sentence)
            self.noted.emit(sentence)

    def _finish(self, found: ScanResult | None) -> None:
        self.busy = False
        self.progressed.emit("", 0, 0)
        self.done.emit(found)

    # -- scan --------------------------------------------------------------------------------

    def _scanned(self, done: int, total: int) -> None:
        """Show progress and, now and then, the photos found; called on the worker."""
        if not self.quiet or total >= _WORTH_TELLING:
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
            self._note(f"{path.decode('utf-8', 'replace') or 'The folder'}: {reason}")
        if self.quiet and not found.anything:
            self._finish(found)
            return
        if found.unclear_moves:
            self._note(
                f"{len(found.unclear_moves):,} photos equal several that vanished, so they came "
                "in as new ones."
            )
        self._run(self._session.read_photos, lambda table: self._photos_read(table, found))

    def _photos_read(self, table: Any, found: ScanResult) -> None:
        self._session.take_photos(table)
        self._restore()
        self.scanned.emit(found)
        library = self._session.library
        if not self.quiet:
            self.progressed.emit("Reading keywords", 0, 0)
        self._run(
            lambda: read_new_keywords(library, found.changed, self._keyword_progress, self._stop),
            lambda words: self._keywords_read(words, found),
        )

    # -- annotation file and keywords --------------------------------------------------------

    def _restore(self) -> None:
        try:
            note = restore_from_file(self._session.library)
        except TaggerError as error:
            self._note(str(error))
            return
        if note:
            self._note(note)
            self._session.announce()

    def _keyword_progress(self, done: int, total: int) -> None:
        if not self.quiet or total >= _WORTH_TELLING:
            self._background.post(lambda: self.progressed.emit("Reading keywords", done, total))

    def _keywords_read(self, words: list[FoundKeywords], found: ScanResult) -> None:
        act = import_keywords(self._session.library, words)
        if act is not None:
            self._session.watch(act)
        self._finish(found)
