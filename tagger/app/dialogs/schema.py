"""The dialog of groups and labels: make, rename, merge, delete, gate, start from a preset."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from tagger.app.dialogs.frame import Dialog, Pages
from tagger.app.dialogs.host import Host, opened, tell_schema
from tagger.app.dialogs.parts import button, row, text
from tagger.app.dialogs.schema_new import NewGroupPage, NewLabelsPage, PresetPage
from tagger.app.dialogs.schema_pages import GroupPage, LabelPage, Page
from tagger.app.dialogs.schema_tree import Key, SchemaTree
from tagger.app.theme import Theme
from tagger.core.errors import TaggerError
from tagger.library import schema_edit
from tagger.library.acts import Act
from tagger.library.library import Library
from tagger.library.schema_counts import GroupLine, LabelLine, read_groups

_COUNT_MS = 300
"""Decisions in the window are counted when it rests for so long, not at every key press."""


def open_schema(window: QWidget) -> SchemaDialog:
    """Open the dialog of groups and labels."""
    return opened(window, SchemaDialog)


class SchemaDialog(Dialog):
    """Groups and labels at the left, what can be changed of the chosen one at the right.

    Every change is an act; the foot tells the last one and offers to undo it.
    """

    def __init__(self, host: Host, parent: QWidget | None = None) -> None:
        super().__init__(host.theme, "Groups and labels", parent, 112, 76)
        self.host = host
        self._groups: dict[int, GroupLine] = {}
        self._labels: dict[int, LabelLine] = {}
        self._act: Act | None = None
        self.tree = SchemaTree(self.theme)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a label")
        self.search.setAccessibleName("Find a label")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.tree.search_for)
        self.pages = Pages()
        self.group_page = GroupPage(self.theme, self.perform)
        self.label_page = LabelPage(self.theme, self.perform)
        self.new_group_page = NewGroupPage(self.theme, self.perform)
        self.new_labels_page = NewLabelsPage(self.theme, self.perform)
        self.preset_page = PresetPage(self.theme, self.perform)
        self.empty_page = _EmptyPage(self.theme)
        for made in (self.new_group_page, self.new_labels_page, self.preset_page):
            made.closed.connect(self._show_chosen)
        for page in (self.group_page, self.label_page, self.empty_page):
            self.pages.add(page)
        for making in (self.new_group_page, self.new_labels_page, self.preset_page):
            self.pages.add(making)
        self.preset_page.blank.connect(self.add_group)
        self._build()
        self._reloading = False
        self.tree.picked.connect(self._picked)
        self.tree.renamed.connect(self._rename, Qt.ConnectionType.QueuedConnection)
        self.session = host.session
        self.listen(self.session.schema_changed, self.reload)
        self._soon = QTimer(self, singleShot=True, interval=_COUNT_MS)
        self._soon.timeout.connect(self.reload)
        self.listen(self.session.decided, lambda slots: self._soon.start())
        self.reload()

    def _build(self) -> None:
        px = self.theme.px
        left = QVBoxLayout()
        left.setSpacing(px(1))
        left.addWidget(self.search)
        left.addWidget(self.tree, 1)
        self.new_labels = button("Labels", self.add_labels, theme=self.theme, sign="add")
        self.new_labels.setAccessibleName("Add labels to the chosen group")
        self.new_group = button("Group", self.add_group, theme=self.theme, sign="add")
        self.new_group.setAccessibleName("Add a group")
        self.preset = button("Preset", self.add_preset, theme=self.theme, sign="preset")
        self.preset.setAccessibleName("Start from a preset")
        left.addLayout(row(self.new_labels, self.new_group, self.preset, None, gap=px(1)))
        both = QHBoxLayout()
        both.setSpacing(px(1))
        both.addLayout(left, 6)
        both.addWidget(self.pages, 5)
        self.body.addLayout(both, 1)
        self.said = text(role="muted")
        self.undo = button("Undo", self._undo, theme=self.theme, sign="undo", quiet=True)
        self.add_buttons(self.said, self.undo, left=True)
        self.add_buttons(button("Close", self.reject))
        self._tell(None)

    # -- showing -------------------------------------------------------------------------------

    def reload(self) -> None:
        """Show the schema as it is now."""
        lines = read_groups(self.session.library)
        self._groups = {line.group.num: line for line in lines}
        self._labels = {each.label.num: each for line in lines for each in line.labels}
        self._reloading = True
        self.tree.show_groups(lines)
        if self.search.text():
            self.tree.search_for(self.search.text())
        self._reloading = False
        self._refresh()
        self.new_labels.setEnabled(bool(lines))

    def _picked(self, key: object) -> None:
        if not self._reloading:
            self._show_chosen()

    def _refresh(self) -> None:
        """Show the chosen one as it is now; a page on which something is being made stays."""
        if self.pages.shown in (self.group_page, self.label_page, self.empty_page):
            self._show_chosen()

    def _show_chosen(self) -> None:
        library, key = self.session.library, self.tree.key
        if key is not None and key[0] == "group" and key[1] in self._groups:
            self.group_page.show_line(library, self._groups[key[1]])
            self.pages.turn_to(self.group_page)
        elif key is not None and key[1] in self._labels:
            self.label_page.show_line(library, self._labels[key[1]])
            self.pages.turn_to(self.label_page)
        else:
            self.pages.turn_to(self.empty_page)

    # -- acts ----------------------------------------------------------------------------------

    def perform(self, change: Callable[[Library], object]) -> Act | None:
        """Carry out a change as an act and show it; None if it could not be done."""
        session = self.session
        self.show_problem("")
        before = _decided_of(session.library)
        try:
            change(session.library)
        except TaggerError as error:
            self.show_error(error)
            self._refresh()
            return None
        acts = session.library.acts(1)
        tell_schema(self.host, _touched(before, _decided_of(session.library)))
        self._tell(acts[0] if acts else None)
        return self._act

    def _rename(self, key: Key, name: str) -> None:
        rename = schema_edit.rename_group if key[0] == "group" else schema_edit.rename_label
        self.perform(lambda library: rename(library, key[1], name))

    def _undo(self) -> None:
        if self._act is None:
            return
        self.show_problem("")
        try:
            self.session.undo(self._act.num)
        except TaggerError as error:
            self.show_error(error)
            return
        self._tell(None, f"Undone: {self._act.description}.")

    def _tell(self, act: Act | None, words: str = "") -> None:
        self._act = act
        self.said.setText(f"{act.description}." if act else words)
        self.undo.setVisible(act is not None)

    # -- making --------------------------------------------------------------------------------

    def add_group(self) -> None:
        """Show the page that makes a group."""
        self.new_group_page.begin(self.session.library)
        self.pages.turn_to(self.new_group_page)
        self.new_group_page.name.setFocus()

    def add_labels(self) -> None:
        """Show the page that adds labels to the chosen group."""
        key = self.tree.key
        if key is None:
            return
        inside = key[0] == "label"
        group = self._labels[key[1]].label.group if inside else key[1]
        self.new_labels_page.begin(self.session.library, group)
        self.pages.turn_to(self.new_labels_page)
        self.new_labels_page.names.setFocus()

    def add_preset(self) -> None:
        """Show the page with presets."""
        self.preset_page.begin(self.session.library)
        self.pages.turn_to(self.preset_page)


class _EmptyPage(Page):
    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.heading.setText("No groups yet")
        self.inside.addWidget(
            text("A group is a question about each photo; its labels are the answers.")
        )
        self.inside.addWidget(text("Start from a preset, or make your own groups.", "muted"))
        self.inside.addStretch(1)


def _decided_of(library: Library) -> tuple[np.ndarray, ...]:
    return library.facts.decisions.everything()


def _touched(before: tuple[np.ndarray, ...], after: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return the photos whose decisions differ: int64 [photos]."""
    if all(np.array_equal(a, b) for a, b in zip(before, after, strict=True)):
        return np.empty(0, np.int64)
    old, new = (
        np.unique(np.stack([photos << 32 | labels, codes.astype(np.int64)]), axis=1)
        for photos, labels, codes in (before, after)
    )
    both = np.concatenate([old, new], axis=1)
    pairs, times = np.unique(both, axis=1, return_counts=True)
    return np.unique(pairs[0][times == 1] >> 32)
