"""The window follows its folder: what changes there is looked at, one look after the other."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer, Signal

from tagger.app.background import Background
from tagger.app.models.session import Session
from tagger.app.opening import Bringing
from tagger.library.settling import EVERYTHING, Scope
from tagger.library.watching import News, Watcher

POLL_SECONDS = 30.0
"""Between two looks through a folder whose changes the system does not tell of."""

RETURN_SECONDS = 10.0
"""Since the last look, when the window gets the keyboard back, for another one."""

SHARE = 20
"""A look through the whole folder takes at most so small a part of the time."""


class Watching(QObject):
    """Has the folders of an open library looked at: at first, on news, and now and then.

    Attributes:
        said: (sentence) something the user should know.
        touched: another program wrote the annotation file.
        replaced: another folder stands where the library's own was.
    """

    said = Signal(str)
    touched = Signal()
    replaced = Signal()

    def __init__(
        self,
        session: Session,
        background: Background,
        bringing: Bringing,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._background, self._bringing = session, background, bringing
        self._watcher: Watcher | None = None
        self._waiting = Scope()
        self._loud = False
        self._told_of_polling = False
        self._began = self._looked = 0.0
        self._took = 0.0
        self._whole = False
        self._polling = QTimer(self, interval=1_000)
        self._polling.timeout.connect(self._poll)
        bringing.done.connect(self._looked_through)

    @property
    def watcher(self) -> Watcher | None:
        """What watches the folder; None while it is not to be watched."""
        return self._watcher

    def watch(self, wanted: bool) -> None:
        """Begin to follow the folder, or leave off."""
        if wanted == (self._watcher is not None):
            return
        if self._watcher is not None:
            self.close()
            return
        library = self._session.library
        roots = library.roots() or {1: library.places.home}
        self._watcher = Watcher(roots, lambda news: self._background.post(lambda: self._hear(news)))
        self._polling.start()

    def close(self) -> None:
        """Leave off."""
        self._polling.stop()
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    def look(self, scope: Scope = EVERYTHING, *, quiet: bool = False) -> None:
        """Have parts of the folder looked at, now or after the look under way."""
        self._waiting = self._waiting.joined(scope)
        self._loud |= not quiet
        self._next()

    def come_back(self) -> None:
        """The window got the keyboard back: look whether anything was missed meanwhile."""
        if self._watcher is not None and self._is_due(RETURN_SECONDS):
            self.look(quiet=True)

    # -- looks -------------------------------------------------------------------------------

    def _next(self) -> None:
        if self._bringing.busy or not self._waiting or self._session.away:
            return
        scope, quiet = self._waiting, not self._loud
        self._waiting, self._loud = Scope(), False
        self._began, self._whole = time.monotonic(), scope.everything
        self._bringing.start(scope, quiet)

    def _looked_through(self, result: object) -> None:
        now = time.monotonic()
        if self._whole:
            self._took, self._looked = now - self._began, now
        QTimer.singleShot(0, self, self._next)

    def _is_due(self, least: float) -> bool:
        pause = max(least, SHARE * self._took)
        return not self._bringing.busy and time.monotonic() - self._looked >= pause

    def _poll(self) -> None:
        watcher = self._watcher
        if watcher is None or not watcher.polls:
            return
        if not self._told_of_polling:
            self._told_of_polling = True
            self.said.emit(
                f"New photos appear here within a minute: {watcher.reason}, so it is looked "
                "through now and then."
            )
        if self._is_due(POLL_SECONDS):
            self.look(quiet=True)

    # -- news --------------------------------------------------------------------------------

    def _hear(self, news: News) -> None:
        if self._watcher is None:
            return
        if news.came_or_went:
            self._follow_roots(news)
        if news.annotations:
            self.touched.emit()
        if news.scope:
            self.look(news.scope, quiet=True)

    def _follow_roots(self, news: News) -> None:
        library = self._session.library
        left = news.away - self._session.away
        self._session.set_away(news.away)
        for root in left:
            self.said.emit(
                f"{library.roots()[root]} cannot be reached just now. Its photos are shown as "
                "missing and come back with it; nothing is lost."
            )
        if news.replaced and library.places.inside:
            self.replaced.emit()
        elif not news.away:
            self.look(quiet=True)
