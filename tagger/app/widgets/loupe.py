"""The loupe: one whole photo, with the keys of the grid."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QWheelEvent
from PySide6.QtWidgets import QWidget

from tagger.app.loupe_pictures import LoupePictures
from tagger.app.models.desk import Desk
from tagger.app.models.verdicts import photo_name, photos
from tagger.app.theme import Theme
from tagger.app.thumbnails import Thumbnails
from tagger.app.widgets.listening import listen

_STEPS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageUp: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_PageDown: 1,
}
_LARGEST_ZOOM = 8.0


class Loupe(QWidget):
    """Shows the open photo as large as it fits; the wheel enlarges, dragging moves.

    Attributes:
        closed: the user wants the grid back.
    """

    closed = Signal()

    def __init__(
        self, desk: Desk, thumbnails: Thumbnails, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.desk, self.thumbnails, self.theme = desk, thumbnails, theme
        self.pictures = LoupePictures(thumbnails, self)
        self.pictures.ready.connect(self._came)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Photo")
        self._slot = -1
        self._zoom = 1.0
        self._shift = QPointF()
        self._held: QPointF | None = None
        listen(self, desk.selection.changed, self._follow)
        listen(self, desk.photos.changed, self._look_again)
        listen(self, desk.cells_changed, lambda slots: self.update())

    def begin(self) -> None:
        """Show the open photo."""
        self._slot = -1
        self._follow()

    def close_pictures(self) -> None:
        """End decoding."""
        self.pictures.close()

    def _follow(self) -> None:
        slot = self.desk.selection.current
        if self.isHidden() or slot == self._slot:
            return
        self._slot = slot
        self._zoom, self._shift = 1.0, QPointF()
        if slot >= 0:
            self.setAccessibleDescription(photo_name(self.desk.session, slot))
            self._ask()
        self.update()

    def _look_again(self) -> None:
        """Ask anew: the photo may have other bytes now, or other neighbours."""
        if not self.isHidden() and self.desk.photos.shows(self._slot):
            self._ask()
            self.update()

    def _ask(self) -> None:
        near = [self.desk.photos.neighbour(self._slot, step) for step in (0, 1, -1)]
        size = QSizeF(self.size()) * self.devicePixelRatioF() * self._zoom
        wanted = [slot for slot in near if slot is not None] or [self._slot]
        self.pictures.want(wanted, size.toSize().expandedTo(QSize(64, 64)))

    def _came(self, slot: int) -> None:
        if slot == self._slot:
            self.update()

    # -- painting ----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the photo, or its thumbnail until it is there."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.theme.colour("canvas"))
        if self._slot < 0 or self._slot >= self.desk.session.library.facts.slots:
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        picture = self.pictures.get(self._slot) or self.thumbnails.get(self._slot)
        problem = self.pictures.problem(self._slot)
        if picture is not None and not picture.isNull():
            if self.desk.photos.dimmed[self._slot] or self.desk.session.is_away(self._slot):
                painter.setOpacity(0.5)
            painter.drawPixmap(self._target(picture), picture, QRectF(picture.rect()))
            painter.setOpacity(1.0)
        if problem or picture is None:
            painter.setPen(self.theme.colour("muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, problem or "Loading …")
        self._paint_place(painter)

    def _target(self, picture: QPixmap) -> QRectF:
        """Return where the photo goes: all of it in view, small ones enlarged only so far."""
        margin = self.theme.px(1)
        room = QSizeF(self.width() - 2 * margin, self.height() - 2 * margin)
        size = QSizeF(picture.size()).scaled(room, Qt.AspectRatioMode.KeepAspectRatio) * self._zoom
        target = QRectF(QPointF(), size)
        target.moveCenter(QRectF(self.rect()).center() + self._shift)
        return target

    def _paint_place(self, painter: QPainter) -> None:
        place = self.desk.photos.place(self._slot) + 1
        text = f"{place:,} of {photos(len(self.desk.photos))}"
        metrics, px = self.fontMetrics(), self.theme.px
        box = QRectF(0, 0, metrics.horizontalAdvance(text) + px(2), metrics.height() + px(0.75))
        box.moveBottomLeft(QPointF(px(1.5), self.height() - px(1.5)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.colour("raised"))
        painter.setOpacity(0.85)
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        painter.setOpacity(1.0)
        painter.setPen(self.theme.colour("muted"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    # -- the user ----------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go on with the arrows, to the ends with Home and End, back to the grid with Esc."""
        key = Qt.Key(event.key())
        if key in _STEPS:
            self.desk.go(_STEPS[key])
        elif key == Qt.Key.Key_Home and len(self.desk.photos):
            self.desk.selection.choose(int(self.desk.photos.order[0]))
        elif key == Qt.Key.Key_End and len(self.desk.photos):
            self.desk.selection.choose(int(self.desk.photos.order[-1]))
        elif key == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go back to the grid."""
        self.closed.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the photo."""
        self._held = event.position() - self._shift

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move an enlarged photo."""
        if self._held is not None and self._zoom > 1.0:
            self._shift = event.position() - self._held
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of the photo."""
        self._held = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Enlarge around the pointer."""
        before = self._zoom
        factor = 1.25 if event.angleDelta().y() > 0 else 0.8
        self._zoom = min(_LARGEST_ZOOM, max(1.0, before * factor))
        at = event.position() - QRectF(self.rect()).center()
        self._shift = at - (at - self._shift) * (self._zoom / before)
        if self._zoom == 1.0:
            self._shift = QPointF()
        self._ask()
        self.update()

    def resizeEvent(self, event: object) -> None:
        """Ask for the photo in another size."""
        if self._slot >= 0 and not self.isHidden():
            self._ask()
