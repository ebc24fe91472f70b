"""The photos that could not be read, each with its reason."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget

from tagger.app.dialogs.frame import Dialog
from tagger.app.dialogs.host import Host, opened
from tagger.app.dialogs.parts import button, row, show_in_folder, text
from tagger.app.dialogs.table import Column, Table
from tagger.app.dialogs.words import count
from tagger.library.cache_problems import read_problems
from tagger.library.library import Library

_LOOK_MS = 1_500


@dataclass(frozen=True)
class ProblemLine:
    """One photo that could not be read; `path` is relative to its root, as shown."""

    slot: int
    path: str
    reason: str


_COLUMNS: tuple[Column[ProblemLine], ...] = (
    Column("Photo", lambda p: p.path, tip=lambda p: p.path, most_share=0.4),
    Column("Reason", lambda p: p.reason, grows=True, tip=lambda p: p.reason),
)


def read_problem_lines(library: Library) -> list[ProblemLine]:
    """Return the problem photos that are still there, by path."""
    photos = library.photos
    lines = [
        ProblemLine(
            found.slot,
            os.fsencode(photos.path(found.slot)).decode("utf-8", "replace"),
            found.reason,
        )
        for found in read_problems(library.places.cache)
        if found.slot < photos.slots and photos.present[found.slot]
    ]
    return sorted(lines, key=lambda line: line.path.casefold())


def open_problems(window: QWidget) -> ProblemsDialog:
    """Open the list of problem photos."""
    return opened(window, ProblemsDialog)


class ProblemsDialog(Dialog):
    """A table of problem photos that follows what the suggester finds."""

    def __init__(self, host: Host, parent: QWidget | None = None) -> None:
        super().__init__(host.theme, "Problem files", parent, 132, 64)
        self.host, self.session = host, host.session
        self.heading = text(role="title")
        self.words = text(role="muted")
        self.table: Table[ProblemLine] = Table(_COLUMNS, self.theme, "Photos with problems")
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._follow())
        self.table.doubleClicked.connect(lambda _: self.show_in_folder())
        self.body.addWidget(self.heading)
        self.body.addWidget(self.words)
        self.body.addWidget(self.table, 1)
        self.folder_button = button("Show in folder", self.show_in_folder)
        self.copy_button = button("Copy the list", self.copy)
        self.body.addLayout(row(self.folder_button, self.copy_button, None, gap=self.theme.px(1)))
        self.retry_button = button("Try all again", self.retry, theme=self.theme, sign="refresh")
        self.add_buttons(self.retry_button, button("Close", self.reject, main=True))
        self.lines: list[ProblemLine] = []
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.reload)
        self._timer.start()
        self._show(read_problem_lines(self.session.library))

    def reload(self) -> None:
        """Show the problems as they are now, if they changed."""
        lines = read_problem_lines(self.session.library)
        if lines != self.lines:
            self._show(lines)

    def _show(self, lines: list[ProblemLine]) -> None:
        chosen = {line.slot for line in self.table.chosen()}
        self.lines = lines
        self.table.show_rows(lines)
        if chosen:
            self.table.choose(lambda line: line.slot in chosen)
        if lines:
            self.heading.setText(f"{count(len(lines), 'photo').capitalize()} could not be read")
            self.words.setText(
                "They have no suggestions. Everything else goes on; decisions about them are kept."
            )
        else:
            self.heading.setText("Every photo could be read")
            self.words.setText("There is nothing to do here.")
        self.table.setVisible(bool(lines))
        self._follow()

    def _follow(self) -> None:
        some, chosen = bool(self.lines), self.table.chosen()
        for made in (self.folder_button, self.copy_button, self.retry_button):
            made.setVisible(some)
        self.folder_button.setEnabled(len(chosen) == 1)
        number = count(len(chosen), "photo")
        self.retry_button.setText(f"Try {number} again" if chosen else "Try all again")

    def show_in_folder(self) -> None:
        """Open the file manager at the chosen photo."""
        chosen = self.table.chosen()
        if len(chosen) == 1:
            show_in_folder(Path(self.session.library.photo_path(chosen[0].slot)))

    def copy(self) -> None:
        """Copy the chosen rows, or all of them, as text."""
        QApplication.clipboard().setText(self.table.as_text(self.table.chosen() or None))

    def retry(self) -> None:
        """Let the suggester try the chosen photos again, or all of them."""
        chosen = [line.slot for line in self.table.chosen()]
        self.host.retry_problems(chosen or None)
        self.words.setText("They are being tried again …")
