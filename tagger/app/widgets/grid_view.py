"""Selecting photos in the grid, by mouse and keys."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from tagger.app.models.desk import Desk
from tagger.app.theme import Theme
from tagger.app.thumbnails import Thumbnails
from tagger.app.widgets.grid_canvas import GridCanvas

_MOVES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class GridView(GridCanvas):
    """The grid with its selection: click, Ctrl, Shift, rubber band, arrows.

    Attributes:
        opened: a photo was double-clicked.
    """

    opened = Signal()

    def __init__(
        self, desk: Desk, thumbnails: Thumbnails, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(desk, thumbnails, theme, parent)
        self._band_start = QPoint()
        self._band_mask = np.zeros(0, bool)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Select, or begin a rubber band."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        point = event.position().toPoint()
        slot = self.slot_at(point)
        keys = event.modifiers()
        if slot >= 0:
            if keys & Qt.KeyboardModifier.ShiftModifier:
                self.desk.selection.extend(slot)
            elif keys & Qt.KeyboardModifier.ControlModifier:
                self.desk.selection.toggle(slot)
            else:
                self.desk.selection.choose(slot)
        add = bool(keys & Qt.KeyboardModifier.ControlModifier)
        self._band_start = point + QPoint(0, self.verticalScrollBar().value())
        self._band_mask = self.desk.selection.mask.copy() if add else np.zeros(0, bool)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pull the rubber band."""
        if not event.buttons() & Qt.MouseButton.LeftButton:
            return
        point = event.position().toPoint()
        bar = self.verticalScrollBar()
        end = point + QPoint(0, bar.value())
        if self._band is None and (end - self._band_start).manhattanLength() < self.theme.px(2):
            return
        if point.y() < 0 or point.y() > self.viewport().height():
            bar.setValue(bar.value() + (point.y() if point.y() < 0 else bar.singleStep()))
        self._band = QRect(self._band_start, end).normalized()
        places = self.geometry_.inside(self._band)
        chosen = self.desk.photos.order[np.array(places, np.int64)]
        if len(self._band_mask):
            chosen = np.union1d(chosen, np.flatnonzero(self._band_mask))
        self.desk.selection.select(chosen)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the rubber band."""
        self._band = None
        self.viewport().update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the loupe."""
        if self.slot_at(event.position().toPoint()) >= 0:
            self.opened.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; with Ctrl make the pictures larger or smaller."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_side(self.side + (16 if event.angleDelta().y() > 0 else -16))
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move with arrows, Home, End and Page; with Shift the selection grows."""
        target = self._target(Qt.Key(event.key()))
        if target is None:
            super().keyPressEvent(event)
            return
        slot = int(self.desk.photos.order[target])
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.desk.selection.extend(slot)
        else:
            self.desk.selection.choose(slot)

    def _target(self, key: Qt.Key) -> int | None:
        """Return the place a key moves to, None if it is no moving key or there is no photo."""
        count = self.geometry_.count
        if not count:
            return None
        place = max(0, self.desk.photos.place(self.desk.selection.current))
        page = max(1, self.viewport().height() // (self.geometry_.cell_height + self.geometry_.gap))
        columns = self.geometry_.columns
        if key in _MOVES:
            aside, down = _MOVES[key]
            target = place + aside + down * columns
            return target if 0 <= target < count else place
        jumps = {
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: count - 1,
            Qt.Key.Key_PageUp: max(place % columns, place - page * columns),
            Qt.Key.Key_PageDown: min(count - 1, place + page * columns),
        }
        return jumps.get(key)
