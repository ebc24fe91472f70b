"""The list in the side bar: a Qt model over `models.sidebar` and how its rows are painted."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from tagger.app.icons import pixmap
from tagger.app.models.filters import PhotoState
from tagger.app.models.sidebar import Sidebar, SidebarRow
from tagger.app.theme import Theme

Index = QModelIndex | QPersistentModelIndex

_STATE_ICONS = {
    PhotoState.ALL: "all",
    PhotoState.UNSEEN: "unseen",
    PhotoState.SUGGESTED: "suggested",
    PhotoState.UNREVIEWED: "unreviewed",
    PhotoState.REVIEWED: "reviewed",
    PhotoState.UNSURE: "unsure",
    PhotoState.AUDIT: "audit",
}


class SidebarModel(QAbstractListModel):
    """The rows for Qt; rows that only changed their counts stay where they are."""

    def __init__(self, sidebar: Sidebar, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.sidebar = sidebar
        self.rows: list[SidebarRow] = []

    def update(self) -> bool:
        """Compute the rows anew; return whether others are there now."""
        rows = self.sidebar.rows()
        if [row.key for row in rows] == [row.key for row in self.rows]:
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return False
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()
        return True

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a row's text, for assistive technology with its counts."""
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.text
        if role == Qt.ItemDataRole.UserRole:
            return row
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return described(row)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return that a row can be chosen, unless it is a note."""
        row = self.rows[index.row()]
        note = row.key == (None, None, None)
        return Qt.ItemFlag.NoItemFlags if note else super().flags(index)


def described(row: SidebarRow) -> str:
    """Return a row in words."""
    if row.state is not None:
        return f"{row.text}: {row.confirmed:,}"
    if row.label is not None:
        return f"{row.text}: suggested in {row.suggested:,} photos, confirmed in {row.confirmed:,}"
    return f"Group {row.text}" if row.group is not None else row.text


class SidebarDelegate(QStyledItemDelegate):
    """Paints a row: icon or arrow, name, then suggested and confirmed counts."""

    def __init__(self, theme: Theme, sidebar: Sidebar, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.theme, self.sidebar = theme, sidebar

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the height of a row."""
        return QSize(self.theme.px(16), option.fontMetrics.height() + self.theme.px(1))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint a row."""
        row: SidebarRow = index.data(Qt.ItemDataRole.UserRole)
        rect: QRect = option.rect
        state = option.state
        font: QFont = QFont(option.font)
        theme, px = self.theme, self.theme.px
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if row.group is not None:
            painter.setPen(theme.colour("line"))
            painter.drawLine(rect.left() + px(1), rect.top(), rect.right() - px(1), rect.top())
        body = rect.adjusted(px(0.5), 0, -px(0.5), 0)
        chosen = self.sidebar.is_chosen(row)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("tint" if chosen else "hover"))
            painter.drawRoundedRect(body, px(0.5), px(0.5))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(theme.colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(body.adjusted(0, 0, -1, -1), px(0.5), px(0.5))
        inner = body.adjusted(px(1), 0, -px(1), 0)
        inner = self._icon(painter, inner, row, QFontMetrics(font).height())
        inner = self._counts(painter, inner, row, font)
        if chosen or row.group is not None:
            font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        muted = row.key == (None, None, None)
        painter.setPen(theme.colour("muted" if muted else "text"))
        text = QFontMetrics(font).elidedText(row.text, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.restore()

    def _icon(self, painter: QPainter, inner: QRect, row: SidebarRow, side: int) -> QRect:
        if row.state is not None:
            name = _STATE_ICONS[row.state]
        elif row.group is not None:
            name = "unfolded" if row.open else "folded"
        else:
            return inner.adjusted(
                side + self.theme.px(0.5) if row.label is not None else 0, 0, 0, 0
            )
        ratio = painter.device().devicePixelRatio()
        picture = pixmap(name, self.theme.tokens.muted, side, ratio)
        painter.drawPixmap(inner.left(), inner.center().y() - side // 2, picture)
        return inner.adjusted(side + self.theme.px(0.75), 0, 0, 0)

    def _counts(self, painter: QPainter, inner: QRect, row: SidebarRow, font: QFont) -> QRect:
        painter.setFont(font)
        metrics = QFontMetrics(font)
        where = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        counts = [("yes" if row.label is not None else "muted", row.confirmed)]
        if row.label is not None:
            counts.append(("maybe", row.suggested))
        for token, count in counts:
            if not count and row.state is None:
                continue
            text = f"{count:,}"
            width = metrics.horizontalAdvance(text)
            painter.setPen(self.theme.colour(token))
            painter.drawText(inner, where, text)
            inner = inner.adjusted(0, 0, -width - self.theme.px(1), 0)
        return inner
