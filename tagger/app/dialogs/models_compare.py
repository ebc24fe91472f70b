"""Comparing a model with the one in use, on the open library's photos."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from tagger.app.dialogs.child import Child
from tagger.app.dialogs.report_facts import Report, read_report
from tagger.core.errors import TaggerError


class Comparison(QObject):
    """One comparison at a time, computed by the trainer.

    Attributes:
        changed: it began or ended.
    """

    changed = Signal()

    def __init__(
        self, done: Callable[[Report], Any], failed: Callable[[str], Any], parent: QObject
    ) -> None:
        """Prepare; `done` gets the report, `failed` the sentence why there is none."""
        super().__init__(parent)
        self._done, self._refused = done, failed
        self._child: Child | None = None

    @property
    def running(self) -> bool:
        """Whether one is under way."""
        return self._child is not None

    def start(self, library: Path, old: str, new: str) -> None:
        """Compare two models by id on a library's photos."""
        if self.running:
            return
        child = Child(["_trainer", "compare", "--library", str(library), old, new, "--json"], self)
        child.done.connect(self._compared)
        child.failed.connect(self._failed)
        self._child = child
        child.start()
        self.changed.emit()

    def close(self) -> None:
        """End what is under way and say nothing."""
        if self._child is not None:
            self._child.close()
            self._child = None

    def _compared(self, result: dict[str, Any]) -> None:
        self._end()
        try:
            self._done(read_report(Path(str(result.get("report", "")))))
        except TaggerError as error:
            self._refused(str(error))

    def _failed(self, sentence: str) -> None:
        self._end()
        self._refused(sentence)

    def _end(self) -> None:
        if self._child is not None:
            self._child.deleteLater()
        self._child = None
        self.changed.emit()
