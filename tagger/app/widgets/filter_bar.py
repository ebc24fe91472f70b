"""The bar above the photos: what is on show, states of the chosen label, order, size."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tagger.app.icons import icon
from tagger.app.models.answers import Answers
from tagger.app.models.desk import Desk
from tagger.app.models.filters import SHOWN_STATES, folder_name
from tagger.app.models.ordering import Order, SortBy
from tagger.app.models.tally import LabelCount
from tagger.app.models.verdicts import photos
from tagger.app.theme import Theme
from tagger.app.widgets.flow import FlowLayout
from tagger.app.widgets.grid_canvas import LARGEST, SMALLEST
from tagger.app.widgets.listening import listen
from tagger.core.states import State

_CHOICES = (
    ("Suggested or confirmed", SHOWN_STATES),
    ("Suggested", frozenset({State.SUGGESTED})),
    ("Confirmed", frozenset({State.CONFIRMED, State.IMPLIED})),
    ("Rejected", frozenset({State.REJECTED})),
    ("Unsure", frozenset({State.UNSURE})),
    ("Not in the photo", frozenset({State.ABSENT, State.REJECTED})),
    ("Any", frozenset(State)),
)


class FilterBar(QWidget):
    """Says what is on show and in which order, and lets both be changed.

    Attributes:
        side_chosen: (pixels) size of the pictures.
    """

    side_chosen = Signal(int)

    def __init__(
        self, desk: Desk, answers: Answers, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("filterBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.desk, self.answers, self.theme = desk, answers, theme
        self.title = QLabel()
        self.title.setProperty("role", "heading")
        self.count = QLabel()
        self.count.setProperty("role", "muted")
        self.arriving = QPushButton()
        self.arriving.setProperty("quiet", True)
        self.arriving.setToolTip("F5: show exactly what matches now")
        self.arriving.clicked.connect(desk.refresh)
        self.sort = QComboBox()
        self.sort.setAccessibleName("Sort by")
        self.sort.setToolTip("What the photos are sorted by")
        self.sort.activated.connect(self._sort_chosen)
        self.reverse = QToolButton()
        self.reverse.setCheckable(True)
        self.reverse.setAccessibleName("Reverse the order")
        self.reverse.setToolTip("Reverse the order")
        self.reverse.clicked.connect(self._reversed)
        self.side = QSlider(Qt.Orientation.Horizontal)
        self.side.setRange(SMALLEST, LARGEST)
        self.side.setFixedWidth(theme.px(10))
        self.side.setAccessibleName("Size of the pictures")
        self.side.setToolTip("Size of the pictures (Ctrl++, Ctrl+−, Ctrl+wheel)")
        self.side.valueChanged.connect(self.side_chosen)
        self._make_label_row()
        self._lay_out()
        listen(self, desk.photos.changed, self._update)
        listen(self, desk.photos.marks_changed, self._update)
        listen(self, desk.tally.changed, self._update)
        self._soon = QTimer(self, singleShot=True, interval=80)
        self._soon.timeout.connect(self._update)
        listen(self, desk.cells_changed, lambda slots: self._soon.start())
        listen(self, desk.focused, self._fill_sort)
        listen(self, desk.session.schema_changed, self._update)
        self._update()

    def _make_label_row(self) -> None:
        theme = self.theme
        self.label_row = QWidget()
        flow = FlowLayout(self.label_row, theme.px(1))
        self.states = QComboBox()
        self.states.setAccessibleName("State of the label")
        self.states.setToolTip("Which photos of this label are shown")
        for words, chosen in _CHOICES:
            self.states.addItem(words, chosen)
        self.states.activated.connect(self._states_chosen)
        self.confirm_all = QPushButton()
        self.confirm_all.setIcon(icon("confirm", theme.tokens.yes))
        self.confirm_all.clicked.connect(lambda: self.answers.confirm_suggested(self._label()))
        self.reject_all = QPushButton()
        self.reject_all.setIcon(icon("reject", theme.tokens.no))
        self.reject_all.clicked.connect(lambda: self.answers.reject_suggested(self._label()))
        for widget in (self.states, self.confirm_all, self.reject_all):
            flow.addWidget(widget)

    def _lay_out(self) -> None:
        px = self.theme.px
        first = FlowLayout(gap=px(1), spread=True)
        right = self._row(self.sort, self.reverse, self.side)
        left = self._row(self.title, self.count, self.arriving)
        left.setMinimumHeight(right.sizeHint().height())
        first.addWidget(left)
        first.addWidget(right)
        column = QVBoxLayout(self)
        column.setContentsMargins(px(1.5), px(1), px(1), px(1))
        column.setSpacing(px(1))
        column.addLayout(first)
        column.addWidget(self.label_row)

    def _row(self, *widgets: QWidget) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(self.theme.px(1))
        for widget in widgets:
            row.addWidget(widget)
        return holder

    def _label(self) -> int:
        label = self.desk.photos.filter.label
        return -1 if label is None else label

    # -- showing -----------------------------------------------------------------------------

    def _update(self) -> None:
        shown = self.desk.photos
        self.title.setText(self._title())
        self.count.setText(photos(len(shown)))
        gone = int(shown.dimmed.sum())
        said = []
        if shown.arriving:
            said.append(f"{shown.arriving:,} more")
        if gone:
            said.append(f"{gone:,} no longer match" if gone > 1 else "1 no longer matches")
        self.arriving.setText(", ".join(said) + "  ·  F5")
        self.arriving.setVisible(bool(said))
        self._update_label_row()
        self._fill_sort()

    def _title(self) -> str:
        now = self.desk.photos.filter
        schema = self.desk.session.library.facts.schema
        if now.label in schema.labels:
            title = schema.labels[now.label].name
        elif now.group in schema.groups:
            title = schema.groups[now.group].name
        else:
            title = now.state.value
        return f"{folder_name(now.folder)} › {title}" if now.folder else title

    def _update_label_row(self) -> None:
        label = self._label()
        known = label in self.desk.session.library.facts.schema.labels
        self.label_row.setVisible(known)
        if not known:
            return
        now = self.desk.photos.filter
        choice = [chosen for _, chosen in _CHOICES].index(now.label_states)
        self.states.setCurrentIndex(choice)
        count = self._suggested(self.desk.tally.of(label))
        for button, verb in ((self.confirm_all, "Confirm"), (self.reject_all, "Reject")):
            button.setText(f"{verb} all {count:,} suggested" if count else f"{verb} all suggested")
            button.setEnabled(count > 0)

    def _suggested(self, count: LabelCount) -> int:
        """Return in how many photos on show the label is suggested."""
        now = self.desk.photos.filter
        if State.SUGGESTED not in now.label_states:
            return 0
        if len(self.desk.photos) > 20_000:  # the tally has it, at most a moment old
            return count.suggested
        return len(self.answers.suggested_on_show(self._label()))

    def _fill_sort(self) -> None:
        """Offer name, date, and the scores of the chosen and the focused label."""
        now = self.desk.photos.sort
        labels = self.desk.session.library.facts.schema.labels
        wanted = [Order(SortBy.NAME), Order(SortBy.DATE)]
        for label in (self._label(), now.label, self.desk.focused_label()):
            order = Order(SortBy.SCORE, label=label)
            if label in labels and order not in wanted:
                wanted.append(order)
        if wanted != [self.sort.itemData(at) for at in range(self.sort.count())]:
            self.sort.clear()
            for order in wanted:
                self.sort.addItem(self._order_words(order), order)
        present = replace(now, reverse=False)
        self.sort.setCurrentIndex(wanted.index(present) if present in wanted else 0)
        name = "descending" if now.reverse else "ascending"
        self.reverse.setIcon(icon(name, self.theme.tokens.text))
        self.reverse.setChecked(now.reverse)

    def _order_words(self, order: Order) -> str:
        if order.by is not SortBy.SCORE or order.label is None:
            return order.by.value
        name = self.desk.session.library.facts.schema.labels[order.label].name
        return f"Score of “{name}”"

    # -- the user ----------------------------------------------------------------------------

    def _sort_chosen(self, index: int) -> None:
        order: Order = self.sort.itemData(index)
        self.desk.set_sort(replace(order, reverse=self.reverse.isChecked()))

    def _reversed(self, reverse: bool) -> None:
        self.desk.set_sort(replace(self.desk.photos.sort, reverse=reverse))

    def _states_chosen(self, index: int) -> None:
        chosen = self.states.itemData(index)
        self.desk.set_filter(replace(self.desk.photos.filter, label_states=chosen))

    def show_side(self, side: int) -> None:
        """Show the size of the pictures, telling nobody."""
        blocked = self.side.blockSignals(True)
        self.side.setValue(side)
        self.side.blockSignals(blocked)
