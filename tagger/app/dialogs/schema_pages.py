"""The right side of the dialog of groups and labels: what can be changed of the chosen one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from tagger.app.dialogs.parts import button, line, row, text
from tagger.app.dialogs.pick import Picker, gate_choices, label_choices
from tagger.app.dialogs.schema_facts import (
    KIND_TITLES,
    KIND_WORDS,
    also_words,
    can_be_parent,
    delete_group_words,
    delete_label_words,
    merge_words,
)
from tagger.app.dialogs.words import count
from tagger.app.theme import Theme
from tagger.library import schema_edit
from tagger.library.library import Library
from tagger.library.schema_counts import GroupLine, LabelLine

Perform = Callable[[Callable[[Library], object]], object]
"""Carries out a change of the schema as an act."""


class Page(QWidget):
    """A page: a heading, a form, and room below."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.inside = QVBoxLayout(self)
        self.inside.setContentsMargins(theme.px(3), 0, 0, 0)
        self.inside.setSpacing(theme.px(1.5))
        self.heading = text(role="title")
        self.inside.addWidget(self.heading)

    def form(self) -> QFormLayout:
        """Add a form: words at the left, fields at the right, below each other if narrow."""
        made = QFormLayout()
        made.setContentsMargins(0, 0, 0, 0)
        made.setHorizontalSpacing(self.theme.px(2))
        made.setVerticalSpacing(self.theme.px(1))
        made.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        made.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.inside.addLayout(made)
        return made


class GroupPage(Page):
    """One group: name, kind, gate, learning, deletion."""

    def __init__(self, theme: Theme, perform: Perform) -> None:
        super().__init__(theme)
        self._perform = perform
        self._num = -1
        self.kind = text(role="muted")
        self.counts = text()
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the group")
        self.name.editingFinished.connect(self._rename)
        self.gate = Picker("Of which photos the group is asked")
        self.gate.picked.connect(self._set_gate)
        self.learn = QCheckBox("Learn this group when retraining")
        self.learn.clicked.connect(self._set_learned)
        self.learn_words = text(role="muted")
        self.delete = button("Delete", self._delete)
        self.inside.addWidget(self.kind)
        form = self.form()
        form.addRow("Name", self.name)
        form.addRow("Asked of", self.gate)
        self.inside.addWidget(self.learn)
        self.inside.addWidget(self.learn_words)
        self.inside.addWidget(line())
        self.inside.addWidget(self.counts)
        self.inside.addStretch(1)
        self.inside.addLayout(row(self.delete, None))

    def show_line(self, library: Library, shown: GroupLine) -> None:
        """Show a group."""
        schema, group = library.facts.schema, shown.group
        self._num = group.num
        self.heading.setText(group.name)
        fixed = "The kind of a group is fixed for life."
        self.kind.setText(f"{KIND_TITLES[group.kind]}. {KIND_WORDS[group.kind]} {fixed}")
        self.name.setText(group.name)
        others = [label for label in schema.labels.values() if label.group != group.num]
        self.gate.offer(gate_choices(schema, others), group.gate)
        self.learn.setChecked(group.learned)
        self.learn_words.setText(
            "" if group.learned else "Its labels are kept, but no model is trained on them."
        )
        self.learn_words.setVisible(not group.learned)
        used = sum(each.label.adopted for each in shown.labels)
        self.counts.setText(
            f"{count(used, 'label')} in use, {count(shown.decisions, 'decision')}, "
            f"{count(shown.reviewed, 'photo')} looked at in full."
        )
        self.delete.setText(delete_group_words(shown))

    def _rename(self) -> None:
        name = self.name.text()
        if name != self.heading.text():
            self._perform(lambda library: schema_edit.rename_group(library, self._num, name))

    def _set_gate(self, value: object) -> None:
        gate = value if isinstance(value, int) else None
        self._perform(lambda library: schema_edit.set_gate(library, self._num, gate))

    def _set_learned(self, learned: bool) -> None:
        self._perform(lambda library: schema_edit.set_learned(library, self._num, learned))

    def _delete(self) -> None:
        self._perform(lambda library: schema_edit.delete_group(library, self._num))


class LabelPage(Page):
    """One label: name, parent, synonyms, merging, deletion."""

    def __init__(self, theme: Theme, perform: Perform) -> None:
        super().__init__(theme)
        self._perform = perform
        self._num = -1
        self._library: Library | None = None
        self._synonyms = ""
        self.group = text(role="muted")
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the label")
        self.name.editingFinished.connect(self._rename)
        self.parent_label = Picker("Parent of the label")
        self.parent_label.picked.connect(self._set_parent)
        self.synonyms = QLineEdit()
        self.synonyms.setAccessibleName("Synonyms of the label")
        self.synonyms.setPlaceholderText("other names, with commas between them")
        self.synonyms.editingFinished.connect(self._set_synonyms)
        self.target = Picker("Merge the label into")
        self.target.picked.connect(self._show_merge)
        self.merge_words = text(role="muted")
        self.merge = button("Merge", self._merge)
        self.delete_words = text(role="muted")
        self.delete = button("Delete", self._delete)
        self.inside.addWidget(self.group)
        form = self.form()
        form.addRow("Name", self.name)
        form.addRow("Parent", self.parent_label)
        form.addRow("Synonyms", self.synonyms)
        self.inside.addWidget(line())
        merging = self.form()
        merging.addRow("Merge into", self.target)
        self.inside.addWidget(self.merge_words)
        self.inside.addLayout(row(self.merge, None))
        self.inside.addStretch(1)
        self.inside.addWidget(self.delete_words)
        self.inside.addLayout(row(self.delete, None))

    def show_line(self, library: Library, shown: LabelLine) -> None:
        """Show a label."""
        schema, label = library.facts.schema, shown.label
        self._library, self._num = library, label.num
        self.heading.setText(label.name)
        group = schema.groups[label.group].name
        state = "" if label.adopted else " Offered by the model; not used yet."
        self.group.setText(
            f"In “{group}”. {shown.confirmed:,} confirmed, {shown.rejected:,} rejected, "
            f"{shown.unsure:,} unsure.{state}"
        )
        self.name.setText(label.name)
        self._synonyms = ", ".join(label.synonyms)
        self.synonyms.setText(self._synonyms)
        parents = can_be_parent(library, label.num)
        self.parent_label.offer(label_choices(schema, parents, "none"), label.parent)
        siblings = [each for each in schema.labels_of(label.group) if each.num != label.num]
        choices: list[tuple[str, object]] = [("choose a label of this group …", None)]
        choices += [(each.name, each.num) for each in siblings]
        self.target.offer(choices, None)
        self._show_merge(None)
        self.delete_words.setText(also_words(library, label.num))
        self.delete_words.setVisible(bool(self.delete_words.text()))
        self.delete.setText(delete_label_words(shown))

    def _show_merge(self, value: object) -> None:
        chosen = isinstance(value, int) and self._library is not None
        self.merge.setVisible(chosen)
        self.merge_words.setVisible(chosen)
        if isinstance(value, int) and self._library is not None:
            names = self._library.facts.schema.labels
            self.merge_words.setText(merge_words(self._library, self._num, value))
            self.merge.setText(f"Merge “{names[self._num].name}” into “{names[value].name}”")

    def _rename(self) -> None:
        name = self.name.text()
        if name != self.heading.text():
            self._perform(lambda library: schema_edit.rename_label(library, self._num, name))

    def _set_parent(self, value: object) -> None:
        parent = value if isinstance(value, int) else None
        self._perform(lambda library: schema_edit.set_parent(library, self._num, parent))

    def _set_synonyms(self) -> None:
        written = self.synonyms.text()
        if written != self._synonyms:
            names = split_names(written)
            self._perform(lambda library: schema_edit.set_synonyms(library, self._num, names))

    def _merge(self) -> None:
        target = self.target.value
        if isinstance(target, int):
            self._perform(lambda library: schema_edit.merge_labels(library, self._num, target))

    def _delete(self) -> None:
        self._perform(lambda library: schema_edit.delete_label(library, self._num))


def split_names(words: str) -> Sequence[str]:
    """Return names that stand with commas, semicolons or line ends between them."""
    parts = words.replace(";", ",").replace("\n", ",").split(",")
    return [part.strip() for part in parts if part.strip()]
