"""Adding a label by typing its name, with completion over all groups."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from tagger.app.icons import icon
from tagger.app.models.completion import Offer
from tagger.app.models.desk import Desk
from tagger.app.theme import Theme
from tagger.core.states import State
from tagger.library.schema_split import confirmed_photos

_ROWS = 9


class AddLabel(QWidget):
    """A field with the offers below it; the widget stays open so that several can be added.

    Attributes:
        chosen: (Offer) to be confirmed.
        left: the user is done typing.
    """

    chosen = Signal(object)
    left = Signal()

    def __init__(self, desk: Desk, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk, self.theme = desk, theme
        self.field = QLineEdit(placeholderText="Add a label  (T)")
        self.field.setAccessibleName("Add a label")
        self.field.setToolTip(
            "T: type a name or synonym; Enter adds it. “group/name” looks in one group only."
        )
        self.field.addAction(
            icon("add", theme.tokens.muted), QLineEdit.ActionPosition.LeadingPosition
        )
        self.field.textEdited.connect(self._complete)
        self.field.installEventFilter(self)
        self.offers = QListWidget(self)
        self.offers.setObjectName("offers")
        self.offers.setAccessibleName("Labels that fit")
        self.offers.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.offers.setWindowFlags(Qt.WindowType.ToolTip)
        self.offers.itemClicked.connect(self._choose)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.field)

    def begin(self) -> None:
        """Let the user type."""
        self.field.clear()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def end(self) -> None:
        """Forget what was typed."""
        self.field.clear()
        self.offers.hide()

    def _complete(self, typed: str) -> None:
        self.offers.clear()
        for offer in self.desk.completion.offers(typed, self._present_group())[:_ROWS]:
            self.offers.addItem(self._item(offer))
            split = self._split_from_present(offer)
            if split is not None:
                self.offers.addItem(self._item(split))
        if not self.offers.count():
            self.offers.hide()
            return
        self.offers.setCurrentRow(0)
        self._place_offers()

    def _present_group(self) -> int | None:
        """Return the group that a new label goes to first: that of the focus, else the first."""
        schema = self.desk.session.library.facts.schema
        label = schema.labels.get(self.desk.focused_label())
        if label is not None:
            return label.group
        return next((group.num for group in schema.groups.values() if group.kind == "multi"), None)

    def _split_from_present(self, offer: Offer) -> Offer | None:
        """Return the offer to split a new label from the photo's present one of a single group."""
        if offer.label is not None or self.desk.many:
            return None
        board = next((g for g in self.desk.board.groups if g.group == offer.group), None)
        if board is None or board.kind != "single":
            return None
        confirmed = [e.label for e in board.entries if e.state == State.CONFIRMED]
        return replace(offer, split_from=confirmed[0]) if confirmed else None

    def _item(self, offer: Offer) -> QListWidgetItem:
        if offer.split_from is not None:
            library = self.desk.session.library
            old = library.facts.schema.labels[offer.split_from].name
            photos = len(confirmed_photos(library, offer.split_from))
            returning = "its photo is" if photos == 1 else f"its {photos:,} photos are"
            text = f"… split “{offer.name}” from “{old}”: {returning} asked about again"
            item = QListWidgetItem(icon("add", self.theme.tokens.accent), text)
        elif offer.label is None:
            text = f"New label “{offer.name}” in {offer.group_name}"
            item = QListWidgetItem(icon("add", self.theme.tokens.accent), text)
        else:
            via = f"  ({offer.via})" if offer.via else ""
            text = f"{offer.name}{via}  ·  {offer.group_name}"
            item = QListWidgetItem(icon("label", self.theme.tokens.muted), text)
        item.setData(Qt.ItemDataRole.UserRole, offer)
        return item

    def _place_offers(self) -> None:
        rows = self.offers.count()
        height = self.offers.sizeHintForRow(0) * rows + self.theme.px(1) + 4
        width = max(self.field.width(), self.offers.sizeHintForColumn(0) + self.theme.px(3))
        corner = self.field.mapToGlobal(QPoint(0, -height - 4))
        window = self.window().frameGeometry()
        left = min(corner.x(), window.right() - width - 4)
        self.offers.setGeometry(max(window.left(), left), corner.y(), width, height)
        self.offers.show()
        self.offers.raise_()

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        offer = item.data(Qt.ItemDataRole.UserRole)
        self.field.clear()
        self.offers.hide()
        self.chosen.emit(offer)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrow keys walk through the offers, Enter choose, Esc leave."""
        if event.type() == QEvent.Type.FocusOut:
            self.offers.hide()
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        key = event.key()
        if key in (Qt.Key.Key_Down, Qt.Key.Key_Up) and self.offers.count():
            step = 1 if key == Qt.Key.Key_Down else -1
            self.offers.setCurrentRow((self.offers.currentRow() + step) % self.offers.count())
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.field.text().strip():
                self._choose(self.offers.currentItem())
            else:
                self.left.emit()
        elif key == Qt.Key.Key_Escape:
            self.end()
            self.left.emit()
        else:
            return super().eventFilter(watched, event)
        return True
