"""Work on other threads, with one rule: a result or an error, delivered on the GUI thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal

log = logging.getLogger(__name__)


class _Mailbox(QObject):
    """Carries calls to the thread it lives on."""

    posted = Signal(object)


class Background:
    """Runs functions on threads of its own.

    Attributes:
        closing: set by `close`; nothing is delivered from then on.
    """

    def __init__(self, threads: int = 2) -> None:
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(threads)
        self._mailbox = _Mailbox()
        self._mailbox.posted.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self.closing = False

    def _deliver(self, call: Callable[[], Any]) -> None:
        if not self.closing:
            call()

    def post(self, call: Callable[[], Any]) -> None:
        """Call something on the GUI thread soon; from any thread."""
        if not self.closing:
            self._mailbox.posted.emit(call)

    def run(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], Any],
        failed: Callable[[Exception], Any] | None = None,
    ) -> None:
        """Run `work` on a thread, then `done(result)` or `failed(error)` on the GUI thread."""
        self._pool.start(_Job(self, work, done, failed))

    def close(self) -> None:
        """Wait for what runs; nothing is delivered any more, nor what is under way to be."""
        self.closing = True
        self._pool.clear()
        self._pool.waitForDone()


class _Job(QRunnable):
    def __init__(
        self,
        background: Background,
        work: Callable[[], Any],
        done: Callable[[Any], Any],
        failed: Callable[[Exception], Any] | None,
    ) -> None:
        super().__init__()
        self._background, self._work = background, work
        self._done, self._failed = done, failed

    def run(self) -> None:
        """Do the work; Qt calls this on a thread of the pool."""
        done, failed = self._done, self._failed
        try:
            result = self._work()
        except Exception as error:
            log.debug("work in the background failed", exc_info=True)
            caught = error
            if failed is not None:
                self._background.post(lambda: failed(caught))
            return
        self._background.post(lambda: done(result))
