"""Painting one cell of the grid: the photo, its name, and the marks of its state."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen, QPixmap

from tagger.app.theme import Theme
from tagger.core.states import State

MISSING = "missing"
"""What stands on a photo whose folder cannot be reached."""


@dataclass(slots=True)
class CellMarks:
    """What a cell shows besides its photo.

    Attributes:
        missing: its folder cannot be reached just now.
        score: of the label that is sorted by; NaN = none to show.
        label_state: state of the label that is filtered by, or None.
    """

    name: str = ""
    selected: bool = False
    current: bool = False
    dimmed: bool = False
    missing: bool = False
    reviewed: bool = False
    unsure: bool = False
    suggestions: int = 0
    score: float = math.nan
    label_state: State | None = None
    problem: str | None = None


class CellPainter:
    """Paints cells in a theme and font."""

    def __init__(self, theme: Theme, font: QFont, ratio: float) -> None:
        self.theme = theme
        self.ratio = ratio
        self.font = font
        self.metrics = QFontMetrics(font)
        self.bold = QFont(font)
        self.bold.setWeight(QFont.Weight.DemiBold)
        self.pad = theme.px(0.75)
        self.caption = self.metrics.height() + self.pad * 2
        self._icons: dict[tuple[str, str], QPixmap] = {}

    def paint(
        self, painter: QPainter, rect: QRect, photo: QRect, picture: QPixmap | None, m: CellMarks
    ) -> None:
        """Paint a cell into `rect`; `photo` is the part the photo may take."""
        self._tile(painter, rect, m)
        if picture is not None:
            painter.setOpacity(0.2 if m.missing else 0.35 if m.dimmed else 1.0)
            self._picture(painter, photo, picture)
            painter.setOpacity(1.0)
        elif m.problem and not m.missing:
            self._centred(painter, photo, "broken", "muted")
        else:
            self._centred(painter, photo, "photo", "line")
        if m.missing:
            self._missing(painter, photo)
        if not math.isnan(m.score):
            self._score(painter, photo, m.score)
        if m.label_state is not None:
            self._verdict(painter, photo, m.label_state)
        self._caption(painter, rect, m)

    def _tile(self, painter: QPainter, rect: QRect, m: CellMarks) -> None:
        theme = self.theme
        radius = theme.px(0.75)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("tint" if m.selected else "raised"))
        painter.drawRoundedRect(rect, radius, radius)
        if m.selected or m.current:
            width = 3.0 if m.current else 2.0
            inset = width / 2
            painter.setPen(QPen(theme.colour("accent"), width))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            outline = QRectF(rect).adjusted(inset, inset, -inset, -inset)
            painter.drawRoundedRect(outline, radius, radius)

    def _picture(self, painter: QPainter, photo: QRect, picture: QPixmap) -> None:
        size = QSizeF(picture.size()) / self.ratio
        scale = min(photo.width() / size.width(), photo.height() / size.height())
        if abs(scale - 1.0) > 0.02:  # made for another size, and soon to be replaced
            size = size * scale
        target = QRectF(QPointF(0, 0), size)
        target.moveCenter(QRectF(photo).center())
        target.moveTopLeft(QPointF(round(target.left()), round(target.top())))
        painter.drawPixmap(target, picture, QRectF(picture.rect()))

    def _centred(self, painter: QPainter, photo: QRect, name: str, token: str) -> None:
        side = self.theme.px(4)
        where = QRect(0, 0, side, side)
        where.moveCenter(photo.center())
        painter.drawPixmap(where, self._icon(name, token, side))

    def _missing(self, painter: QPainter, photo: QRect) -> None:
        painter.setFont(self.font)
        width = self.metrics.horizontalAdvance(MISSING) + self.pad * 2
        badge = QRect(0, 0, min(width, photo.width()), self.metrics.height() + self.pad)
        badge.moveCenter(photo.center())
        self._pill(painter, badge, "raised")
        painter.setPen(self.theme.colour("muted"))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, MISSING)

    def _score(self, painter: QPainter, photo: QRect, score: float) -> None:
        theme = self.theme
        text = f"{score * 100:.0f} %"
        width = QFontMetrics(self.bold).horizontalAdvance(text) + self.pad * 2
        badge = QRect(0, 0, width, self.metrics.height() + theme.px(0.25))
        badge.moveBottomRight(photo.bottomRight() - QPointF(2, 2).toPoint())
        self._pill(painter, badge, "raised")
        painter.setFont(self.bold)
        painter.setPen(theme.colour("maybe"))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)

    def _verdict(self, painter: QPainter, photo: QRect, state: State) -> None:
        looks = {
            State.CONFIRMED: ("confirm", "yes"),
            State.IMPLIED: ("confirm", "yes"),
            State.REJECTED: ("reject", "no"),
            State.ABSENT: ("reject", "muted"),
            State.UNSURE: ("unsure", "unsure"),
        }
        if state not in looks:
            return
        name, token = looks[state]
        side = self.theme.px(2.5)
        where = QRect(photo.left() + 2, photo.top() + 2, side, side)
        self._pill(painter, where, "raised")
        inner = where.adjusted(3, 3, -3, -3)
        painter.drawPixmap(inner, self._icon(name, token, inner.width()))

    def _pill(self, painter: QPainter, rect: QRect, token: str) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.colour(token))
        radius = min(rect.height(), rect.width()) / 2
        painter.drawRoundedRect(rect, radius, radius)

    def _caption(self, painter: QPainter, rect: QRect, m: CellMarks) -> None:
        line = QRect(
            rect.left() + self.pad,
            rect.bottom() - self.caption + 1,
            rect.width() - self.pad * 2,
            self.caption,
        )
        side = self.metrics.ascent() + 2
        if m.reviewed or m.unsure:
            where = QRect(line.left(), 0, side, side)
            where.moveCenter(QPointF(where.center().x(), line.center().y()).toPoint())
            name, token = ("review", "yes") if m.reviewed else ("unsure", "unsure")
            painter.drawPixmap(where, self._icon(name, token, side))
            line.setLeft(where.right() + self.pad // 2)
        if m.suggestions:
            line = self._suggestions(painter, line, m.suggestions)
        painter.setFont(self.font)
        painter.setPen(self.theme.colour("text" if m.selected else "muted"))
        name = self.metrics.elidedText(m.name, Qt.TextElideMode.ElideMiddle, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)

    def _suggestions(self, painter: QPainter, line: QRect, count: int) -> QRect:
        text = str(count)
        painter.setFont(self.bold)
        width = max(self.metrics.horizontalAdvance(text) + self.pad * 2, self.metrics.height())
        badge = QRect(0, 0, width, self.metrics.height() + 2)
        badge.moveRight(line.right())
        badge.moveTop(line.center().y() - badge.height() // 2)
        self._pill(painter, badge, "maybe_tint")
        painter.setPen(self.theme.colour("maybe"))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)
        return line.adjusted(0, 0, -width - self.pad // 2, 0)

    def _icon(self, name: str, token: str, side: int) -> QPixmap:
        key = (f"{name}-{side}", token)
        if key not in self._icons:
            from tagger.app.icons import pixmap

            colour = getattr(self.theme.tokens, token)
            self._icons[key] = pixmap(name, colour, side, self.ratio)
        return self._icons[key]
