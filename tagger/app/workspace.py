"""The three parts of the window for one open library, and moving between them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from tagger.app.models.answers import Answers
from tagger.app.models.desk import Desk
from tagger.app.models.notices import Notice
from tagger.app.theme import Theme
from tagger.app.thumbnails import Thumbnails
from tagger.app.widgets.filter_bar import FilterBar
from tagger.app.widgets.grid_view import GridView
from tagger.app.widgets.loupe import Loupe
from tagger.app.widgets.panel import Panel
from tagger.app.widgets.question_bar import NoticeBar
from tagger.app.widgets.sidebar import SidebarView

_SIZE_STEP = 24


class Workspace(QWidget):
    """Filters on the left, photos in the middle, labels on the right.

    Attributes:
        desk, answers: the view-models it shows.
        sidebar, filter_bar, grid, loupe, panel, notice: its parts.
    """

    def __init__(
        self,
        desk: Desk,
        answers: Answers,
        thumbnails: Thumbnails,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.desk, self.answers, self.theme = desk, answers, theme
        self.sidebar = SidebarView(desk, answers, theme)
        self.filter_bar = FilterBar(desk, answers, theme)
        self.grid = GridView(desk, thumbnails, theme)
        self.loupe = Loupe(desk, thumbnails, theme)
        self.panel = Panel(desk, answers, thumbnails, theme)
        self.notice = NoticeBar(theme, self)
        self._middle = QStackedWidget()
        self._middle.addWidget(self.grid)
        self._middle.addWidget(self.loupe)
        self._middle.installEventFilter(self)
        self._lay_out()
        self.grid.opened.connect(self.toggle_loupe)
        self.loupe.closed.connect(self.show_grid)
        self.panel.add.left.connect(self.focus_photos)
        self.filter_bar.side_chosen.connect(self.grid.set_side)
        self.grid.side_changed.connect(self.filter_bar.show_side)
        self.filter_bar.show_side(self.grid.side)
        self._chores = QTimer(self, interval=0)
        self._chores.timeout.connect(self._work)
        desk.chores.on_work = self._chores.start
        if desk.chores.busy:
            self._chores.start()

    def _lay_out(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.filter_bar)
        column.addWidget(self._middle, 1)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        for part in (self.sidebar, middle, self.panel):
            self.splitter.addWidget(part)
        self.splitter.setStretchFactor(1, 1)
        px = self.theme.px
        self.sidebar.setMinimumWidth(self.sidebar.least_width())
        self.panel.setMinimumWidth(px(36))
        middle.setMinimumWidth(px(32))
        self.splitter.setSizes([px(29), px(88), px(43)])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.splitter)

    def _work(self) -> None:
        if not self.desk.chores.step():
            self._chores.stop()

    def close_parts(self) -> None:
        """End what runs on threads."""
        self._chores.stop()
        self.desk.chores.on_work = lambda: None
        self.loupe.close_pictures()

    # -- moving about ------------------------------------------------------------------------

    @property
    def in_loupe(self) -> bool:
        """Whether the loupe is shown."""
        return self._middle.currentWidget() is self.loupe

    @property
    def _photos(self) -> QWidget:
        """What shows photos just now: grid or loupe."""
        return self.loupe if self.in_loupe else self.grid

    def toggle_loupe(self) -> None:
        """Show the whole photo, or the grid again."""
        if self.in_loupe:
            self.show_grid()
        elif self.desk.selection.current >= 0:
            self._middle.setCurrentWidget(self.loupe)
            self.loupe.setFocus()
            self.loupe.begin()

    def show_grid(self) -> None:
        """Show the grid."""
        self._middle.setCurrentWidget(self.grid)
        self.grid.show_slot(self.desk.selection.current)
        self.grid.setFocus()

    def focus_photos(self) -> None:
        """Give the keyboard to the photos."""
        self._photos.setFocus()

    def back(self) -> None:
        """Leave what the user is in: question, text field, loupe, selection."""
        if self.desk.question is not None:
            self.desk.answer(False)
        elif self.panel.add.isAncestorOf(self.focusWidget() or self):
            self.panel.add.end()
            self.focus_photos()
        elif self.sidebar.search.hasFocus():
            self.sidebar.search.clear()
            self.focus_photos()
        elif not (self.grid.hasFocus() or self.loupe.hasFocus()):
            self.focus_photos()
        elif self.in_loupe:
            self.show_grid()
        elif self.desk.many:
            self.desk.selection.choose(self.desk.selection.current)

    def next_part(self, step: int) -> None:
        """Give the keyboard to the next part: photos, labels, filters."""
        parts: list[tuple[QWidget, QWidget]] = [
            (self._middle, self._photos),
            (self.panel, self.panel.confirm),
            (self.sidebar, self.sidebar.list),
        ]
        parts = [pair for pair in parts if pair[0].isVisible()]
        focus = self.window().focusWidget() or self
        here = [part.isAncestorOf(focus) for part, _ in parts]
        at = here.index(True) if True in here else -1
        parts[(at + step) % len(parts)][1].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def toggle(self, part: QWidget) -> None:
        """Show or hide the left or right side."""
        part.setVisible(part.isHidden())
        if not part.isVisible():
            self.focus_photos()

    def resize_photos(self, steps: int) -> None:
        """Make the photos in the grid larger or smaller."""
        self.grid.set_side(self.grid.side + steps * _SIZE_STEP)

    # -- notices -----------------------------------------------------------------------------

    def show_notice(self, notice: Notice) -> None:
        """Show a notice over the lower edge of the photos."""
        self.notice.show_notice(notice)
        self._place_notice()

    def _place_notice(self) -> None:
        if not self.notice.isVisible():
            return
        room = self._middle.rect()
        margin = self.theme.px(2)
        width = min(room.width() - 2 * margin, self.theme.px(80))
        height = max(self.notice.heightForWidth(width), self.notice.sizeHint().height())
        corner = self._middle.mapTo(self, room.bottomLeft())
        left = corner.x() + (room.width() - width) // 2
        self.notice.setGeometry(left, corner.y() - height - margin, width, height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the notice in its place when the middle changes its size."""
        if event.type() == QEvent.Type.Resize:
            self._place_notice()
        return super().eventFilter(watched, event)
