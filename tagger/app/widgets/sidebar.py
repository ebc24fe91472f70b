"""The left side: search, filters with counts, and the sliders below."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtWidgets import QCheckBox, QLineEdit, QListView, QVBoxLayout, QWidget

from tagger.app.icons import icon
from tagger.app.models.answers import Answers
from tagger.app.models.desk import Desk
from tagger.app.models.filters import PhotoState
from tagger.app.models.sidebar import Sidebar, SidebarRow
from tagger.app.theme import Theme
from tagger.app.widgets.listening import listen
from tagger.app.widgets.sidebar_list import SidebarDelegate, SidebarModel
from tagger.app.widgets.sliders_box import SlidersBox

_PATIENCE_MS = 80
"""Counts may be so much late, so that answers are painted first."""


class SidebarView(QWidget):
    """Chooses which photos are on show."""

    def __init__(
        self, desk: Desk, answers: Answers, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.desk, self.answers, self.theme = desk, answers, theme
        self.sidebar = Sidebar(desk)
        self.search = QLineEdit(placeholderText="Find a label")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Find a label")
        self.search.setToolTip("Ctrl+F: find a label by name or synonym; Enter shows its photos")
        self.search.addAction(
            icon("search", theme.tokens.muted), QLineEdit.ActionPosition.LeadingPosition
        )
        self.search.textChanged.connect(self._searched)
        self.search.returnPressed.connect(self._choose_first)
        self.model = SidebarModel(self.sidebar, self)
        self.list = QListView()
        self.list.setAccessibleName("Filters")
        self.list.setModel(self.model)
        self.list.setItemDelegate(SidebarDelegate(theme, self.sidebar, self.list))
        self.list.setMouseTracking(True)
        self.list.setUniformItemSizes(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.list.clicked.connect(self._choose)
        self.list.activated.connect(self._choose)
        self.all_labels = QCheckBox("Show all labels")
        self.all_labels.setToolTip("Also list labels that no photo has")
        self.all_labels.toggled.connect(self._show_all)
        self.sliders = SlidersBox(desk, theme, self)  # a parent: else it shows as a window
        self._lay_out()
        self._soon = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._soon.timeout.connect(self._update)
        listen(self, desk.tally.changed, self._update)
        listen(self, desk.photos.changed, self._update)
        listen(self, desk.cells_changed, lambda slots: self._soon.start())
        self._update()

    def _lay_out(self) -> None:
        px = self.theme.px
        top = QVBoxLayout()
        top.setContentsMargins(px(1), px(1), px(1), px(0.5))
        top.addWidget(self.search)
        below = QVBoxLayout()
        below.setContentsMargins(px(1.5), px(0.5), px(1), px(0.5))
        below.addWidget(self.all_labels)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.list, 1)
        column.addLayout(below)
        column.addWidget(self.sliders)

    def least_width(self) -> int:
        """Return the width at which no state of photos is cut off."""
        metrics, px = self.fontMetrics(), self.theme.px
        words = max(metrics.horizontalAdvance(state.value) for state in PhotoState)
        return words + metrics.horizontalAdvance("00,000") + metrics.height() + px(6)

    def focus_search(self) -> None:
        """Let the user type a label's name."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _update(self) -> None:
        self.model.update()
        self.list.viewport().update()

    def _searched(self, typed: str) -> None:
        self.sidebar.search = typed
        self._update()

    def _show_all(self, shown: bool) -> None:
        self.sidebar.show_all = shown
        self._update()

    def _choose_first(self) -> None:
        found = [row for row in self.model.rows if row.label is not None]
        if found:
            self.search.clear()
            self._show(found[0])

    def _choose(self, index: QModelIndex) -> None:
        row: SidebarRow = index.data(Qt.ItemDataRole.UserRole)
        if row.group is not None and self.sidebar.is_chosen(row) | (row.group in self._closed()):
            self._closed().symmetric_difference_update({row.group})
            self._update()
        self._show(row)

    def _closed(self) -> set[int]:
        return self.sidebar.closed

    def _show(self, row: SidebarRow) -> None:
        wanted = self.sidebar.filter_of(row)
        if wanted is not None and wanted != self.desk.photos.filter:
            self.desk.set_filter(wanted)
