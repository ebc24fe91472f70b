"""Groups and labels as a tree with counts; names are changed in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QBrush, QFont, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from tagger.app.dialogs.schema_facts import KIND_TITLES
from tagger.app.icons import pixmap
from tagger.app.theme import Theme
from tagger.core.names import fold_name
from tagger.library.schema_counts import GroupLine, LabelLine

Key = tuple[str, int]
"""`("group", num)` or `("label", num)`."""

Index = QModelIndex | QPersistentModelIndex

_NOTE = Qt.ItemDataRole.UserRole
_HEADS = ("Name", "Confirmed", "Rejected")


class SchemaTree(QTreeWidget):
    """The tree.

    Attributes:
        picked: (key or None) another row was chosen.
        renamed: (key, name) the user typed another name.
    """

    picked = Signal(object)
    renamed = Signal(object, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._items: dict[Key, _Item] = {}
        self.setAccessibleName("Groups and labels")
        self.setItemDelegateForColumn(0, _Names(self))
        self.setColumnCount(len(_HEADS))
        self.setHeaderLabels(_HEADS)
        self.setUniformRowHeights(True)
        self.setIndentation(theme.px(2))
        self.setStyleSheet("QTreeView::item { border-radius: 0; }")
        self.setMinimumHeight(theme.px(24))
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.DoubleClicked
        )
        self.setExpandsOnDoubleClick(False)
        head = self.header()
        head.setStretchLastSection(False)
        head.setMinimumSectionSize(theme.px(5))
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in range(1, len(_HEADS)):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
            self.headerItem().setTextAlignment(column, Qt.AlignmentFlag.AlignRight)
        self.currentItemChanged.connect(lambda item, _: self.picked.emit(_key_of(item)))

    @property
    def key(self) -> Key | None:
        """What is chosen."""
        return _key_of(self.currentItem())

    def show_groups(self, groups: Sequence[GroupLine]) -> None:
        """Show groups; what was chosen and unfolded stays so."""
        chosen, first = self.key, not self._items
        folded = {key for key, item in self._items.items() if not item.isExpanded()}
        place = self.verticalScrollBar().value()
        self.blockSignals(True)
        self.clear()
        self._items = {}
        for line in groups:
            self._add_group(line)
        for key, item in self._items.items():
            item.setExpanded(key not in folded if not first else len(groups) < 3)
        self.blockSignals(False)
        self.choose(chosen if chosen in self._items else None)
        self.verticalScrollBar().setValue(place)

    def choose(self, key: Key | None) -> None:
        """Choose a row, unfolding what it lies in; None: the first group."""
        item = self._items.get(key) if key is not None else None
        if item is None:
            self.setCurrentIndex(self.model().index(0, 0))
            self.picked.emit(self.key)
            return
        above = item.parent()
        while above is not None:
            above.setExpanded(True)
            above = above.parent()
        if item is self.currentItem():
            self.picked.emit(key)
        self.setCurrentItem(item)
        self.scrollToItem(item)

    def drawBranches(self, painter: QPainter, rect: QRect, index: Index) -> None:
        """Paint an arrow before what can be unfolded (Qt calls this)."""
        if self.selectionModel().isSelected(index):
            painter.fillRect(rect, self.theme.colour("tint"))
        if index.model().hasChildren(index):
            name = "unfolded" if self.isExpanded(index) else "folded"
            side = self.theme.px(2)
            sign = pixmap(name, self.theme.tokens.muted, side, self.devicePixelRatioF())
            middle = rect.center().y() - side // 2 + 1
            painter.drawPixmap(rect.right() - side, middle, sign)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many counts as leave the names readable (Qt calls this)."""
        super().resizeEvent(event)
        head = self.header()
        counts = head.sectionSizeHint(1) + head.sectionSizeHint(2)
        self.setColumnHidden(2, self.viewport().width() < counts + self.theme.px(20))

    def edit(self, index: Any, trigger: Any = None, event: Any = None) -> Any:
        """Let names be changed in place, but no counts (Qt calls this)."""
        if trigger is None:
            super().edit(index)
            return None
        return index.column() == 0 and super().edit(index, trigger, event)

    def search_for(self, words: str) -> None:
        """Show only labels whose name or synonyms hold these words."""
        wanted = fold_name(words)
        self._filter(self.invisibleRootItem(), wanted)
        current = self.currentItem()
        if wanted and (current is None or not _matches(current, wanted)):
            for item in self._items.values():
                if _matches(item, wanted):
                    self.setCurrentItem(item)
                    return

    def _filter(self, item: QTreeWidgetItem | None, wanted: str) -> bool:
        if item is None:
            return False
        below = [self._filter(item.child(at), wanted) for at in range(item.childCount())]
        shown = not wanted or any(below) or _matches(item, wanted)
        item.setHidden(not shown)
        if wanted and any(below):
            item.setExpanded(True)
        return shown

    def _add_group(self, line: GroupLine) -> None:
        top = _Item(("group", line.group.num), line.group.name)
        top.setData(0, _NOTE, KIND_TITLES[line.group.kind].lower())
        top.found_by = fold_name(line.group.name)
        strong = QFont(self.font())
        strong.setWeight(QFont.Weight.DemiBold)
        top.setFont(0, strong)
        self.addTopLevelItem(top)
        self._items["group", line.group.num] = top
        mine = {each.label.num for each in line.labels}
        for each in line.labels:
            self._items["label", each.label.num] = self._label_item(each)
        for each in line.labels:
            parent = each.label.parent
            inside = parent in mine and parent is not None
            above = self._items["label", parent] if inside and parent is not None else top
            above.addChild(self._items["label", each.label.num])
        for verdict, total in enumerate(
            (
                sum(each.confirmed for each in line.labels),
                sum(each.rejected for each in line.labels),
            ),
            1,
        ):
            top.show_count(verdict, total)
        self._dress(top, line.group.adopted)

    def _label_item(self, line: LabelLine) -> _Item:
        item = _Item(("label", line.label.num), line.label.name)
        item.found_by = "\0".join(map(fold_name, (line.label.name, *line.label.synonyms)))
        item.setToolTip(0, ", ".join((line.label.name, *line.label.synonyms)))
        for column, number in enumerate((line.confirmed, line.rejected), 1):
            item.show_count(column, number)
        self._dress(item, line.label.adopted)
        return item

    def _dress(self, item: _Item, adopted: bool) -> None:
        if not adopted:
            item.setForeground(0, QBrush(self.theme.colour("muted")))
            item.setToolTip(0, f"{item.name}: offered by the model, not used yet")


class _Item(QTreeWidgetItem):
    """A row of the tree."""

    def __init__(self, key: Key, name: str) -> None:
        super().__init__()
        self.key, self.name = key, name
        self.setText(0, name)
        self.found_by = ""
        self.setFlags(self.flags() | Qt.ItemFlag.ItemIsEditable)

    def show_count(self, column: int, number: int) -> None:
        self.setText(column, f"{number:,}" if number else "")
        self.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class _Names(QStyledItemDelegate):
    """Shows a group's kind after its name; hands a changed name on instead of writing it."""

    def __init__(self, tree: SchemaTree) -> None:
        super().__init__(tree)
        self._tree = tree

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Add the kind (Qt calls this)."""
        super().initStyleOption(option, index)
        note = index.data(_NOTE)
        if note:
            option.text = f"{option.text}  ·  {note}"

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return a row high enough to hit (Qt calls this)."""
        size = super().sizeHint(option, index)
        return size.expandedTo(QSize(0, option.fontMetrics.height() + self._tree.theme.px(1)))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """Hand the name on (Qt calls this)."""
        item = self._tree.itemFromIndex(index)
        if isinstance(editor, QLineEdit) and isinstance(item, _Item) and editor.text() != item.name:
            self._tree.renamed.emit(item.key, editor.text())


def _key_of(item: QTreeWidgetItem | None) -> Key | None:
    return item.key if isinstance(item, _Item) else None


def _matches(item: QTreeWidgetItem, wanted: str) -> bool:
    return isinstance(item, _Item) and wanted in item.found_by
