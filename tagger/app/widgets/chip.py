"""A label of a multi group as a chip: solid, outlined with a score bar, dotted, or struck out."""

from __future__ import annotations

import math

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPen

from tagger.app.widgets.label_button import LabelButton
from tagger.core.states import State


class Chip(LabelButton):
    """A label of a multi group."""

    def sizeHint(self) -> QSize:
        """Return the size for the whole name, so that nothing moves when the state changes."""
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        metrics = QFontMetrics(font)
        px = self.theme.px
        width = px(1.25) + self.number_width() + metrics.horizontalAdvance(self.entry.name)
        return QSize(width + px(0.75) + metrics.height() + px(0.75), metrics.height() + px(1.5))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the chip in the look of its state."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        inset = 2.5
        body = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        radius = body.height() / 2
        self._body(painter, body, radius)
        left = self.theme.px(1.25)
        self.paint_number(painter, left, self.height() // 2)
        left += self.number_width()
        painter.setFont(self.name_font())
        painter.setPen(self.text_colour())
        cross = self.cross_rect()
        right = cross.left() - 2 if not cross.isEmpty() else self.width() - self.theme.px(1)
        text = QRect(left, 0, right - left, self.height())
        name = painter.fontMetrics().elidedText(
            self.entry.name, Qt.TextElideMode.ElideRight, text.width()
        )
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        colour = QColor(self.text_colour())
        colour.setAlphaF(1.0 if self.underMouse() else 0.45)
        painter.setOpacity(colour.alphaF())
        self.paint_cross(painter, self.text_colour())
        painter.setOpacity(1.0)
        self.paint_focus(painter, QRectF(self.rect()), self.height() / 2)

    def _body(self, painter: QPainter, body: QRectF, radius: float) -> None:
        state, theme = self.entry.state, self.theme
        if state == State.CONFIRMED:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("yes"))
        elif state == State.SUGGESTED:
            painter.setPen(QPen(theme.colour("maybe"), 1.2))
            painter.setBrush(theme.colour("raised"))
        else:
            token = {State.REJECTED: "no", State.UNSURE: "unsure", State.IMPLIED: "yes"}.get(
                state, "line"
            )
            pen = QPen(theme.colour(token), 1.2)
            if state in (State.IMPLIED, State.UNSURE):
                pen.setStyle(Qt.PenStyle.DotLine)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(body, radius, radius)
        if state == State.SUGGESTED and not math.isnan(self.entry.score):
            self._score_bar(painter, body, radius)

    def _score_bar(self, painter: QPainter, body: QRectF, radius: float) -> None:
        """Fill the chip from the left as far as the score goes."""
        shape = QPainterPath()
        shape.addRoundedRect(body.adjusted(0.6, 0.6, -0.6, -0.6), radius, radius)
        filled = QPainterPath()
        width = body.width() * max(0.04, min(1.0, self.entry.score))
        filled.addRect(QRectF(body.left(), body.top(), width, body.height()))
        painter.fillPath(shape.intersected(filled), self.theme.colour("maybe_tint"))
        line = QRectF(body.left(), body.bottom() - self.theme.px(0.375), width, body.height())
        bar = QPainterPath()
        bar.addRect(line)
        painter.fillPath(shape.intersected(bar), self.theme.colour("maybe"))
