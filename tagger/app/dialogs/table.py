"""A table of plain objects: columns are functions of a row; a click on a head sorts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView, QWidget

from tagger.app.theme import Theme

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column.

    Attributes:
        text: what a cell shows.
        key: what rows are sorted by; None: by the text, ignoring case. Rows whose key is None
            stand at the end, whichever way is sorted.
        right: numbers stand at the right.
        tip: a cell's tool tip, e.g. what is cut off.
        colour: name of a theme's token for a cell's text, or None.
        grows: takes the room that is left.
        help: what the column means, as the tool tip of its title.
        optional: left out where the table is too narrow; the rightmost goes first.
        most_share: it may be so wide at most, as a share of the table.
    """

    title: str
    text: Callable[[Row], str]
    key: Callable[[Row], Any] | None = None
    right: bool = False
    tip: Callable[[Row], str] | None = None
    colour: Callable[[Row], str | None] | None = None
    grows: bool = False
    help: str = ""
    optional: bool = False
    most_share: float = 1.0


class Rows(QAbstractTableModel, Generic[Row]):
    """Rows as Qt wants to see them."""

    def __init__(self, columns: Sequence[Column[Row]], theme: Theme) -> None:
        super().__init__()
        self.columns = list(columns)
        self.rows: list[Row] = []
        self._theme = theme
        self._order: tuple[int, bool] | None = None

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows, in the order chosen before."""
        self.beginResetModel()
        self.rows = list(rows)
        self._arrange()
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of rows (Qt calls this)."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns (Qt calls this)."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows (Qt calls this)."""
        column, row = self.columns[index.column()], self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return column.text(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return (column.tip or column.text)(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and column.colour is not None:
            token = column.colour(row)
            return QColor(self._theme.colour(token)) if token else None
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's title (Qt calls this)."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.columns[section].help or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            right = self.columns[section].right
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column (Qt calls this); rows that are alike keep their order."""
        self._order = (column, order == Qt.SortOrder.DescendingOrder) if column >= 0 else None
        self.layoutAboutToBeChanged.emit()
        self._arrange()
        self.layoutChanged.emit()

    def _arrange(self) -> None:
        if self._order is not None:
            column, backwards = self.columns[self._order[0]], self._order[1]
            key = column.key or (lambda row: column.text(row).casefold())
            known = [row for row in self.rows if key(row) is not None]
            rest = [row for row in self.rows if key(row) is None]
            self.rows = sorted(known, key=key, reverse=backwards) + rest


class Table(QTableView, Generic[Row]):
    """A table to read, choose from and copy."""

    def __init__(
        self, columns: Sequence[Column[Row]], theme: Theme, name: str, parent: QWidget | None = None
    ) -> None:
        """Make an empty table; `name` is what a screen reader calls it."""
        super().__init__(parent)
        self._left_out: set[int] = set()
        self.rows = Rows(columns, theme)
        self.setModel(self.rows)
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + theme.px(1.25))
        self.setMinimumHeight(theme.px(16))
        self.setStyleSheet(f"QTableView::item {{ padding: 0 {theme.px(2)}px 0 {theme.px(1)}px; }}")
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setMinimumSectionSize(theme.px(6))
        for place, column in enumerate(columns):
            grows = column.grows
            mode = QHeaderView.ResizeMode
            head.setSectionResizeMode(place, mode.Stretch if grows else mode.ResizeToContents)
        head.setSortIndicatorShown(False)
        head.setSortIndicatorClearable(False)

    def sortable(self, column: int, backwards: bool = False) -> None:
        """Let the user sort, beginning with a column."""
        way = Qt.SortOrder.DescendingOrder if backwards else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(column, way)
        self.setSortingEnabled(True)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        self.rows.show_rows(rows)
        self._fit_columns()

    def leave_out(self, column: int, out: bool) -> None:
        """Do not show a column, or show it again."""
        (self._left_out.add if out else self._left_out.discard)(column)
        self._fit_columns()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many columns as there is room for (Qt calls this)."""
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        head, columns = self.horizontalHeader(), self.rows.columns
        shown = [place for place in range(len(columns)) if place not in self._left_out]
        widths = {n: max(self.sizeHintForColumn(n), head.sectionSizeHint(n)) for n in shown}
        for place in reversed(shown):
            if sum(widths.values()) <= self.viewport().width():
                break
            if columns[place].optional:
                del widths[place]
        for place in range(len(columns)):
            self.setColumnHidden(place, place not in widths)
            if place in widths and columns[place].most_share < 1:
                most = round(columns[place].most_share * self.viewport().width())
                head.setSectionResizeMode(place, QHeaderView.ResizeMode.Fixed)
                head.resizeSection(place, min(widths[place], most))

    def fit_rows(self, most: int = 10) -> None:
        """Be as high as the rows need, and as `most` rows at most."""
        rows = min(max(1, len(self.rows.rows)), most)
        head = self.horizontalHeader().sizeHint().height()
        height = head + rows * self.verticalHeader().defaultSectionSize() + 2 * self.frameWidth()
        self.setMinimumHeight(min(height, self.minimumHeight()))
        self.setMaximumHeight(height + 2)

    def chosen(self) -> list[Row]:
        """Return the chosen rows, from the top."""
        places = sorted({index.row() for index in self.selectionModel().selectedRows()})
        return [self.rows.rows[place] for place in places]

    def choose(self, matches: Callable[[Row], bool]) -> None:
        """Choose the first row that matches."""
        for place, each in enumerate(self.rows.rows):
            if matches(each):
                self.selectRow(place)
                return

    def as_text(self, rows: Sequence[Row] | None = None) -> str:
        """Return rows (all by default) as text with tabs, as spreadsheets take it."""
        wanted = self.rows.rows if rows is None else rows
        lines = [[column.title for column in self.rows.columns]]
        lines += [[column.text(each) for column in self.rows.columns] for each in wanted]
        return "\n".join("\t".join(cells) for cells in lines)

    def keyPressEvent(self, event: Any) -> None:
        """Copy the chosen rows on the usual keys; Enter is left to the dialog."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QApplication.clipboard().setText(self.as_text(self.chosen() or None))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.ignore()
        else:
            super().keyPressEvent(event)
