"""The columns of a table of labels: what each was taken for, and changing that."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QGridLayout,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from tagger.app.dialogs.import_preview import ROLE_WORDS, ColumnLook, Role, options_for
from tagger.app.dialogs.parts import button, row, text
from tagger.app.dialogs.pick import Combo
from tagger.app.theme import Theme
from tagger.library.tables import TableOptions

_ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1", "cp1251", "shift_jis", "gb18030")


class ColumnRoles(QScrollArea):
    """A row per column: title, examples, what it is.

    Attributes:
        changed: the user chose a role for a column.
        touched: the user chose at least one.
    """

    changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Columns of the file")
        self.combos: dict[str, Combo] = {}
        self.touched = False

    def show_columns(self, columns: tuple[ColumnLook, ...]) -> None:
        """Show columns; an equal list keeps its fields."""
        if [column.title for column in columns] != list(self.combos):
            self._build(columns)
        for column in columns:
            combo = self.combos[column.title]
            combo.blockSignals(True)
            combo.setCurrentIndex(list(ROLE_WORDS).index(column.role))
            combo.blockSignals(False)

    def _build(self, columns: tuple[ColumnLook, ...]) -> None:
        inside = QWidget()
        inside.setObjectName("scrolled")
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 0, self._theme.px(1), 0)
        grid.setHorizontalSpacing(self._theme.px(2))
        grid.setVerticalSpacing(self._theme.px(0.5))
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(len(columns), 1)
        self.combos = {}
        self.touched = False
        for place, column in enumerate(columns):
            combo = Combo(f"What column {column.title} is")
            combo.addItems(list(ROLE_WORDS.values()))
            combo.activated.connect(lambda _: self._touch())
            self.combos[column.title] = combo
            grid.addWidget(text(column.title, wrap=False), place, 0)
            examples = text(column.examples, "muted")
            examples.setToolTip(column.examples)
            grid.addWidget(examples, place, 1)
            grid.addWidget(combo, place, 2)
        self.setWidget(inside)
        rows = min(len(columns), 8)
        self.setMinimumHeight(min(inside.sizeHint().height(), self._theme.px(5) * rows))
        self.setVisible(bool(columns))

    def _touch(self) -> None:
        self.touched = True
        self.changed.emit()

    @property
    def chosen(self) -> dict[str, Role]:
        """Column → role, as it is shown."""
        roles = list(ROLE_WORDS)
        return {title: roles[combo.currentIndex()] for title, combo in self.combos.items()}


class ReadingOptions(QWidget):
    """How the file is read besides its columns: group, separator, encoding, names, completeness.

    Attributes:
        changed: the user changed something.
    """

    changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(theme.px(2))
        form.setVerticalSpacing(theme.px(1))
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.group = self._field("Group of the labels", "tags")
        self.separator = self._field("What stands between labels", "found by itself")
        self.encoding = Combo("Encoding of the file")
        self.encoding.addItem("found by itself", None)
        for name in _ENCODINGS:
            self.encoding.addItem(name, name)
        self.encoding.activated.connect(lambda _: self.changed.emit())
        self.names = self._field("File with the names of numbered labels", "none")
        choose = button("Choose…", self._choose_names)
        choose.setAccessibleName("Choose the file with the names of numbered labels")
        self.complete = QCheckBox("The list is complete: what it does not give a photo is absent")
        self.complete.setChecked(True)
        self.complete.toggled.connect(lambda _: self.changed.emit())
        form.addRow("Group", self.group)
        form.addRow("Separator", self.separator)
        form.addRow("Encoding", self.encoding)
        names = QVBoxLayout()
        names.addLayout(row(self.names, choose, gap=theme.px(1)))
        form.addRow("Names", names)
        form.addRow(self.complete)

    def _field(self, name: str, placeholder: str) -> QLineEdit:
        made = QLineEdit()
        made.setAccessibleName(name)
        made.setPlaceholderText(placeholder)
        made.editingFinished.connect(self.changed.emit)
        return made

    def _choose_names(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Names of the labels", "", "JSON (*.json)")
        if name:
            self.names.setText(name)
            self.changed.emit()

    def options(self, columns: ColumnRoles) -> TableOptions:
        """Return all options for the reader, with the columns' roles where the user chose any."""
        names = self.names.text().strip()
        rest = TableOptions(
            separator=self.separator.text() or None,
            group=self.group.text().strip() or None,
            encoding=self.encoding.currentData(),
            names=Path(names).expanduser() if names else None,
            partial=not self.complete.isChecked(),
        )
        return options_for(columns.chosen, rest) if columns.touched else rest
