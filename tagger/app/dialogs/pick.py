"""Fields to choose one of several things, or one of many by typing part of its name."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QSizePolicy, QWidget

from tagger.core.schema import Label, Schema


class Combo(QComboBox):
    """A choice that scrolling the page does not change."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        """Make an empty one; `name` is what a screen reader calls it."""
        super().__init__(parent)
        self.setAccessibleName(name)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()


class Picker(Combo):
    """A field that completes what is typed to one of its choices.

    Attributes:
        picked: (value) the user chose another one.
    """

    picked = Signal(object)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        """Make an empty field; `name` is what a screen reader calls it."""
        super().__init__(name, parent)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(12)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMaxVisibleItems(14)
        completer = QCompleter(self.model(), self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.setCompleter(completer)
        self._value: object = None
        self.activated.connect(self._take)
        field = self.lineEdit()
        assert field is not None
        field.editingFinished.connect(self._finish)

    def offer(self, choices: Iterable[tuple[str, object]], value: object) -> None:
        """Offer (words, value) pairs, with one of the values chosen."""
        self.blockSignals(True)
        self.clear()
        for words, each in choices:
            self.addItem(words, each)
        self._value = value
        self._show_value()
        self.blockSignals(False)

    @property
    def value(self) -> object:
        """The chosen value."""
        return self._value

    def _show_value(self) -> None:
        at = next((n for n in range(self.count()) if self.itemData(n) == self._value), -1)
        self.setCurrentIndex(at)
        if at < 0:
            self.setEditText("")

    def _take(self, at: int) -> None:
        value = self.itemData(at)
        if value != self._value:
            self._value = value
            self.picked.emit(value)

    def _finish(self) -> None:
        """Take what was typed if it is a choice, else show the chosen one again."""
        at = self.findText(self.currentText(), Qt.MatchFlag.MatchFixedString)
        if at >= 0:
            self.setCurrentIndex(at)
            self._take(at)
        else:
            self._show_value()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show the chosen value again when the field is left."""
        super().focusOutEvent(event)
        self._finish()


def label_choices(
    schema: Schema, labels: Iterable[Label], nothing: str
) -> list[tuple[str, object]]:
    """Return labels as choices, `group/name`, with `nothing` as the words for None before them."""
    choices: list[tuple[str, object]] = [(nothing, None)]
    return choices + [(schema.title(label.num), label.num) for label in labels]


def gate_choices(schema: Schema, labels: Iterable[Label]) -> list[tuple[str, object]]:
    """Return labels as choices of which photos a group is asked."""
    choices: list[tuple[str, object]] = [("every photo", None)]
    return choices + [(f"photos with {schema.title(label.num)}", label.num) for label in labels]
