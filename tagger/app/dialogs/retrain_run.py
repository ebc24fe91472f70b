"""One training under way: it belongs to the window, so that its dialog can be closed meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from tagger.app.dialogs.child import Child
from tagger.app.dialogs.report_facts import Report, parse_report, read_report
from tagger.app.models.session import Session
from tagger.core.errors import TaggerError


class RetrainRun(QObject):
    """A child process of the trainer, its progress and what came out.

    Attributes:
        fraction, message: how far it is.
        report: of the new model, when it is made.
        failure: why none was made.
        changed: any of these, or whether it runs.
        ended: it was made, failed or was stopped.
    """

    changed = Signal()
    ended = Signal()

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.session = session
        self.fraction = 0.0
        self.message = ""
        self.report: Report | None = None
        self.failure = ""
        self._child: Child | None = None

    @property
    def running(self) -> bool:
        """Whether the trainer is at work."""
        return self._child is not None

    def start(self, way: str, options: Sequence[str]) -> None:
        """Start the trainer on the open library; everything done so far is written first.

        `way` is the trainer's command, `quick` or `fit`.
        """
        self.session.settle()
        home = str(self.session.library.places.home)
        child = Child(["_trainer", way, "--library", home, *options, "--json"], self)
        child.progressed.connect(self._progressed)
        child.done.connect(self._done)
        child.failed.connect(self._failed)
        child.cancelled.connect(lambda: self._failed(""))
        self._child, self.report, self.failure = child, None, ""
        self.fraction, self.message = 0.0, "Starting …"
        child.start()
        self.changed.emit()

    def cancel(self) -> None:
        """Stop the trainer; nothing is kept."""
        if self._child is not None:
            self.message = "Stopping …"
            self._child.cancel()
            self.changed.emit()

    def close(self) -> None:
        """End the trainer now, when the library is closed."""
        if self._child is not None:
            self._child.close()
            self._child = None

    def _progressed(self, event: dict[str, Any]) -> None:
        fraction = event.get("fraction")
        if isinstance(fraction, int | float):
            self.fraction = min(max(float(fraction), 0.0), 1.0)
        self.message = str(event.get("message") or self.message)
        self.changed.emit()

    def _done(self, result: dict[str, Any]) -> None:
        try:
            self.report = read_report(Path(str(result.get("report", ""))))
        except TaggerError:
            self.report = parse_report(result)  # the short form, from the last line
        self._end()

    def _failed(self, sentence: str) -> None:
        self.failure = sentence
        self._end()

    def _end(self) -> None:
        if self._child is not None:
            self._child.deleteLater()
        self._child = None
        self.changed.emit()
        self.ended.emit()


def run_of(window: QWidget, session: Session) -> RetrainRun:
    """Return the window's training of a session, made at the first call."""
    for known in window.findChildren(RetrainRun):
        if known.session is session:
            return known
        known.close()
        known.deleteLater()
    return RetrainRun(session, window)
