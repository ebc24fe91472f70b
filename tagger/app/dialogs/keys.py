"""All keys, and changing them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from tagger.app.action_table import ACTIONS
from tagger.app.actions import Action
from tagger.app.dialogs.frame import Dialog
from tagger.app.dialogs.host import Host, opened
from tagger.app.dialogs.parts import button, line, row, text
from tagger.app.dialogs.table import Column, Table
from tagger.app.dialogs.words import quoted
from tagger.app.keys import keys_of, set_keys
from tagger.app.settings import Settings
from tagger.core.names import fold_name

_ALONE = (
    Qt.Key.Key_Shift,
    Qt.Key.Key_Control,
    Qt.Key.Key_Alt,
    Qt.Key.Key_Meta,
    Qt.Key.Key_AltGr,
    Qt.Key.Key_unknown,
)


@dataclass(frozen=True)
class KeyLine:
    """One action with the keys it has now."""

    action: Action
    keys: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether the user gave it other keys than those of the table."""
        return self.keys != self.action.keys


_COLUMNS: tuple[Column[KeyLine], ...] = (
    Column(
        "What it does",
        lambda k: k.action.text.removesuffix("…"),
        tip=lambda k: k.action.tip,
        grows=True,
    ),
    Column("Menu", lambda k: k.action.menu, optional=True),
    Column(
        "Keys",
        lambda k: ",  ".join(map(shown_key, k.keys)),
        colour=lambda k: "accent" if k.changed else None,
    ),
)


def shown_key(key: str) -> str:
    """Return a key as this system writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def same_key(one: str, other: str) -> bool:
    """Say whether two ways of writing a key mean the same one."""
    return QKeySequence(one) == QKeySequence(other)


def taken_by(key: str, settings: Settings, but: Action) -> Action | None:
    """Return the other action that a key belongs to now, or None."""
    for action in ACTIONS:
        if action is not but and any(same_key(key, each) for each in keys_of(action, settings)):
            return action
    return None


def open_keys(window: QWidget) -> KeysDialog:
    """Open the list of keys."""
    return opened(window, KeysDialog)


class KeysDialog(Dialog):
    """A table of actions; the chosen one's keys can be taken away and others given."""

    def __init__(self, host: Host, parent: QWidget | None = None) -> None:
        super().__init__(host.theme, "Keys", parent, 92, 78)
        self.settings = host.settings
        px = self.theme.px
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find an action or a key")
        self.search.setAccessibleName("Find an action or a key")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _: self.reload())
        self.table: Table[KeyLine] = Table(_COLUMNS, self.theme, "Actions and their keys")
        self.table.setSelectionMode(Table.SelectionMode.SingleSelection)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_chosen())
        self.heading = text(role="heading")
        self.tip = text(role="muted")
        self.keys = QHBoxLayout()
        self.keys.setSpacing(px(1))
        self.catch = KeyCatcher()
        self.catch.caught.connect(self.add_key)
        self.reset_button = button("Reset", self.reset, quiet=True)
        self.body.addWidget(self.search)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(line())
        self.body.addWidget(self.heading)
        self.body.addWidget(self.tip)
        self.body.addLayout(row(self.keys, self.catch, self.reset_button, None, gap=px(1)))
        self.add_buttons(button("Reset all keys", self.reset_all), left=True)
        self.add_buttons(button("Close", self.reject, main=True))
        self.listen(self.settings.changed, self._setting_changed)
        self.reload()
        self.table.selectRow(0)

    def _setting_changed(self, name: str) -> None:
        if name == "keys":
            self.reload()

    def reload(self) -> None:
        """Show all actions, or those that match what is searched for."""
        wanted = fold_name(self.search.text())
        chosen = self.chosen
        lines = [
            KeyLine(action, keys_of(action, self.settings)) for action in ACTIONS if action.offered
        ]
        found = [
            each
            for each in lines
            if wanted in fold_name(each.action.text) or wanted in fold_name(" ".join(each.keys))
        ]
        self.table.show_rows(found)
        if chosen is not None:
            self.table.choose(lambda each: each.action is chosen.action)
        self._show_chosen()

    @property
    def chosen(self) -> KeyLine | None:
        """The chosen action."""
        found = self.table.chosen()
        return found[0] if found else None

    def _show_chosen(self) -> None:
        chosen = self.chosen
        while (item := self.keys.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.heading.setText(chosen.action.text.removesuffix("…") if chosen else "")
        self.tip.setText(chosen.action.tip if chosen else "Choose an action to change its keys.")
        self.catch.setEnabled(chosen is not None)
        self.reset_button.setVisible(chosen is not None and chosen.changed)
        for key in chosen.keys if chosen else ():
            made = button(f"{shown_key(key)}   ×", partial(self.remove_key, key))
            made.setAccessibleName(f"Take the key {shown_key(key)} away")
            made.setToolTip("Take this key away")
            self.keys.addWidget(made)

    # -- changing ------------------------------------------------------------------------------

    def add_key(self, key: str) -> None:
        """Give the chosen action one more key; one that belongs to another is taken from there."""
        chosen = self.chosen
        if chosen is None or any(same_key(key, each) for each in chosen.keys):
            return
        before = taken_by(key, self.settings, chosen.action)
        if before is not None:
            rest = tuple(k for k in keys_of(before, self.settings) if not same_key(k, key))
            set_keys(before, rest, self.settings)
        set_keys(chosen.action, (*chosen.keys, key), self.settings)
        self.show_problem("")
        if before is not None:
            words = quoted(before.text.removesuffix("…"))
            left = " It has no key now." if not keys_of(before, self.settings) else ""
            self.show_problem(f"{shown_key(key)} was taken from {words}.{left}")

    def remove_key(self, key: str) -> None:
        """Take a key from the chosen action."""
        chosen = self.chosen
        if chosen is not None:
            self.show_problem("")
            set_keys(chosen.action, tuple(k for k in chosen.keys if k != key), self.settings)

    def reset(self) -> None:
        """Give the chosen action the keys of the table again, also where others took them."""
        chosen = self.chosen
        if chosen is None:
            return
        for key in chosen.action.keys:
            other = taken_by(key, self.settings, chosen.action)
            if other is not None:
                rest = tuple(k for k in keys_of(other, self.settings) if not same_key(k, key))
                set_keys(other, rest, self.settings)
        set_keys(chosen.action, None, self.settings)

    def reset_all(self) -> None:
        """Give every action the keys of the table again."""
        self.show_problem("")
        self.settings.set("keys", {})


class KeyCatcher(QPushButton):
    """A button that takes the next key press as a key for an action.

    Attributes:
        caught: (key) as Qt writes it.
    """

    caught = Signal(str)

    def __init__(self) -> None:
        super().__init__("Add a key…")
        self.setCheckable(True)
        self.setAutoDefault(False)
        self.toggled.connect(self._armed)

    def _armed(self, armed: bool) -> None:
        self.setText("Press it now (Esc: not)" if armed else "Add a key…")
        if armed:
            self.setFocus()

    def event(self, event: QEvent) -> bool:
        """Take keys before shortcuts and the focus chain do, while armed."""
        if self.isChecked() and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                self._take(event)
                return True
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Give up when something else is clicked."""
        self.setChecked(False)
        super().focusOutEvent(event)

    def _take(self, event: QKeyEvent) -> None:
        if event.key() in _ALONE:
            return
        self.setChecked(False)
        if event.key() != Qt.Key.Key_Escape:
            combination = event.keyCombination()
            keypad = Qt.KeyboardModifier.KeypadModifier
            plain = QKeySequence(combination.toCombined() & ~keypad.value)
            self.caught.emit(plain.toString(QKeySequence.SequenceFormat.PortableText))
