"""Sliders for how much is suggested: everything, each group, and the chosen label."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tagger.app.icons import icon
from tagger.app.models import sliders
from tagger.app.models.chores import Chore
from tagger.app.models.desk import Desk
from tagger.app.models.sliders import REACH, ChangeCount, Scope
from tagger.app.models.verdicts import photos
from tagger.app.theme import Theme
from tagger.app.widgets.listening import listen
from tagger.core.thresholds import sigmoid

_STEPS = 100


class ThresholdSlider(QSlider):
    """One slider; to the right means more suggestions. A double-click puts it back."""

    def __init__(self, scope: Scope, name: str) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.scope = scope
        self.setRange(-_STEPS, _STEPS)
        self.setPageStep(10)
        self.setAccessibleName(f"How much to suggest: {name}")
        self.setToolTip(
            f"{name}: left suggests fewer, right suggests more. Double-click: as the model came."
        )

    @property
    def shift(self) -> float:
        """Shift of thresholds in logits that the slider stands for."""
        return -self.value() / _STEPS * REACH

    def set_shift(self, shift: float) -> None:
        """Move the slider, telling nobody."""
        blocked = self.blockSignals(True)
        self.setValue(round(-shift / REACH * _STEPS))
        self.blockSignals(blocked)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a mark in the middle, below the slider."""
        painter = QPainter(self)
        middle, height = self.width() // 2, self.fontMetrics().height()
        mark = QRect(middle - 1, (self.height() - height) // 2, 2, height)
        painter.fillRect(mark, self.palette().color(QPalette.ColorRole.Mid))
        painter.end()
        super().paintEvent(event)

    def mouseDoubleClickEvent(self, event: object) -> None:
        """Put the slider back to the middle."""
        self.setValue(0)
        self.sliderReleased.emit()


class SlidersBox(QWidget):
    """All sliders, and how many photos change while one is moved."""

    def __init__(self, desk: Desk, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sliders")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.desk, self.theme = desk, theme
        self.sliders: list[ThresholdSlider] = []
        self._scopes: list[Scope] = []
        self._count = ChangeCount()
        self._start = 0.0
        self._moving: ThresholdSlider | None = None
        self._told: ThresholdSlider | None = None
        self._keeping = QTimer(self, singleShot=True, interval=400)
        self._keeping.timeout.connect(self._keep)
        self._showing = QTimer(self, singleShot=True, interval=30)
        self._showing.timeout.connect(self._show_drag)
        self._make_head()
        self._make_body()
        listen(self, desk.photos.changed, self._update)
        listen(self, desk.session.schema_changed, self._update)
        listen(self, desk.session.thresholds_changed, self._update)
        listen(self, desk.focused, self._update)
        listen(self, desk.board_changed, self._update)
        self._update()

    def _make_head(self) -> None:
        px = self.theme.px
        self._fold = QToolButton()
        self._fold.setIcon(icon("unfolded", self.theme.tokens.muted))
        self._fold.setAccessibleName("Show or hide the sliders of groups")
        self._fold.clicked.connect(self._toggle)
        title = QLabel("Suggest")
        title.setProperty("role", "heading")
        self.changed = QLabel()
        self.changed.setProperty("role", "muted")
        self.changed.setAccessibleName("Photos that change")
        head = QHBoxLayout()
        head.setSpacing(px(0.5))
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self.changed)
        head.addWidget(self._fold)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(px(1.5), px(1), px(1), px(1))
        self._column.setSpacing(px(0.5))
        self._column.addLayout(head)

    def _make_body(self) -> None:
        self._rows = QWidget()
        self._rows.setObjectName("scrolled")
        self._grid = QGridLayout(self._rows)
        self._grid.setContentsMargins(0, 0, self.theme.px(0.5), 0)
        self._grid.setHorizontalSpacing(self.theme.px(1))
        self._grid.setVerticalSpacing(self.theme.px(0.25))
        self._grid.setColumnStretch(1, 1)
        self._area = QScrollArea()
        self._area.setProperty("folded", self.theme.unit > 9)  # large text needs the room
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setWidget(self._rows)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._column.addWidget(self._area)

    def _wanted(self) -> list[tuple[Scope, str]]:
        """Return what there should be sliders for, with names."""
        schema = self.desk.session.library.facts.schema
        bundle = self.desk.session.library.bundle
        if bundle is None:
            return []
        wanted = [(Scope(), "Everything")]
        if not self._area.property("folded"):
            scored = self.desk.session.library.facts.thresholds.base
            groups = {schema.labels[num].group for num in scored if num in schema.labels}
            wanted += [
                (Scope(group=g.num), g.name) for g in schema.groups.values() if g.num in groups
            ]
        label = schema.labels.get(self._chosen_label())
        if label is not None and label.num in self.desk.session.library.facts.thresholds.base:
            wanted.append((Scope(label.group, label.num), f"“{label.name}”"))
        return wanted

    def _chosen_label(self) -> int:
        chosen = self.desk.photos.filter.label
        return self.desk.focused_label() if chosen is None else chosen

    def _update(self) -> None:
        if self._moving is not None:
            return
        wanted = self._wanted()
        self.setVisible(bool(wanted))
        if [scope for scope, _ in wanted] != self._scopes:
            self._rebuild(wanted)
        folded = bool(self._area.property("folded"))
        self._fold.setIcon(icon("folded" if folded else "unfolded", self.theme.tokens.muted))
        for slider in self.sliders:
            slider.set_shift(sliders.value_of(self.desk.session, slider.scope))

    def _rebuild(self, wanted: list[tuple[Scope, str]]) -> None:
        """Make the sliders that are new, drop those that are not wanted, keep the others."""
        kept = {slider.scope: slider for slider in self.sliders}
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None and widget not in [kept.get(scope) for scope, _ in wanted]:
                widget.hide()
                widget.deleteLater()
        self._scopes = [scope for scope, _ in wanted]
        self.sliders = []
        for row, (scope, name) in enumerate(wanted):
            slider = kept.get(scope) or self._new_slider(scope, name)
            title = QLabel(name)
            title.setBuddy(slider)
            self._grid.addWidget(title, row, 0)
            self._grid.addWidget(slider, row, 1)
            self.sliders.append(slider)
        if self._told not in self.sliders:
            self._told = None
            self.changed.setText("fewer ↔ more")
        rows = min(7, len(wanted))
        height = max(self.fontMetrics().height() + self.theme.px(0.5), self.theme.px(3))
        self._area.setFixedHeight(rows * (height + self.theme.px(0.25)))

    def _new_slider(self, scope: Scope, name: str) -> ThresholdSlider:
        slider = ThresholdSlider(scope, name)
        slider.sliderPressed.connect(lambda: self._begin(slider))
        slider.valueChanged.connect(lambda _: self._moved(slider))
        slider.sliderReleased.connect(self._keep)
        return slider

    def _toggle(self) -> None:
        folded = not self._area.property("folded")
        self._area.setProperty("folded", folded)
        self._update()

    # -- dragging ----------------------------------------------------------------------------

    def _begin(self, slider: ThresholdSlider) -> None:
        if self._moving is slider:
            return
        self._moving = self._told = slider
        self._start = sliders.value_of(self.desk.session, slider.scope)
        self._count = ChangeCount()
        self.changed.setText("…")
        chores = self.desk.chores
        chores.ask("slider", self._prepare, restart=True)

    def _prepare(self) -> Chore:
        assert self._told is not None
        yield from self._count.prepare(self.desk.session, self._told.scope)
        self._say_count()

    def _moved(self, slider: ThresholdSlider) -> None:
        self._begin(slider)
        self._showing.start()
        if not slider.isSliderDown():  # moved by keys or wheel: kept when it comes to rest
            self._keeping.start()

    def _say_count(self) -> None:
        slider = self._told
        if slider is None or not self._count.ready:
            return
        count = self._count.at(slider.shift - self._start)
        text = "1 photo changes" if count == 1 else f"{photos(count)} change"
        if slider.scope.label in self.desk.session.library.facts.schema.labels:
            value = float(sigmoid(self.desk.session.threshold(slider.scope.label or 0)))
            text = f"from {value:.0%} · {text}"
        self.changed.setText(text)

    def _show_drag(self) -> None:
        """Show what the slider does so far: marks, counts, the open photo."""
        if self._moving is not None:
            sliders.drag(self.desk.session, self._moving.scope, self._moving.shift)
            self._say_count()
            self.desk.dragged()

    def _keep(self) -> None:
        slider, self._moving = self._moving, None
        self._keeping.stop()
        self._showing.stop()
        if slider is not None:
            sliders.keep(self.desk.session, slider.scope, slider.shift)
            self.desk.dragged(kept=True)
            self._say_count()
