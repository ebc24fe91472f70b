"""The import dialog: choose a file, see what is in it, correct how it is read, take it in."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from tagger.app.dialogs.frame import Dialog, Pages
from tagger.app.dialogs.host import Host, opened, take_changes, work_on_copy
from tagger.app.dialogs.import_columns import ColumnRoles, ReadingOptions
from tagger.app.dialogs.import_preview import Preview, make_preview, match_words
from tagger.app.dialogs.import_result import ResultPage, take_file_in
from tagger.app.dialogs.parts import button, row, text
from tagger.app.dialogs.words import count
from tagger.core.errors import TaggerError
from tagger.library.importing import ImportResult

_KINDS = "Lists of labels (*.csv *.tsv *.txt *.json);;All files (*)"
_MEMORY = "import_labels"


def open_import_labels(window: QWidget) -> ImportDialog:
    """Open the import dialog."""
    return opened(window, ImportDialog)


class ImportDialog(Dialog):
    """Reads and takes in on another thread; shows what was found before, what was done after."""

    def __init__(self, host: Host, parent: QWidget | None = None) -> None:
        super().__init__(host.theme, "Import labels", parent, 96, 78)
        self.host = host
        self.preview: Preview | None = None
        self._reading = 0
        self._act: int | None = None
        self.setAcceptDrops(True)
        self.pages = Pages()
        self.body.addWidget(self.pages, 1)
        self.pages.add(self._reading_page())
        self.done_page = ResultPage(self.theme)
        self.done_page.override.connect(lambda: self.take_in(override=True))
        self.done_page.undo.connect(self._undo)
        self.pages.add(self.done_page)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setAccessibleName("Working")
        self.busy.hide()
        self.body.addWidget(self.busy)
        self.close_button = button("Cancel", self.reject)
        self.import_button = button("Import", self.take_in, main=True)
        self.import_button.setEnabled(False)
        self.add_buttons(self.close_button, self.import_button)

    def _reading_page(self) -> QWidget:
        px = self.theme.px
        page = QWidget()
        inside = QVBoxLayout(page)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(px(1.5))
        self.file = QLineEdit()
        self.file.setAccessibleName("File with labels")
        self.file.setPlaceholderText("CSV, TSV or JSON file")
        self.file.returnPressed.connect(lambda: self.read(Path(self.file.text()).expanduser()))
        self.choose = button("Choose…", self._choose)
        self.choose.setAccessibleName("Choose a file with labels")
        inside.addLayout(row(self.file, self.choose, gap=px(1)))
        self.start_words = text(
            "Choose a list of labels, or drop one here. It is shown what was found in it before "
            "anything is taken in.",
            "muted",
        )
        inside.addWidget(self.start_words)
        self.heading = text(role="heading")
        self.match = text()
        self.lines = QFormLayout()
        self.lines.setHorizontalSpacing(px(2))
        self.lines.setVerticalSpacing(px(0.5))
        self.columns_heading = text("How the columns are read", "heading")
        self.columns = ColumnRoles(self.theme)
        self.columns.changed.connect(self._read_again)
        self.more = button("More about how it is read", self._show_more, quiet=True)
        self.options = ReadingOptions(self.theme)
        self.options.changed.connect(self._read_again)
        inside.addWidget(self.heading)
        inside.addWidget(self.match)
        inside.addLayout(self.lines)
        inside.addWidget(self.columns_heading)
        inside.addWidget(self.columns, 1)
        inside.addLayout(row(self.more, None))
        inside.addWidget(self.options)
        inside.addStretch()
        for hidden in (self.columns_heading, self.columns, self.more, self.options):
            hidden.hide()
        return page

    # -- choosing ------------------------------------------------------------------------------

    def _choose(self) -> None:
        folder = self.host.remembered(_MEMORY).get("folder") or str(Path.home())
        name, _ = QFileDialog.getOpenFileName(self, "Import labels from", folder, _KINDS)
        if name:
            self.read(Path(name))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take one file."""
        if len(event.mimeData().urls()) == 1 and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Read what was dropped."""
        self.read(Path(event.mimeData().urls()[0].toLocalFile()))

    def _show_more(self) -> None:
        self.options.setVisible(not self.options.isVisible())

    # -- reading -------------------------------------------------------------------------------

    def read(self, path: Path) -> None:
        """Look at a file on another thread."""
        fresh = self.preview is None or path != self.preview.path
        if fresh:
            self.columns.show_columns(())
        self.file.setText(str(path))
        self.show_problem("")
        self.busy.show()
        self.import_button.setEnabled(False)
        self._reading += 1
        turn, library = self._reading, self.host.session.library
        options = self.options.options(self.columns)
        self.host.background.run(
            lambda: make_preview(library, path, options),
            lambda preview: self._show(preview, turn, fresh),
            self._cannot_read,
        )

    def _cannot_read(self, error: Exception) -> None:
        if self.alive:
            self.busy.hide()
            self.show_error(error)

    def _read_again(self) -> None:
        if self.preview is not None:
            self.read(self.preview.path)

    def _show(self, preview: Preview, turn: int, fresh: bool) -> None:
        if not self.alive or turn != self._reading:
            return
        self.busy.hide()
        self.preview = preview
        self.start_words.hide()
        self.show_problem(preview.problem)
        self.heading.setText(f"Found in {preview.path.name}" if preview.table else "")
        self.match.setText(match_words(preview) if preview.table else "")
        self.heading.setVisible(preview.table is not None)
        self.match.setVisible(preview.table is not None)
        while self.lines.rowCount():
            self.lines.removeRow(0)
        for title, words in preview.lines:
            self.lines.addRow(text(title, "muted", wrap=False), text(words))
        if not preview.problem or not self.columns.touched:  # else it stays, to be corrected
            self.columns.show_columns(preview.columns)
        shown = bool(self.columns.combos)
        self.columns_heading.setVisible(shown)
        self.columns.setVisible(shown)
        self.more.show()
        if preview.problem:
            self.options.show()
        self.import_button.setEnabled(preview.table is not None and preview.matched > 0)
        if self.import_button.isEnabled():
            self.import_button.setFocus(Qt.FocusReason.OtherFocusReason)
            self.host.remember(_MEMORY, {"folder": str(preview.path.absolute().parent)})

    # -- taking in -----------------------------------------------------------------------------

    def take_in(self, override: bool = False) -> None:
        """Take the list in as one act, on another thread."""
        if self.preview is None or self.preview.table is None:
            return
        preview, table = self.preview, self.preview.table
        self.show_problem("")
        self.busy.show()
        self.pages.setEnabled(False)
        self.import_button.setEnabled(False)
        work_on_copy(
            self.host,
            lambda library: take_file_in(library, preview.path, table, override),
            self._taken_in,
            self._failed,
        )

    def _taken_in(self, result: ImportResult) -> None:
        take_changes(self.host)
        if not self.alive:
            self.host.say(f"Imported {count(result.decisions, 'label')}.")
            return
        self.busy.hide()
        self.pages.setEnabled(True)
        self._act = result.act.saved.result().act.num if result.act else None
        self.done_page.show_result(result)
        self.pages.turn_to(self.done_page)
        self.import_button.hide()
        self.close_button.setText("Close")
        self.close_button.setProperty("main", True)
        self.close_button.style().polish(self.close_button)
        self.close_button.setDefault(True)
        self.close_button.setFocus()

    def _failed(self, error: Exception) -> None:
        if not self.alive:
            self.host.say(f"Nothing was imported: {error}")
            return
        self.busy.hide()
        self.pages.setEnabled(True)
        self.import_button.setEnabled(self.preview is not None and self.preview.matched > 0)
        self.show_error(error)

    def _undo(self) -> None:
        if self._act is None:
            return
        try:
            self.host.session.undo(self._act)
        except TaggerError as error:
            self.show_error(error)
            return
        self._act = None
        self.done_page.show_undone()
