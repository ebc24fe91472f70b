"""A difference with its interval as a small picture, alone and in the table of labels."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from tagger.app.dialogs.report_facts import Change, LabelRow
from tagger.app.dialogs.table import Index, Table
from tagger.app.theme import Theme
from tagger.core.verdict import signed


def paint_change(
    painter: QPainter, area: QRectF, change: Change, theme: Theme, span: float, sure: bool = True
) -> None:
    """Paint a difference with its interval on an axis from −span to +span, 0 in the middle.

    It is green or red where the interval leaves no doubt, unless too few photos make it unsure.
    """
    middle, height = area.center(), theme.px(0.75)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("line"), 1))
    painter.drawLine(int(middle.x()), int(area.top()) + 2, int(middle.x()), int(area.bottom()) - 2)
    if change.difference is None or change.low is None or change.high is None:
        return

    def place(value: float) -> float:
        clipped = max(-span, min(span, value))
        return middle.x() + clipped / span * (area.width() / 2 - height)

    token = "yes" if change.low > 0 else "no" if change.high < 0 else "muted"
    token = token if sure else "muted"
    colour = theme.colour(token)
    pen = QPen(colour, max(2, theme.px(0.25)))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.drawLine(
        round(place(change.low)), round(middle.y()), round(place(change.high)), round(middle.y())
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    dot = QRectF(0, 0, height, height)
    dot.moveCenter(middle)
    dot.moveLeft(place(change.difference) - height / 2)
    painter.drawEllipse(dot)


class ChangeBar(QWidget):
    """A difference with its interval, painted."""

    def __init__(self, change: Change, theme: Theme, span: float) -> None:
        super().__init__()
        self._change, self._theme, self._span = change, theme, span
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(interval_words(change))
        self.setToolTip(interval_words(change))

    def sizeHint(self) -> QSize:
        """Return a flat area (Qt calls this)."""
        return QSize(self._theme.px(20), self._theme.px(2.5))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it (Qt calls this)."""
        painter = QPainter(self)
        paint_change(painter, QRectF(self.rect()), self._change, self._theme, self._span)
        painter.end()


class ChangeDelegate(QStyledItemDelegate):
    """Paints the differences in the table of labels."""

    def __init__(self, table: Table[LabelRow], theme: Theme) -> None:
        super().__init__(table)
        self._table, self._theme = table, theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the row's background, then the difference (Qt calls this)."""
        super().paint(painter, option, index)
        found = self._table.rows.rows[index.row()]
        if found.alone is not None:
            return  # the bounds of its own figure stand there in words
        painter.save()
        area, sure = QRectF(option.rect), found.judged_well
        paint_change(painter, area, found.change, self._theme, 0.5, sure)
        painter.restore()


def interval_words(change: Change) -> str:
    """Return a difference and its interval: `+0.047 (+0.013 to +0.075)`."""
    if change.difference is None:
        return "not measured"
    if change.low is None or change.high is None:
        return signed(change.difference)
    return f"{signed(change.difference)} ({signed(change.low)} to {signed(change.high)})"
