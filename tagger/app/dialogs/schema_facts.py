"""What the dialog of groups and labels says: counts, and what an act would do, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tagger.app.dialogs.words import count, listed, quoted
from tagger.core.names import fold_name
from tagger.core.schema import Kind, Label
from tagger.library.library import Library
from tagger.library.schema_counts import GroupLine, LabelLine

KIND_TITLES: dict[Kind, str] = {
    "multi": "Any number of labels",
    "single": "One label or none",
}
KIND_WORDS: dict[Kind, str] = {
    "multi": "Each photo can have several labels of this group, like tags.",
    "single": "Each photo has exactly one label of this group, or none, like a breed.",
}


def delete_label_words(line: LabelLine) -> str:
    """Return what stands on the button that deletes a label."""
    name = quoted(line.label.name)
    if not line.decisions:
        return f"Delete {name}"
    return f"Delete {name} and its {count(line.decisions, 'decision')}"


def delete_group_words(line: GroupLine) -> str:
    """Return what stands on the button that deletes a group."""
    parts = [count(len(line.labels), "label")] if line.labels else []
    parts += [count(line.decisions, "decision")] if line.decisions else []
    name = quoted(line.group.name)
    return f"Delete {name} with {listed(parts)}" if parts else f"Delete {name}"


def also_words(library: Library, label: int) -> str:
    """Return what else changes when a label goes: labels below it, groups it opens."""
    schema = library.facts.schema
    below = [schema.labels[num].name for num in schema.children(label)]
    opens = [group.name for group in schema.groups.values() if group.gate == label]
    said = []
    if below:
        verb = "lies" if len(below) == 1 else "lie"
        said.append(f"{listed([quoted(name) for name in below])} then {verb} one level higher.")
    if opens:
        verb = "is" if len(opens) == 1 else "are"
        said.append(f"{listed([quoted(name) for name in opens])} {verb} then always asked.")
    return " ".join(said)


def merge_words(library: Library, source: int, target: int) -> str:
    """Say how many decisions move in a merge, and how many give way to the target's own."""
    schema, decisions = library.facts.schema, library.facts.decisions
    mine = decisions.of_label(source)[0]
    kept = int(np.isin(mine, decisions.of_label(target)[0]).sum())
    into = quoted(schema.labels[target].name)
    if not len(mine):
        moved = "There are no decisions to move."
    else:
        moved = f"{count(len(mine) - kept, 'decision').capitalize()} "
        moved += f"{'moves' if len(mine) - kept == 1 else 'move'} to {into}."
    if kept:
        moved += f" In {count(kept, 'photo')} both were decided: there {into} keeps its own."
    name = quoted(schema.labels[source].name)
    return f"{moved} {name} stays a synonym of {into}."


def can_be_parent(library: Library, label: int) -> list[Label]:
    """Return the labels that can be a label's parent without a circle."""
    schema = library.facts.schema
    barred = {label, *schema.descendants(label)}
    return [other for other in schema.labels.values() if other.num not in barred]


@dataclass(frozen=True)
class PresetLine:
    """What a preset does to one group."""

    name: str
    kind: Kind
    labels: int
    new_labels: int
    new_group: bool

    @property
    def words(self) -> str:
        """Return it as one line."""
        if self.new_group:
            return f"new, with {count(self.labels, 'label')}"
        known = self.labels - self.new_labels
        if not self.new_labels:
            return f"there already, with all {count(self.labels, 'label')}"
        return f"{count(self.new_labels, 'label')} more; {known:,} are there already"


def preview_preset(library: Library, preset: dict[str, Any]) -> list[PresetLine]:
    """Say group by group what a preset would add."""
    schema = library.facts.schema
    lines = []
    for wanted in preset["groups"]:
        known = schema.group_by_id(wanted["id"]) or schema.group_named(wanted["name"])
        if known is not None and known.kind != wanted["kind"]:
            known = None
        entries = wanted["labels"]
        if known is None or not known.adopted:
            lines.append(PresetLine(wanted["name"], wanted["kind"], len(entries), 0, True))
            continue
        names = {
            fold_name(name)
            for label in schema.labels_of(known.num)
            if label.adopted
            for name in (label.name, *label.synonyms)
        }
        ids = {label.id for label in schema.labels_of(known.num) if label.adopted}
        new = sum(e["id"] not in ids and fold_name(e["name"]) not in names for e in entries)
        lines.append(PresetLine(known.name, known.kind, len(entries), new, False))
    return lines
