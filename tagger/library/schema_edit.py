"""Changing the schema as acts: create, rename, merge, delete, gate, preset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tagger.core.errors import TaggerError
from tagger.core.names import clean_name, fold_name, new_id
from tagger.core.schema import Group, Kind, Label, Schema
from tagger.library.draft import Draft
from tagger.library.facts import load_schema
from tagger.library.library import Library


class SchemaError(TaggerError):
    """A group or label cannot be changed that way."""


def add_group(
    library: Library,
    draft: Draft,
    name: str,
    kind: Kind,
    *,
    gate: int | None = None,
    group_id: str | None = None,
    learned: bool = True,
) -> Group:
    """Add a group to a draft; one that only the model offered is taken into the schema.

    Raises:
        SchemaError: the name is empty or in use, or the kind differs from the offered group's.
    """
    name = _checked_name(name)
    known = library.facts.schema.group_named(name)
    if known is not None:
        if known.adopted:
            raise SchemaError(f"There is a group “{known.name}” already. Choose another name.")
        if known.kind == kind:
            taken = replace(known, adopted=True, name=name)
            draft.put_group(taken)
            return taken
        draft.put_group(replace(known, name=f"{known.name} (model)"))
    num = library.reserve_nums(1)
    group = Group(num, group_id or new_id(), name, kind, gate, num, True, learned)
    draft.put_group(group)
    return group


def add_label(
    library: Library,
    draft: Draft,
    group: int,
    name: str,
    *,
    parent: int | None = None,
    synonyms: Sequence[str] = (),
    label_id: str | None = None,
) -> Label:
    """Add a label to a draft; one that only a model offered is taken into the schema.

    Raises:
        SchemaError: the name is empty or a label of the group has it.
    """
    name = _checked_name(name)
    known = _label_in(draft, group, name)
    if known is not None and known.adopted:
        raise SchemaError(f"There is a label “{known.name}” in this group already.")
    if known is None:
        known = load_schema(library.catalog, everything=True).label_named(group, name)
        known = None if known is None or known.adopted else replace(known, name=name)
    if known is None:
        num = library.reserve_nums(1)
        known = Label(num, label_id or new_id(), group, name, parent, tuple(synonyms), num)
    made = replace(known, adopted=True)
    draft.put_label(made)
    draft.adopt(made.num)
    return made


def find_or_add_label(library: Library, draft: Draft, group: int, name: str) -> Label:
    """Return the label of that name or synonym in a group, adding it if there is none."""
    return _label_in(draft, group, name) or add_label(library, draft, group, name)


def _label_in(draft: Draft, group: int, name: str) -> Label | None:
    return Schema(draft.groups.values(), draft.labels.values()).label_named(group, name)


def rename_group(library: Library, group: int, name: str) -> None:
    """Rename a group, as one act.

    Raises:
        SchemaError: the name is empty or in use.
    """
    name = _checked_name(name)
    old = library.facts.schema.groups[group]
    other = library.facts.schema.group_named(name)
    if other is not None and other.num != group:
        raise SchemaError(f"There is a group “{other.name}” already. Choose another name.")
    draft = library.draft(f"Rename group “{old.name}” to “{name}”")
    draft.put_group(replace(old, name=name, adopted=True))
    draft.commit()


def rename_label(library: Library, label: int, name: str) -> None:
    """Rename a label, as one act; the old name stays a synonym.

    Raises:
        SchemaError: the name is empty or in use in the group.
    """
    name = _checked_name(name)
    old = library.facts.schema.labels[label]
    other = library.facts.schema.label_named(old.group, name)
    if other is not None and other.num != label:
        raise SchemaError(f"There is a label “{other.name}” already. Merge the two instead.")
    kept = [text for text in (*old.synonyms, old.name) if fold_name(text) != fold_name(name)]
    draft = library.draft(f"Rename “{old.name}” to “{name}”")
    draft.put_label(replace(old, name=name, synonyms=tuple(dict.fromkeys(kept)), adopted=True))
    draft.adopt(label)
    draft.commit()


def set_parent(library: Library, label: int, parent: int | None) -> None:
    """Give a label a parent, or none, as one act.

    Raises:
        SchemaError: the label would become its own ancestor.
    """
    schema = library.facts.schema
    old = schema.labels[label]
    if schema.would_cycle(label, parent):
        raise SchemaError(f"“{old.name}” cannot lie below itself. Choose another parent.")
    draft = library.draft(f"Change the parent of “{old.name}”")
    draft.put_label(replace(old, parent=parent, adopted=True))
    draft.adopt(label)
    if parent is not None:
        draft.adopt(parent)
    draft.commit()


def set_gate(library: Library, group: int, gate: int | None) -> None:
    """Let a group be asked only where a label holds, or always, as one act.

    Raises:
        SchemaError: the gate is a label of the group itself.
    """
    schema = library.facts.schema
    old = schema.groups[group]
    if gate is not None and schema.labels[gate].group == group:
        raise SchemaError(f"“{old.name}” cannot depend on one of its own labels.")
    draft = library.draft(f"Change when “{old.name}” is asked")
    draft.put_group(replace(old, gate=gate, adopted=True))
    if gate is not None:
        draft.adopt(gate)
    draft.commit()


def set_synonyms(library: Library, label: int, synonyms: Sequence[str]) -> None:
    """Give a label other names it is known by, as one act; the own name and repeats are left out.

    Raises:
        SchemaError: another label of the group goes by one of them.
    """
    schema = library.facts.schema
    old = schema.labels[label]
    kept = {fold_name(old.name): ""}
    for name in map(clean_name, synonyms):
        other = schema.label_named(old.group, name)
        if other is not None and other.num != label:
            raise SchemaError(f"“{name}” already means “{other.name}” in this group.")
        if fold_name(name):
            kept.setdefault(fold_name(name), name)
    draft = library.draft(f"Change the synonyms of “{old.name}”")
    named = tuple(name for name in kept.values() if name)
    draft.put_label(replace(old, synonyms=named, adopted=True))
    draft.adopt(label)
    draft.commit()


def set_learned(library: Library, group: int, learned: bool) -> None:
    """Take a group into training, or keep it out, as one act."""
    old = library.facts.schema.groups[group]
    draft = library.draft(f"{'Learn' if learned else 'Do not learn'} “{old.name}”")
    draft.put_group(replace(old, learned=learned))
    draft.commit()


def merge_labels(library: Library, source: int, target: int) -> None:
    """Merge one label into another, as one act: decisions move, id and name lead to the target.

    Where both were decided, the target's decision stays.

    Raises:
        SchemaError: the two are one, or of different groups.
    """
    schema = library.facts.schema
    old, into = schema.labels[source], schema.labels[target]
    if source == target or old.group != into.group:
        raise SchemaError(
            f"“{old.name}” and “{into.name}” cannot be merged: choose two labels of one group."
        )
    draft = library.draft(f"Merge “{old.name}” into “{into.name}”")
    decided = set(library.facts.decisions.of_label(target)[0].tolist())
    for photo, *value in _decision_rows(library, source):
        draft.put_row("decision", photo, source, None)
        if photo not in decided:
            draft.put_row("decision", photo, target, value)
    synonyms = dict.fromkeys((*into.synonyms, old.name, *old.synonyms))
    draft.put_label(
        replace(into, synonyms=tuple(synonyms), adopted=True, parent=_new_parent(into, old))
    )
    for child in schema.children(source):
        if child != target:
            draft.put_label(replace(schema.labels[child], parent=target))
    for group in schema.groups.values():
        if group.gate == source:
            draft.put_group(replace(group, gate=target))
    draft.put_label(old, deleted=True, redirect=into.id)
    draft.commit()


def _new_parent(into: Label, old: Label) -> int | None:
    return into.parent if into.parent != old.num else old.parent


def delete_label(library: Library, label: int) -> int:
    """Delete a label with its decisions, as one act; returns how many decisions went."""
    draft = library.draft(f"Delete “{library.facts.schema.labels[label].name}”")
    gone = _delete_label(library, draft, label)
    draft.commit()
    return gone


def delete_group(library: Library, group: int) -> int:
    """Delete a group with its labels and decisions, as one act; returns how many decisions went."""
    schema = library.facts.schema
    draft = library.draft(f"Delete group “{schema.groups[group].name}”")
    gone = sum(_delete_label(library, draft, label.num) for label in schema.labels_of(group))
    reviewed = library.facts.reviews.column(group, library.facts.slots)
    draft.unreview(reviewed.nonzero()[0], group)
    draft.put_group(schema.groups[group], deleted=True)
    draft.commit()
    return gone


def _delete_label(library: Library, draft: Draft, label: int) -> int:
    schema = library.facts.schema
    photos, _ = library.facts.decisions.of_label(label)
    for photo in photos.tolist():
        draft.put_row("decision", photo, label, None)
    for child in schema.children(label):
        if child in draft.labels:
            draft.put_label(replace(draft.labels[child], parent=schema.labels[label].parent))
    for group in schema.groups.values():
        if group.gate == label and group.num in draft.groups:
            draft.put_group(replace(draft.groups[group.num], gate=None))
    draft.put_label(draft.labels[label], deleted=True)
    return len(photos)


def _decision_rows(library: Library, label: int) -> list[tuple[Any, ...]]:
    library.catalog.flush()
    return list(
        library.catalog.rows(
            "SELECT photo, verdict, source, author, time, bundle, score FROM decision "
            "WHERE label = ?",
            (label,),
        )
    )


def read_presets(folder: Path) -> list[dict[str, Any]]:
    """Read the schema presets that come with the program, by file name."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]


def apply_preset(library: Library, preset: dict[str, Any]) -> None:
    """Take the groups and labels of a preset into the schema, as one act.

    What is there already by id or name stays as it is and is only taken in.
    """
    draft = library.draft(f"Start from preset “{preset['title']}”")
    nums: dict[str, int] = {}
    group_nums: dict[str, int] = {}
    for wanted in preset["groups"]:
        known = library.facts.schema.group_by_id(wanted["id"])
        known = known or library.facts.schema.group_named(wanted["name"])
        if known is not None and known.kind == wanted["kind"]:
            draft.put_group(replace(known, adopted=True))
            group = known.num
        else:
            name, kind = wanted["name"], wanted["kind"]
            group = add_group(library, draft, name, kind, group_id=wanted["id"]).num
        group_nums[wanted["id"]] = group
        for entry in wanted["labels"]:
            nums[entry["id"]] = _preset_label(library, draft, group, entry)
    for wanted in preset["groups"]:
        for entry in wanted["labels"]:
            label = draft.labels[nums[entry["id"]]]
            if entry.get("parent") in nums and label.parent is None:
                draft.put_label(replace(label, parent=nums[entry["parent"]]))
        gate = nums.get(wanted.get("gate") or "")
        asked = group_nums[wanted["id"]]
        if gate is not None and draft.groups[asked].gate is None:
            draft.put_group(replace(draft.groups[asked], gate=gate))
    draft.commit()


def _preset_label(library: Library, draft: Draft, group: int, entry: dict[str, Any]) -> int:
    known = library.facts.schema.label_by_id(entry["id"])
    if known is None or known.group != group:
        known = _label_in(draft, group, entry["name"])
    if known is not None:
        draft.put_label(replace(draft.labels[known.num], adopted=True))
        return known.num
    made = add_label(
        library,
        draft,
        group,
        entry["name"],
        synonyms=entry.get("synonyms", ()),
        label_id=entry["id"],
    )
    return made.num


def _checked_name(name: str) -> str:
    name = clean_name(name)
    if not fold_name(name):
        raise SchemaError("A name needs at least one letter or digit.")
    return name
