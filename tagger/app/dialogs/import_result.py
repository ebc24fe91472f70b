"""What an import did: counts, names that were not found, conflicts with what a person said."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QVBoxLayout, QWidget

from tagger.app.dialogs.annotation_difference import take_annotations_in
from tagger.app.dialogs.parts import button, row, text
from tagger.app.dialogs.words import count
from tagger.app.theme import Theme
from tagger.library.annotation_read import is_ours
from tagger.library.importing import ImportResult, import_table
from tagger.library.library import Library
from tagger.library.tables import ImportTable

_MOST = 2_000


def take_file_in(
    library: Library, path: Path, table: ImportTable, override: bool = False
) -> ImportResult:
    """Take a list in as one act; the library's own annotation file becomes what it says, whole.

    Raises:
        TaggerError: it does not fit the library.
    """
    if not (path.resolve() == library.places.annotations.resolve() and is_ours(path)):
        return import_table(library, table, path.absolute().parent, override)
    taken = take_annotations_in(library, path)
    changed = sum(change.kind == "decision" for change in taken.act.changes) if taken.act else 0
    return ImportResult(taken.photos, changed, taken.missing, act=taken.act)


class ResultPage(QWidget):
    """The result of an import.

    Attributes:
        override: the user wants the list to win over what a person said.
        undo: the user wants the import taken back.
    """

    override = Signal()
    undo = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.px(1.5))
        self.heading = text(role="title")
        self.words = text()
        self.undo_button = button("Undo the import", self.undo.emit, theme=theme, sign="undo")
        self.conflicts = text(role="warning")
        self.override_button = button("", self.override.emit)
        self.names = QPlainTextEdit()
        self.names.setReadOnly(True)
        self.names.setAccessibleName("What could not be taken in")
        self.copy = button("Copy this list", self._copy, quiet=True)
        inside.addWidget(self.heading)
        inside.addWidget(self.words)
        inside.addLayout(row(self.undo_button, None))
        inside.addWidget(self.conflicts)
        inside.addLayout(row(self.override_button, None))
        inside.addWidget(self.names, 1)
        inside.addLayout(row(self.copy, None))
        inside.addStretch()

    def show_result(self, result: ImportResult) -> None:
        """Show what an import did."""
        if result.act is None:
            self.heading.setText("Nothing to change")
            self.words.setText("All of it was said already.")
        else:
            what = count(result.decisions, "label") if result.decisions else "the list"
            self.heading.setText(f"Imported {what}")
            self.words.setText(result.act.saved.result().act.description + ".")
        self.words.setText(
            f"{self.words.text()} {count(result.photos, 'photo').capitalize()} of "
            "this library are on the list."
        )
        self.undo_button.setVisible(result.act is not None)
        kept = count(result.conflicts, "answer")
        self.conflicts.setText(
            f"{kept.capitalize()} that a person gave say otherwise than the list, and were kept."
        )
        self.override_button.setText(f"Let the list win: change {kept}")
        for widget in (self.conflicts, self.override_button):
            widget.setVisible(result.conflicts > 0)
        lines = _leftovers(result)
        self.names.setPlainText("\n".join(lines))
        self.names.setVisible(bool(lines))
        self.copy.setVisible(bool(lines))

    def show_undone(self) -> None:
        """Show that the import was taken back."""
        self.heading.setText("The import was undone")
        self.words.setText("Everything is as it was before.")
        for widget in (self.undo_button, self.conflicts, self.override_button):
            widget.hide()

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.names.toPlainText())


def _leftovers(result: ImportResult) -> list[str]:
    """Return in lines what could not be taken in: problems, ambiguous names, missing names."""
    lines = []
    if result.problems:
        lines.append(f"{count(len(result.problems), 'line').capitalize()} could not be read:")
        lines += [f"    line {line}: {reason}" for line, reason in result.problems[:_MOST]]
    if result.ambiguous:
        lines.append(f"{count(len(result.ambiguous), 'name').capitalize()} could mean several:")
        lines += [
            f"    {name}: {', '.join(paths[:4])}{' …' if len(paths) > 4 else ''}"
            for name, paths in list(result.ambiguous.items())[:_MOST]
        ]
    if result.missing:
        lines.append(f"{count(len(result.missing), 'photo').capitalize()} not in this library:")
        lines += [f"    {name}" for name in result.missing[:_MOST]]
        if len(result.missing) > _MOST:
            lines.append(f"    … and {len(result.missing) - _MOST:,} more")
    return lines
