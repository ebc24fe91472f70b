"""What a new model would change in this library: labels with gains and losses, and examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tagger.app.dialogs.parts import text
from tagger.app.dialogs.report_facts import LabelChange, Report
from tagger.app.dialogs.table import Column, Table
from tagger.app.dialogs.words import count
from tagger.app.theme import Theme
from tagger.app.widgets.flow import FlowLayout

Pictures = Callable[[Sequence[int], Callable[[dict[int, QImage]], None]], None]
"""Asks for small pictures of photos by slot; told on the GUI thread, those that can be read."""

_COLUMNS: tuple[Column[LabelChange], ...] = (
    Column("Label", lambda c: c.label, grows=True),
    Column("Group", lambda c: c.group, optional=True),
    Column(
        "Suggested now",
        lambda c: f"+{c.gained:,}" if c.gained else "",
        lambda c: c.gained,
        True,
        colour=lambda c: "yes",
        help="Photos that get the suggestion and did not have it.",
    ),
    Column(
        "No longer",
        lambda c: f"−{c.lost:,}" if c.lost else "",
        lambda c: c.lost,
        True,
        colour=lambda c: "no",
        help="Photos that had the suggestion and lose it.",
    ),
    Column("Sum", lambda c: f"{c.gained + c.lost:,}", lambda c: c.gained + c.lost, True),
)
_SUM = 4


class ChangesPage(QWidget):
    """A table of labels; below it the photos whose score moved furthest for the chosen one."""

    def __init__(self, theme: Theme, pictures: Pictures | None = None) -> None:
        super().__init__()
        self._theme, self._pictures = theme, pictures
        self._asked: LabelChange | None = None
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, theme.px(1), 0, 0)
        inside.setSpacing(theme.px(1))
        self.words = text()
        self.table: Table[LabelChange] = Table(_COLUMNS, theme, "Labels that change")
        self.table.setSelectionMode(Table.SelectionMode.SingleSelection)
        self.table.sortable(_SUM, backwards=True)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_photos())
        self.strips = {"gained": _Strip(theme), "lost": _Strip(theme)}
        self.table.setMinimumHeight(theme.px(24))
        photos = QVBoxLayout()
        photos.setSpacing(theme.px(1))
        for strip in self.strips.values():
            photos.addWidget(strip)
        photos.addStretch(1)
        both = QHBoxLayout()
        both.setSpacing(theme.px(2))
        both.addWidget(self.table, 1)
        both.addLayout(photos, 1)
        inside.addWidget(self.words)
        inside.addLayout(both, 1)

    def show_report(self, report: Report) -> None:
        """Show what a report says."""
        changes = report.changes
        if changes:
            self.words.setText(
                f"{count(len(changes), 'label').capitalize()} would be suggested for other photos "
                f"than now, of {count(report.changes_of, 'photo')} compared, thresholds as they "
                "are. Choose one to see where the scores move furthest."
            )
        else:
            self.words.setText("Nothing would be suggested otherwise than now.")
        self.table.show_rows(changes)
        self.table.setVisible(bool(changes))
        if changes:
            self.table.selectRow(0)
        self._show_photos()

    def _show_photos(self) -> None:
        chosen = self.table.chosen()
        change = self._asked = chosen[0] if chosen else None
        for strip in self.strips.values():
            strip.hide()
        if change is None or self._pictures is None:
            return
        self.strips["gained"].begin(f"“{change.label}” is suggested now", change.gained_slots)
        self.strips["lost"].begin(f"“{change.label}” is no longer suggested", change.lost_slots)

        def told(found: dict[int, QImage]) -> None:
            if self._asked is change:
                for strip in self.strips.values():
                    strip.fill(found)

        self._pictures((*change.gained_slots, *change.lost_slots), told)


class _Strip(QWidget):
    """A line of words and small pictures below it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._height = theme.px(9)
        self._slots: Sequence[int] = ()
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.px(0.5))
        self._words = text("", "muted")
        self._row = FlowLayout(gap=theme.px(0.5))
        inside.addWidget(self._words)
        inside.addLayout(self._row)

    def begin(self, words: str, slots: Sequence[int]) -> None:
        self._slots = slots
        self._words.setText(words)
        while (item := self._row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for _ in slots:
            place = QLabel()
            place.setFixedSize(self._height, self._height)
            self._row.addWidget(place)
        self.setVisible(bool(slots))

    def fill(self, found: dict[int, QImage]) -> None:
        for at, slot in enumerate(self._slots):
            item = self._row.itemAt(at)
            place = item.widget() if item is not None else None
            if isinstance(place, QLabel) and slot in found:
                mode = Qt.TransformationMode.SmoothTransformation
                picture = QPixmap.fromImage(found[slot]).scaledToHeight(self._height, mode)
                place.setFixedSize(picture.size())
                place.setPixmap(picture)
                place.setAccessibleName(self._words.text())
