"""One training under way, followed by its folder: it lives on without the window if it may."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from tagger.app.dialogs.child import program_command
from tagger.app.dialogs.report_facts import Report, read_report
from tagger.app.models.session import Session
from tagger.core.errors import TaggerError
from tagger.library.runs import (
    LOG,
    REPORT,
    Run,
    delete_run,
    mark_told,
    new_run,
    read_curves,
    read_run,
    runs_of,
    stop_run,
    why_broken_off,
)

_LOOK_MS = 200
_NOT_STARTED = "The training could not be started; the present model stays as it is."


class RetrainRun(QObject):
    """A training of the open library, how far it is, and what came out.

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
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    @property
    def running(self) -> bool:
        """Whether the trainer is at work."""
        return self._folder is not None

    @property
    def process_id(self) -> int | None:
        """The trainer's process id while it is at work."""
        run = read_run(self._folder) if self._folder else None
        return run.state.pid if run else None

    def start(self, way: str, options: Sequence[str]) -> None:
        """Start the trainer on the open library; everything done so far is written first.

        `way` is the trainer's command, `quick` or `fit`.
        """
        self.session.settle()
        home = str(self.session.library.places.home)
        self.report, self.failure = None, ""
        self.fraction, self.message = 0.0, "Starting …"
        try:
            self._folder = new_run()
            arguments = ["_trainer", way, "--library", home, *options, "--json"]
            self._process = _start([*arguments, "--run", str(self._folder)], self._folder / LOG)
        except (TaggerError, OSError) as error:
            self._end(f"The training cannot be started ({error}).")
            return
        self._timer.start()
        self.changed.emit()

    def reattach(self) -> Run | None:
        """Follow a training of this library that went on without the window.

        Returns:
            the latest run if it ended meanwhile and nobody was told; it is marked as told.
        """
        latest = next(runs_of(self.session.library.places.home), None)
        if latest is None or self.running:
            return None
        if latest.state.phase == "running":
            self._folder = latest.folder
            self._timer.start()
            self._look()
        elif not latest.state.told:
            mark_told(latest)
            if latest.state.phase == "done":
                self._read_report(latest.folder)
            self.failure = latest.state.failure
            return latest
        return None

    def curves(self) -> list[dict[str, Any]]:
        """Return the learning curves so far, see `tagger.library.runs.read_curves`."""
        return read_curves(self._folder) if self._folder else []

    def cancel(self) -> None:
        """Stop the trainer; nothing is kept."""
        if self._folder is not None:
            self.message = "Stopping …"
            stop_run(self._folder)
            self.changed.emit()

    def close(self, go_on: bool) -> None:
        """Leave the trainer alone when the library is closed, or end it."""
        self._timer.stop()
        if self._folder is not None and not go_on:
            stop_run(self._folder)
        self._folder = None

    def _look(self) -> None:
        if self._folder is None:
            return
        run = read_run(self._folder)
        gone = self._process is not None and self._process.poll() is not None
        if run is None or (run.state.phase == "running" and not gone):
            if run is not None and self.message != "Stopping …":
                self.fraction, self.message = run.state.fraction, run.state.message
            if run is None and gone:
                self._end(why_broken_off(self._folder, _NOT_STARTED))
            self.changed.emit()
            return
        if self._process is not None and not gone:
            return  # its last words are written; the process ends in a moment
        run = read_run(self._folder) or run
        mark_told(run)
        if run.state.phase == "done":
            self.fraction = 1.0
            self.changed.emit()
            self._read_report(run.folder)
        elif run.state.phase == "stopped":
            delete_run(run.folder)
        self._end(run.state.failure)

    def _read_report(self, folder: Path) -> None:
        try:
            self.report = read_report(folder / REPORT)
        except TaggerError as error:
            self.failure = str(error)

    def _end(self, failure: str) -> None:
        self._timer.stop()
        self.failure = failure or self.failure
        self._folder = self._process = None
        self.changed.emit()
        self.ended.emit()


def run_of(window: QWidget, session: Session) -> RetrainRun:
    """Return the window's training of a session, made at the first call."""
    for known in window.findChildren(RetrainRun):
        if known.session is session:
            return known
        known.deleteLater()
    return RetrainRun(session, window)


def _start(arguments: Sequence[str], words: Path) -> subprocess.Popen[bytes]:
    """Start the program with arguments as a process that outlives this one.

    Raises:
        OSError: it cannot be started, or its log cannot be written.
    """
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        options = {"creationflags": apart}
    with words.open("wb") as file:
        return subprocess.Popen(
            program_command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=file,
            env={**os.environ, "PYTHONUTF8": "1"},
            **options,
        )
