"""The window's menus and keys, made from the table of actions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from tagger.app.action_table import ACTIONS, MENUS
from tagger.app.actions import Action
from tagger.app.icons import icon
from tagger.app.keys import keys_of
from tagger.app.models.session import SAVE_PATIENCE

if TYPE_CHECKING:
    from tagger.app.window import Window


class Menus(QObject):
    """Builds the menu bar, and performs actions.

    Attributes:
        actions: name → the Qt action made of it.
    """

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self.actions: dict[str, QAction] = {}
        self._recent = QMenu("Open recent")
        self._recent.aboutToShow.connect(self._fill_recent)

    def build(self) -> None:
        """Make all menus and keys anew, in the present theme and with the present keys."""
        for made in self.actions.values():
            self._window.removeAction(made)
            made.deleteLater()
        self.actions = {}
        bar = self._window.menuBar()
        bar.clear()
        menus = {name: bar.addMenu(name) for name in MENUS}
        for action in ACTIONS:
            if action.offered:
                self._add(action, menus.get(action.menu))
        for menu in menus.values():
            menu.setToolTipsVisible(True)
            menu.aboutToShow.connect(self.update)
            menu.menuAction().setVisible(bool(menu.actions()))
        self.update()

    def _add(self, action: Action, menu: QMenu | None) -> None:
        made = QAction(action.text, self._window)
        made.setObjectName(action.name)
        keys = keys_of(action, self._window.settings)
        made.setShortcuts([QKeySequence(key) for key in keys])
        made.setToolTip(action.tip)
        made.setCheckable(action.checked is not None)
        made.triggered.connect(lambda: self._perform(action))
        self.actions[action.name] = made
        if menu is None:
            self._window.addAction(made)
            return
        if action.icon:
            made.setIcon(icon(action.icon, self._window.theme.tokens.muted))
        if action.break_before:
            menu.addSeparator()
        menu.addAction(made)
        if action.name == "file.open":
            menu.addMenu(self._recent)

    def _fill_recent(self) -> None:
        self._recent.clear()
        for folder in self._window.settings.get("recent"):
            entry = self._recent.addAction(folder)
            entry.triggered.connect(lambda _=False, f=folder: self._window.open_folder(Path(f)))

    def update(self) -> None:
        """Say which actions can be done now, and which switches are on."""
        for action in ACTIONS:
            made = self.actions.get(action.name)
            if made is None:
                continue
            made.setEnabled(self._window.is_open or action.anywhere)
            if action.checked is not None and self._window.is_open:
                made.setChecked(action.checked(self._window))

    def perform(self, name: str) -> None:
        """Do an action of the table, if it can be done now."""
        if name in self.actions:
            self.actions[name].trigger()

    def _perform(self, action: Action) -> None:
        window = self._window
        if window.is_open or action.anywhere:
            action.perform(window)
        if window.is_open:
            window.session.settle(SAVE_PATIENCE)
