"""Making groups and labels: by hand, or from a preset with a preview of what it adds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFormLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QRadioButton,
    QWidget,
)

import resources
from tagger.app.dialogs.parts import button, row, text
from tagger.app.dialogs.pick import Picker, gate_choices, label_choices
from tagger.app.dialogs.schema_facts import KIND_TITLES, KIND_WORDS, preview_preset
from tagger.app.dialogs.schema_pages import Page, Perform, split_names
from tagger.app.dialogs.words import count, quoted
from tagger.app.theme import Theme
from tagger.core.schema import Kind
from tagger.library.library import Library
from tagger.library.schema_edit import apply_preset, read_presets
from tagger.library.schema_new import new_group, new_labels, split_sources
from tagger.library.schema_split import split_label

_KINDS: tuple[Kind, ...] = ("multi", "single")


def preset_folder() -> Path:
    """Return the folder of the presets that come with the program."""
    return Path(resources.__file__).parent / "presets"


class NewGroupPage(Page):
    """Makes a group, perhaps with its first labels.

    Attributes:
        closed: the page is done with, or given up.
    """

    closed = Signal()

    def __init__(self, theme: Theme, perform: Perform) -> None:
        super().__init__(theme)
        self._perform = perform
        self.heading.setText("New group")
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the new group")
        self.name.setPlaceholderText("such as weather")
        self.kinds = QButtonGroup(self)
        form = self.form()
        form.addRow("Name", self.name)
        for place, kind in enumerate(_KINDS):
            choice = QRadioButton(KIND_TITLES[kind])
            choice.setChecked(place == 0)
            choice.setAccessibleDescription(KIND_WORDS[kind])
            self.kinds.addButton(choice, place)
            self.inside.addWidget(choice)
            self.inside.addWidget(text(KIND_WORDS[kind], "muted"))
        self.inside.addWidget(
            text("The kind is fixed for life: it cannot be changed later.", "warning")
        )
        self.gate = Picker("Of which photos the group is asked")
        self.labels = QPlainTextEdit()
        self.labels.setAccessibleName("Labels of the new group")
        self.labels.setPlaceholderText("one label a line; more can be added later")
        self.labels.setTabChangesFocus(True)
        self.labels.setMinimumHeight(theme.px(8))
        lower = self.form()
        lower.addRow("Asked of", self.gate)
        lower.addRow("Labels", self.labels)
        self.inside.addStretch(1)
        self.make = button("Create group", self._create, main=True)
        self.make.setDefault(False)
        self.inside.addLayout(row(None, button("Cancel", self.closed.emit), self.make))

    def begin(self, library: Library) -> None:
        """Show an empty page."""
        schema = library.facts.schema
        self.name.clear()
        self.labels.clear()
        self.kinds.button(0).setChecked(True)
        self.gate.offer(gate_choices(schema, schema.labels.values()), None)
        self.name.setFocus()

    def _create(self) -> None:
        kind = _KINDS[max(0, self.kinds.checkedId())]
        gate = self.gate.value if isinstance(self.gate.value, int) else None
        name, labels = self.name.text(), split_names(self.labels.toPlainText())
        if self._perform(lambda library: new_group(library, name, kind, labels, gate)) is not None:
            self.closed.emit()


class NewLabelsPage(Page):
    """Adds labels to a group, several at once.

    Attributes:
        closed: the page is done with, or given up.
    """

    closed = Signal()

    def __init__(self, theme: Theme, perform: Perform) -> None:
        super().__init__(theme)
        self._perform = perform
        self._group = -1
        self._origins: list[tuple[str, int, int]] = []
        self.names = QPlainTextEdit()
        self.names.setAccessibleName("Names of the new labels")
        self.names.setPlaceholderText("one label a line")
        self.names.setTabChangesFocus(True)
        self.names.setMinimumHeight(theme.px(6))
        self.names.textChanged.connect(self._count)
        self.parent_label = Picker("Parent of the new labels")
        self.inside.addWidget(text("Names, one a line or with commas between them:"))
        self.inside.addWidget(self.names, 1)
        self.form().addRow("Parent", self.parent_label)
        self.made_from = Picker("What photos of the new labels are called now")
        self.made_from.picked.connect(self._say_what_returns)
        self.origin = QWidget()
        origin = QFormLayout(self.origin)
        origin.setContentsMargins(0, 0, 0, 0)
        origin.addRow("They are", self.made_from)
        self.returning = text(role="muted")
        origin.addRow(self.returning)
        self.inside.addWidget(self.origin)
        self.make = button("Add labels", self._create, main=True)
        self.make.setDefault(False)
        self.inside.addLayout(row(None, button("Cancel", self.closed.emit), self.make))

    def begin(self, library: Library, group: int, parent: int | None = None) -> None:
        """Show an empty page for a group."""
        schema = library.facts.schema
        self._group = group
        self.heading.setText(f"New labels in “{schema.groups[group].name}”")
        self.parent_label.offer(label_choices(schema, schema.labels.values(), "none"), parent)
        self._origins = split_choices(library, group)
        self.made_from.offer(
            [("new", None), *((words, num) for words, num, _ in self._origins)], None
        )
        self.origin.setVisible(bool(self._origins))
        self._say_what_returns(None)
        self.names.clear()
        self._count()
        self.names.setFocus()

    def _say_what_returns(self, source: object) -> None:
        photos = next((photos for _, num, photos in self._origins if num == source), 0)
        self.returning.setText(
            f"{count(photos, 'photo').capitalize()} will be asked about again."
            if photos
            else "Choose “split from …” if photos that show them have another of these labels now."
        )

    def _count(self) -> None:
        number = len(split_names(self.names.toPlainText()))
        self.make.setText(f"Add {count(number, 'label')}" if number else "Add labels")
        self.make.setEnabled(number > 0)

    def _create(self) -> None:
        names = split_names(self.names.toPlainText())
        value = self.parent_label.value
        parent, group = value if isinstance(value, int) else None, self._group
        source = self.made_from.value

        def make(library: Library) -> None:
            if isinstance(source, int):
                split_label(library, source, names, parent=parent)
            else:
                new_labels(library, group, names, parent)

        if self._perform(make) is not None:
            self.closed.emit()


def split_choices(library: Library, group: int) -> list[tuple[str, int, int]]:
    """Return what new labels of a group may be split from: words, label num, photos."""
    labels = library.facts.schema.labels
    return [
        (f"split from {quoted(labels[num].name)} ({count(photos, 'photo')})", num, photos)
        for num, photos in split_sources(library, group)
    ]


class PresetPage(Page):
    """Starts from a preset, or adds one, with a preview.

    Attributes:
        closed: the page is done with, or given up.
        blank: the user wants to make groups by hand.
    """

    closed = Signal()
    blank = Signal()

    def __init__(self, theme: Theme, perform: Perform) -> None:
        super().__init__(theme)
        self._perform = perform
        self._library: Library | None = None
        self.heading.setText("Start from a preset")
        self.list = QListWidget()
        self.list.setAccessibleName("Presets")
        self.list.currentRowChanged.connect(self._show)
        self.description = text(role="muted")
        self.preview = text()
        self.inside.addWidget(self.list, 1)
        self.inside.addWidget(self.description)
        self.inside.addWidget(self.preview)
        self.add = button("Add to this library", self._add, main=True)
        self.add.setDefault(False)
        self.inside.addLayout(row(None, button("Cancel", self.closed.emit), self.add))
        self.presets: list[dict[str, Any]] = []

    def begin(self, library: Library) -> None:
        """Show the presets.

        Raises:
            OSError: the program's own files are damaged.
        """
        self._library = library
        self.presets = read_presets(preset_folder())
        self.list.clear()
        for preset in self.presets:
            QListWidgetItem(preset["title"], self.list)
        self.list.setCurrentRow(0)
        self.list.setFocus()

    def _show(self, place: int) -> None:
        if self._library is None or not 0 <= place < len(self.presets):
            return
        preset = self.presets[place]
        self.description.setText(preset["description"])
        lines = preview_preset(self._library, preset)
        words = "\n".join(
            f"{each.name} – {each.words} ({KIND_TITLES[each.kind].lower()})" for each in lines
        )
        self.preview.setText(words or "Adds nothing: groups and labels are made by hand.")
        self.add.setText("Add to this library" if lines else "Make my own groups")
        useful = any(each.new_group or each.new_labels for each in lines)
        self.add.setEnabled(useful or not lines)

    def _add(self) -> None:
        preset = self.presets[self.list.currentRow()]
        if not preset["groups"]:
            self.blank.emit()
        elif self._perform(lambda library: apply_preset(library, preset)) is not None:
            self.closed.emit()
