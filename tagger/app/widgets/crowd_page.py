"""The right panel for several photos: each label with its counts, and what to do with all."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tagger.app.icons import icon
from tagger.app.models.answers import Answers
from tagger.app.models.crowd import CrowdEntry
from tagger.app.models.desk import Desk
from tagger.app.theme import Theme
from tagger.app.widgets.listening import listen


class CrowdBar(QAbstractButton):
    """A label's name and counts over a bar: solid where confirmed, light where suggested."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.entry = CrowdEntry(-1, "", 0, 0)
        self.total = 1
        self.focused = False
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_entry(self, entry: CrowdEntry, total: int, focused: bool) -> None:
        """Show the counts of a label."""
        self.entry, self.total, self.focused = entry, max(1, total), focused
        said = f"confirmed in {entry.confirmed:,} of {total:,} photos"
        if entry.suggested:
            said += f", suggested in {entry.suggested:,}"
        self.setAccessibleName(f"{entry.name}, {said}")
        key = f"\n{entry.number}: confirm on all {total:,}, or remove" if entry.number else ""
        self.setToolTip(f"{entry.name}: {said}{key}")
        self.update()

    def sizeHint(self) -> QSize:
        """Return a row high enough for text and bar."""
        return QSize(self.theme.px(20), self.fontMetrics().height() + self.theme.px(1.75))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint name, counts and bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, px, entry = self.theme, self.theme.px, self.entry
        if self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("hover"))
            painter.drawRoundedRect(self.rect(), px(0.5), px(0.5))
        inner = self.rect().adjusted(px(0.75), 0, -px(0.75), -px(0.5))
        where = Qt.AlignmentFlag.AlignVCenter
        left = inner
        for token, words in self._counts():
            painter.setPen(theme.colour(token))
            painter.drawText(left, where | Qt.AlignmentFlag.AlignRight, words)
            width = painter.fontMetrics().horizontalAdvance(words)
            left = left.adjusted(0, 0, -width - px(1), 0)
        painter.setPen(theme.colour("text"))
        name = f"{entry.number}  {entry.name}" if entry.number else entry.name
        name = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, left.width())
        painter.drawText(left, where | Qt.AlignmentFlag.AlignLeft, name)
        self._bar(painter, QRect(inner.left(), self.height() - px(0.75), inner.width(), px(0.5)))
        if self.focused:
            painter.setPen(QPen(theme.colour("accent"), 2.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            ring = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(ring, px(0.5), px(0.5))

    def _counts(self) -> list[tuple[str, str]]:
        """Return the counts in words with their colours, from the right."""
        entry, counts = self.entry, []
        if entry.suggested:
            more = "+" if entry.confirmed else ""
            unit = "" if entry.confirmed else f" of {self.total:,}"
            counts.append(("maybe", f"{more}{entry.suggested:,}{unit}"))
        if entry.confirmed or not entry.suggested:
            counts.append(("yes", f"{entry.confirmed:,} of {self.total:,}"))
        return counts

    def _bar(self, painter: QPainter, whole: QRect) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        shares = (
            ("line", self.total),
            ("maybe", self.entry.confirmed + self.entry.suggested),
            ("yes", self.entry.confirmed),
        )
        for token, count in shares:
            if count:
                part = QRectF(whole)
                part.setWidth(max(whole.height(), whole.width() * count / self.total))
                painter.setBrush(self.theme.colour(token))
                painter.drawRoundedRect(part, whole.height() / 2, whole.height() / 2)


class CrowdRow(QWidget):
    """A label of the selection, with buttons that confirm and reject it on all photos."""

    def __init__(self, answers: Answers, desk: Desk, theme: Theme) -> None:
        super().__init__()
        self.bar = CrowdBar(theme)
        self.bar.clicked.connect(lambda: desk.focus(self.bar.entry.label))
        self.confirm = self._button(theme, "confirm", theme.tokens.yes)
        self.confirm.clicked.connect(lambda: answers.toggle(self.bar.entry.label))
        self.reject = self._button(theme, "reject", theme.tokens.no)
        self.reject.clicked.connect(lambda: answers.reject(self.bar.entry.label))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(0.25))
        row.addWidget(self.bar, 1)
        row.addWidget(self.confirm)
        row.addWidget(self.reject)

    def _button(self, theme: Theme, name: str, colour: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name, colour))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def show_entry(self, entry: CrowdEntry, total: int, focused: bool) -> None:
        """Show the counts of a label."""
        self.bar.show_entry(entry, total, focused)
        all_have_it = entry.confirmed == total
        verb = "Remove" if all_have_it else "Confirm"
        for button, text in (
            (self.confirm, f"{verb} “{entry.name}” on all {total:,}"),
            (self.reject, f"Reject “{entry.name}” on all {total:,}"),
        ):
            button.setToolTip(text)
            button.setAccessibleName(text)


class CrowdPage(QWidget):
    """Shows `Desk.crowd`."""

    def __init__(
        self, desk: Desk, answers: Answers, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.desk, self.answers, self.theme = desk, answers, theme
        self._heads: list[QLabel] = []
        self._rows: list[CrowdRow] = []
        self._empty = QLabel(wordWrap=True)
        self._empty.setProperty("role", "muted")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(theme.px(1.5), theme.px(1), theme.px(1.5), theme.px(1))
        self._column.setSpacing(theme.px(0.5))
        listen(self, desk.crowd.changed, self.update_crowd)
        listen(self, desk.focused, self.update_crowd)

    def update_crowd(self) -> None:
        """Show the counts as they are now."""
        if not self.desk.many:
            return
        crowd = self.desk.crowd
        self._clear()
        heads, rows = iter(self._heads), iter(self._rows)
        for group in crowd.groups:
            head = next(heads, None) or self._new_head()
            head.setText(f"{group.name}, first {len(group.entries)}" if group.more else group.name)
            self._place(head)
            for entry in group.entries:
                row = next(rows, None) or self._new_row()
                row.show_entry(entry, crowd.total, entry.label == crowd.focus)
                self._place(row)
        if not crowd.groups:
            words = "Counting …" if crowd.counting else "No label in these photos yet. T adds one."
            self._empty.setText(words)
            self._place(self._empty)
        self._column.addStretch(1)

    def _clear(self) -> None:
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()

    def _place(self, widget: QWidget) -> None:
        self._column.addWidget(widget)
        widget.show()

    def _new_head(self) -> QLabel:
        head = QLabel(self)
        head.setProperty("role", "heading")
        self._heads.append(head)
        return head

    def _new_row(self) -> CrowdRow:
        row = CrowdRow(self.answers, self.desk, self.theme)
        row.setParent(self)
        self._rows.append(row)
        return row
