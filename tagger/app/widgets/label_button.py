"""What chips and ranked choices have in common: one label that can be confirmed or rejected."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFont, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QMenu, QWidget

from tagger.app.icons import pixmap
from tagger.app.models.board import Entry
from tagger.app.theme import Theme
from tagger.core.states import State

STATE_WORDS = {
    State.SUGGESTED: "suggested",
    State.CONFIRMED: "confirmed",
    State.IMPLIED: "implied by another label",
    State.REJECTED: "rejected",
    State.UNSURE: "unsure",
    State.ABSENT: "not in this photo",
    State.UNTOUCHED: "not suggested",
}


class LabelButton(QAbstractButton):
    """A label on the board. A click confirms it or takes that back; the cross rejects it.

    Attributes:
        toggled_label, rejected_label, unsure_label, forgotten_label, find_label: (label num)
            what the user wants done.
    """

    toggled_label = Signal(int)
    rejected_label = Signal(int)
    unsure_label = Signal(int)
    forgotten_label = Signal(int)
    find_label = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.entry = Entry(-1, "", State.UNTOUCHED)
        self.focused = False
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.clicked.connect(lambda: self.toggled_label.emit(self.entry.label))

    def show_entry(self, entry: Entry, focused: bool) -> None:
        """Show a label; nothing happens if it looks the same as before."""
        if same_look(entry, self.entry) and focused == self.focused:
            return
        resized = entry.name != self.entry.name or bool(entry.number) != bool(self.entry.number)
        self.entry, self.focused = entry, focused
        words = STATE_WORDS[entry.state]
        score = "" if math.isnan(entry.score) else f", score {entry.score:.0%}"
        self.setAccessibleName(f"{entry.name}, {words}{score}")
        self.setToolTip(self._tip(words, score))
        if resized:
            self.updateGeometry()
        self.update()

    def _tip(self, words: str, score: str) -> str:
        number = self.entry.number
        key = f"Alt+{number - 9}" if number > 9 else str(number)
        keys = f"\n{key}: confirm, or take back" if number else ""
        return f"{self.entry.name}: {words}{score}{keys}\nX: reject (when it has the focus)"

    # -- painting ----------------------------------------------------------------------------

    def text_colour(self) -> QColor:
        """Return the colour of the label's name."""
        token = {
            State.CONFIRMED: "on_yes",
            State.REJECTED: "no",
            State.UNSURE: "unsure",
            State.IMPLIED: "yes",
            State.SUGGESTED: "text",
        }.get(self.entry.state, "muted")
        return self.theme.colour(token)

    def name_font(self) -> QFont:
        """Return the font of the label's name: struck through when rejected."""
        font = QFont(self.font())
        font.setStrikeOut(self.entry.state == State.REJECTED)
        if self.entry.state == State.CONFIRMED:
            font.setWeight(QFont.Weight.DemiBold)
        return font

    def paint_number(self, painter: QPainter, left: int, middle: int) -> int:
        """Paint the number key; return how wide it is."""
        number = self.entry.number
        if not 0 < number <= 9:
            return 0
        text = str(number)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 0.85)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        width = max(metrics.height(), metrics.horizontalAdvance(text) + self.theme.px(0.5))
        box = QRectF(left, middle - metrics.height() / 2, width, metrics.height())
        fill = self.text_colour()
        fill.setAlphaF(0.14)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(self.text_colour())
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        return round(width)

    def number_width(self) -> int:
        """Return how wide the number key is, with the space after it."""
        if not 0 < self.entry.number <= 9:
            return 0
        return self.fontMetrics().height() + self.theme.px(0.75)

    def paint_focus(self, painter: QPainter, rect: QRectF, radius: float) -> None:
        """Paint the ring around the focused label."""
        if self.focused:
            painter.setPen(QPen(self.theme.colour("accent"), 2.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)

    def cross_rect(self) -> QRect:
        """Return where a click rejects; empty where there is nothing to reject."""
        if self.entry.state in (State.REJECTED, State.IMPLIED):
            return QRect()
        side = self.fontMetrics().height()
        right = self.width() - self.theme.px(0.75)
        return QRect(right - side, (self.height() - side) // 2, side, side)

    def paint_cross(self, painter: QPainter, colour: QColor) -> None:
        """Paint the cross that rejects."""
        rect = self.cross_rect()
        if not rect.isEmpty():
            ratio = self.devicePixelRatioF()
            painter.drawPixmap(rect, pixmap("reject", colour.name(), rect.width(), ratio))

    # -- the user ----------------------------------------------------------------------------

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Confirm, or reject on the cross."""
        self.setDown(False)
        point = event.position().toPoint()
        if event.button() != Qt.MouseButton.LeftButton or not self.rect().contains(point):
            return
        if self.cross_rect().adjusted(-2, -4, 4, 4).contains(point):
            self.rejected_label.emit(self.entry.label)
        else:
            self.click()

    def enterEvent(self, event: QEvent) -> None:
        """Show the cross."""
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Hide the cross."""
        self.update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer everything that can be said of a label."""
        self.open_menu(event.globalPos())

    def open_menu(self, where: QPoint) -> None:
        """Open the menu of this label."""
        menu = QMenu(self)
        label = self.entry.label
        confirmed = self.entry.state == State.CONFIRMED
        for text, signal, enabled in (
            ("Confirm", self.toggled_label, not confirmed),
            ("Reject", self.rejected_label, self.entry.state != State.REJECTED),
            ("Unsure", self.unsure_label, self.entry.state != State.UNSURE),
            ("Forget what was said", self.forgotten_label, self.entry.state in _DECIDED),
        ):
            action = menu.addAction(text)
            action.setEnabled(enabled)
            action.triggered.connect(lambda _=False, s=signal: s.emit(label))
        menu.addSeparator()
        find = menu.addAction(f"Show photos with “{self.entry.name}”")
        find.triggered.connect(lambda: self.find_label.emit(label))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(where)


_DECIDED = (State.CONFIRMED, State.REJECTED, State.UNSURE)


def same_look(one: Entry, other: Entry) -> bool:
    """Say whether two entries look the same (a missing score equals a missing one)."""
    return repr(one) == repr(other)
