"""A label of a single group as one row of a ranked choice, with its score as a bar."""

from __future__ import annotations

import math

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tagger.app.theme import Theme
from tagger.app.widgets.label_button import LabelButton
from tagger.core.states import State


class Choice(LabelButton):
    """A row of the ranked choice of a single group."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return a row high enough for name and bar."""
        height = self.fontMetrics().height() + self.theme.px(1.75)
        return QSize(self.theme.px(24), height)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint mark, number, name, score and bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        px = self.theme.px
        body = QRectF(self.rect()).adjusted(2, 1.5, -2, -1.5)
        self._body(painter, body)
        middle = self.height() // 2
        left = px(1)
        left = self._mark(painter, left, middle) + px(0.75)
        self.paint_number(painter, left, middle)
        left += self.number_width()
        right = self._score(painter, px(1))
        painter.setFont(self.name_font())
        painter.setPen(self.text_colour())
        text = QRect(left, 0, right - left - px(0.5), self.height())
        name = painter.fontMetrics().elidedText(
            self.entry.name, Qt.TextElideMode.ElideRight, text.width()
        )
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        self.paint_focus(painter, QRectF(self.rect()), px(0.75))

    def _body(self, painter: QPainter, body: QRectF) -> None:
        theme, state = self.theme, self.entry.state
        radius = theme.px(0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        if state == State.CONFIRMED:
            painter.setBrush(theme.colour("yes"))
            painter.drawRoundedRect(body, radius, radius)
            return
        if state == State.SUGGESTED:
            painter.setPen(QPen(theme.colour("maybe"), 1.2))
            painter.setBrush(theme.colour("raised"))
            painter.drawRoundedRect(body, radius, radius)
        elif self.underMouse():
            painter.setBrush(theme.colour("hover"))
            painter.drawRoundedRect(body, radius, radius)
        if not math.isnan(self.entry.score) and state != State.REJECTED:
            self._bar(painter, body)

    def _bar(self, painter: QPainter, body: QRectF) -> None:
        height = self.theme.px(0.375)
        whole = QRectF(body.left() + 6, body.bottom() - height - 1.5, body.width() - 12, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.colour("line"))
        painter.drawRoundedRect(whole, height / 2, height / 2)
        whole.setWidth(max(height, whole.width() * min(1.0, self.entry.score)))
        token = "maybe" if self.entry.state == State.SUGGESTED else "muted"
        painter.setBrush(self.theme.colour(token))
        painter.drawRoundedRect(whole, height / 2, height / 2)

    def _mark(self, painter: QPainter, left: int, middle: int) -> int:
        """Paint the round mark of a choice: filled where it is chosen."""
        side = self.theme.px(1.5)
        ring = QRectF(left, middle - side / 2, side, side)
        chosen = self.entry.state in (State.CONFIRMED, State.IMPLIED)
        colour = self.text_colour()
        painter.setPen(QPen(colour, 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(ring.adjusted(0.7, 0.7, -0.7, -0.7))
        if chosen:
            painter.setBrush(colour)
            painter.drawEllipse(ring.adjusted(4, 4, -4, -4))
        return left + side

    def _score(self, painter: QPainter, margin: int) -> int:
        """Paint the score (or the cross, under the mouse); return where it begins."""
        cross = self.cross_rect()
        if self.underMouse() and not cross.isEmpty():
            self.paint_cross(painter, self.text_colour())
            return cross.left()
        if math.isnan(self.entry.score):
            return self.width() - margin
        painter.setFont(self.font())
        painter.setPen(self.text_colour())
        text = f"{self.entry.score * 100:.0f} %"
        width = painter.fontMetrics().horizontalAdvance(text)
        left = self.width() - margin - width
        painter.drawText(
            QRect(left, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, text
        )
        return left
