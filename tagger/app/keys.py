"""Keys: which ones an action has, and who gets a key press when several want it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from tagger.app.actions import Action
from tagger.app.settings import Settings

_TEXT_FIELDS = (QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox)
_CONTROLS = (QAbstractButton, QAbstractSlider, QComboBox, QAbstractItemView)
_CONTROL_KEYS = {
    Qt.Key.Key_Space,
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
}
_TAB_KEYS = {Qt.Key.Key_Tab, Qt.Key.Key_Backtab}
_PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


def keys_of(action: Action, settings: Settings) -> tuple[str, ...]:
    """Return the keys of an action: those the user set, else those of the table."""
    changed = settings.get("keys").get(action.name)
    if isinstance(changed, list) and all(isinstance(key, str) for key in changed):
        return tuple(changed)
    return action.keys


def set_keys(action: Action, keys: tuple[str, ...] | None, settings: Settings) -> None:
    """Give an action other keys, or with None those of the table again."""
    changed = {name: keys for name, keys in settings.get("keys").items() if name != action.name}
    if keys is not None and keys != action.keys:
        changed[action.name] = list(keys)
    settings.set("keys", changed)


class KeyGuard(QObject):
    """Keeps letters in text fields, and Space, Enter and arrows in the control they operate.

    Installed on the application; without it the window's keys would win everywhere.
    """

    def __init__(self, moves_labels: tuple[type[QWidget], ...], parent: QObject) -> None:
        """Prepare; on widgets of the types `moves_labels`, Tab moves between labels."""
        super().__init__(parent)
        self._moves_labels = moves_labels

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim a key press for the widget that has the keyboard."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            focus = QApplication.focusWidget()
            if focus is not None and watched is focus and self._keeps(focus, event):
                event.accept()
                return True
        return super().eventFilter(watched, event)

    def _keeps(self, focus: QWidget, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        if event.modifiers() & ~_PLAIN:
            return False
        if key in _TAB_KEYS:
            return not isinstance(focus, self._moves_labels)
        if isinstance(focus, _TEXT_FIELDS):
            return key != Qt.Key.Key_Escape and not Qt.Key.Key_F1 <= key <= Qt.Key.Key_F35
        return isinstance(focus, _CONTROLS) and key in _CONTROL_KEYS
