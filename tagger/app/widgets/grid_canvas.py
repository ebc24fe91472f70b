"""The grid of photos: paints only what is on screen, straight from the arrays of the desk."""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from tagger.app.models.desk import Desk
from tagger.app.models.ordering import Slots, SortBy
from tagger.app.models.verdicts import photo_name, photos
from tagger.app.theme import Theme
from tagger.app.thumbnails import Thumbnails
from tagger.app.widgets.grid_cell import CellMarks, CellPainter
from tagger.app.widgets.grid_geometry import GridGeometry
from tagger.app.widgets.listening import listen
from tagger.core.states import State
from tagger.core.thresholds import sigmoid

SMALLEST, LARGEST = 96, 384


class GridCanvas(QAbstractScrollArea):
    """Shows `Desk.photos`.

    Attributes:
        side_changed: (pixels) the user made the pictures larger or smaller.
        looked_at: the photos on screen are others; see `visible_slots`.
    """

    side_changed = Signal(int)
    looked_at = Signal()

    def __init__(
        self, desk: Desk, thumbnails: Thumbnails, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Photos")
        self.desk, self.thumbnails = desk, thumbnails
        self.side = 160
        self._band: QRect | None = None
        self._shown_current = -1
        self.theme = theme
        self._use_font()
        thumbnails.ready.connect(self._repaint_slot)
        self._asking = QTimer(self, singleShot=True, interval=15)
        self._asking.timeout.connect(self._ask_for_pictures)
        self.verticalScrollBar().valueChanged.connect(self._look)
        listen(self, desk.photos.changed, self._list_changed)
        listen(self, desk.photos.marks_changed, self.viewport().update)
        listen(self, desk.selection.changed, self._selection_changed)
        listen(self, desk.cells_changed, self._cells_changed)

    def _use_font(self) -> None:
        self.cells = CellPainter(self.theme, self.font(), self.devicePixelRatioF())
        self._lay_out()

    def set_side(self, side: int) -> None:
        """Make the pictures larger or smaller, keeping the open photo on screen."""
        side = min(LARGEST, max(SMALLEST, side))
        if side != self.side:
            self.side = side
            self._lay_out(keep=True)
            self.side_changed.emit(side)

    # -- geometry ----------------------------------------------------------------------------

    def _lay_out(self, keep: bool = False) -> None:
        count = len(self.desk.photos)
        anchor = self._anchor() if keep else None
        self.geometry_ = GridGeometry.fit(
            count,
            self.viewport().width(),
            round(self.side * self.theme.unit / 8),
            self.cells.caption,
            self.theme.px(1),
        )
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self.geometry_.height - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(max(1, (self.geometry_.cell_height + self.geometry_.gap) // 2))
        if anchor is not None:
            place, offset = anchor
            bar.setValue(self.geometry_.rect(place).top() - offset)
        self._look()
        self.viewport().update()

    def _anchor(self) -> tuple[int, int] | None:
        """Return a cell on screen, the open one if possible, and its distance from the top."""
        if not self.geometry_.count:
            return None
        top = self.verticalScrollBar().value()
        visible = self.geometry_.between(top, top + self.viewport().height())
        place = self.desk.photos.place(self.desk.selection.current)
        if place not in visible:
            place = visible.start
        return place, self.geometry_.rect(place).top() - top

    def visible_slots(self) -> Slots:
        """Return the photos on screen, in order: int64 [photos]."""
        top = self.verticalScrollBar().value()
        places = self.geometry_.between(top, top + self.viewport().height())
        return self.desk.photos.order[places.start : places.stop]

    def cell_rect(self, slot: int) -> QRect:
        """Return where a photo's cell lies in the viewport (empty if it is not on show)."""
        place = self.desk.photos.place(slot)
        if place < 0 or place >= self.geometry_.count:
            return QRect()
        return self.geometry_.rect(place).translated(0, -self.verticalScrollBar().value())

    def slot_at(self, point: QPoint) -> int:
        """Return the photo at a point of the viewport, −1 between photos."""
        place = self.geometry_.place_at(point.x(), point.y() + self.verticalScrollBar().value())
        return int(self.desk.photos.order[place]) if place >= 0 else -1

    def show_slot(self, slot: int) -> None:
        """Scroll as little as needed to bring a photo on screen."""
        rect = self.cell_rect(slot)
        if rect.isEmpty():
            return
        bar, gap = self.verticalScrollBar(), self.geometry_.gap
        if rect.top() < gap:
            bar.setValue(bar.value() + rect.top() - gap)
        elif rect.bottom() > self.viewport().height() - gap:
            bar.setValue(bar.value() + rect.bottom() - self.viewport().height() + gap)

    # -- following the desk ------------------------------------------------------------------

    def _list_changed(self) -> None:
        if self.desk.photos.standing:
            self._stand_still()
        else:
            self._lay_out()
            self.show_slot(self.desk.selection.current)

    def _stand_still(self) -> None:
        """Lay out anew with a photo that was on screen, the open one if possible, in its place."""
        bar, before = self.verticalScrollBar(), self.geometry_
        top = bar.value()
        places = before.between(top, top + self.viewport().height())
        shown = self.desk.photos.before[places.start : places.stop].tolist()
        offsets = {
            slot: before.rect(place).top() - top
            for slot, place in zip(shown, places, strict=False)
            if self.desk.photos.shows(slot)
        }
        self._lay_out()
        current = self.desk.selection.current
        anchor = current if current in offsets else next(iter(offsets), None)
        if anchor is not None and top > 0:
            rect = self.geometry_.rect(self.desk.photos.place(anchor))
            bar.setValue(rect.top() - offsets[anchor])

    def _selection_changed(self) -> None:
        current = self.desk.selection.current
        if current != self._shown_current:
            self._shown_current = current
            self.show_slot(current)
            if current >= 0:
                self.setAccessibleDescription(self._described(current))
        self.viewport().update()

    def _described(self, slot: int) -> str:
        place = self.desk.photos.place(slot) + 1
        name = photo_name(self.desk.session, slot)
        return f"{name}, {place:,} of {photos(len(self.desk.photos))}"

    def _cells_changed(self, slots: Slots | None) -> None:
        if slots is None or len(slots) > 50:
            self.viewport().update()
            return
        for slot in slots.tolist():
            self._repaint_slot(slot)

    def _repaint_slot(self, slot: int) -> None:
        rect = self.cell_rect(slot)
        if not rect.isEmpty() and rect.intersects(self.viewport().rect()):
            self.viewport().update(rect)

    def _look(self) -> None:
        self.viewport().update()
        if hasattr(self, "_asking"):  # the first layout comes before the timer
            self._asking.start()

    def _ask_for_pictures(self) -> None:
        """Ask for the pictures on screen, then for those a screen below and above."""
        top, height = self.verticalScrollBar().value(), self.viewport().height()
        wanted: list[int] = []
        for start in (top, top + height, top - height):
            places = self.geometry_.between(start, start + height)
            wanted += self.desk.photos.order[places.start : places.stop].tolist()
        box = self._photo_box(QRect(0, 0, self.geometry_.cell_width, self.geometry_.cell_height))
        ratio = self.devicePixelRatioF()
        self.thumbnails.want(
            list(dict.fromkeys(wanted)), round(box.width() * ratio), round(box.height() * ratio)
        )
        self.desk.on_screen = self.visible_slots()
        self.looked_at.emit()

    def _photo_box(self, rect: QRect) -> QRect:
        pad = self.cells.pad
        return QRect(
            rect.left() + pad,
            rect.top() + pad,
            rect.width() - pad * 2,
            self.geometry_.photo_height - pad,
        )

    # -- painting ----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cells that the event touches."""
        if self.devicePixelRatioF() != self.cells.ratio:  # it was moved to another screen
            self._use_font()
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self.theme.colour("canvas"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        top = self.verticalScrollBar().value()
        places = self.geometry_.between(top + event.rect().top(), top + event.rect().bottom())
        slots = self.desk.photos.order[places.start : places.stop]
        if not len(slots):
            self._paint_nothing(painter)
            return
        scores, states = self._label_marks(slots)
        for index, (place, slot) in enumerate(zip(places, slots.tolist(), strict=False)):
            rect = self.geometry_.rect(place).translated(0, -top)
            marks = self._marks(slot)
            marks.score = scores[index]
            marks.label_state = states[index]
            picture = self.thumbnails.get(slot)
            if picture is None:
                marks.problem = self.thumbnails.problem(slot)
            self.cells.paint(painter, rect, self._photo_box(rect), picture, marks)
        if self._band is not None:
            self._paint_band(painter, top)

    def _marks(self, slot: int) -> CellMarks:
        desk = self.desk
        return CellMarks(
            name=photo_name(desk.session, slot),
            selected=bool(desk.selection.mask[slot]) and desk.many,
            current=slot == desk.selection.current,
            dimmed=bool(desk.photos.dimmed[slot]),
            missing=desk.session.is_away(slot),
            reviewed=bool(desk.flags.reviewed[slot]),
            unsure=bool(desk.flags.unsure[slot]),
            suggestions=int(desk.tally.suggestions[slot]),
        )

    def _label_marks(self, slots: Slots) -> tuple[list[float], list[State | None]]:
        """Return the scores to show (if sorted by one) and the states of the filter's label."""
        desk = self.desk
        facts = desk.session.library.facts
        scores: list[float] = [math.nan] * len(slots)
        states: list[State | None] = [None] * len(slots)
        order, label = desk.photos.sort, desk.photos.filter.label
        if order.by is SortBy.SCORE and order.label is not None:
            logits = facts.scores.logits(order.label, slots)
            if logits is not None:
                scores = sigmoid(logits).tolist()
        if label is not None and label in facts.schema.labels:
            states = [State(int(state)) for state in desk.session.states([label], slots)[0]]
        return scores, states

    def _paint_nothing(self, painter: QPainter) -> None:
        empty = not self.desk.session.library.photos.count
        text = (
            "No photos yet.\nThey appear here as soon as they are found."
            if empty
            else "No photo matches.\nChoose another filter on the left, or press F5."
        )
        painter.setPen(self.theme.colour("muted"))
        painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, text)

    def _paint_band(self, painter: QPainter, top: int) -> None:
        assert self._band is not None
        fill = self.theme.colour("accent")
        fill.setAlpha(40)
        painter.setPen(QPen(self.theme.colour("accent"), 1))
        painter.setBrush(fill)
        painter.drawRect(self._band.translated(0, -top))

    # -- Qt ----------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the cells out anew."""
        self._lay_out(keep=True)

    def sizeHint(self) -> QSize:
        """Return a size in which a few photos are seen."""
        return QSize(720, 560)

    def changeEvent(self, event: object) -> None:
        """Follow the system's font."""
        super().changeEvent(event)  # type: ignore[arg-type]
        if hasattr(self, "cells") and QFontMetrics(self.font()) != self.cells.metrics:
            self._use_font()
