"""The groups and labels of a list, found in the library's schema or added to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tagger.core.names import clean_name, fold_name, new_id
from tagger.core.schema import Group, Label, Schema
from tagger.library.draft import Draft
from tagger.library.facts import load_schema
from tagger.library.library import Library
from tagger.library.schema_edit import add_group
from tagger.library.tables import ImportTable, TableError


def take_groups(library: Library, draft: Draft, table: ImportTable) -> list[Group]:
    """Return the library's group for each group of a table, made where it is new.

    Raises:
        TableError: a group of that name is of another kind.
    """
    groups = []
    for name, kind in table.groups.items():
        known = library.facts.schema.group_named(name)
        if known is not None and known.adopted and known.kind != kind:
            raise TableError(_other_kind(table.source, known))
        if known is None or known.kind != kind:
            known = add_group(library, draft, name, kind)
        groups.append(known)
    return groups


def _other_kind(source: str, group: Group) -> str:
    if group.kind == "single":
        return (
            f"{source} lists several labels, but {group.name} has one label per photo in this "
            f"library; give another --group, or --single {group.name}."
        )
    return (
        f"{source} has one label per photo for {group.name}, which holds several in this "
        f"library; give --labels {group.name} with --group {group.name}."
    )


def take_labels(
    library: Library, draft: Draft, table: ImportTable, groups: Sequence[Group]
) -> list[list[int]]:
    """Return the num of every label of the vocabularies, group by group; new ones are made."""
    known = _known_labels(library, draft, table, groups)
    fresh = [pair for pair, label in known.items() if label is None]
    first = library.reserve_nums(len(fresh)) if fresh else 0
    made: dict[tuple[str, str], int] = {}
    for num, (name, word) in enumerate(fresh, first):
        home = groups[list(table.groups).index(name)].num
        synonyms = table.synonyms.get((name, word), ())
        draft.put_label(Label(num, new_id(), home, clean_name(word), None, synonyms, num))
        made[name, word] = num
    for (_, word), label in known.items():
        if label is not None and not label.adopted:
            draft.put_label(_in_the_lists_words(label, word))
    nums = {pair: label.num for pair, label in known.items() if label is not None} | made
    in_order = [[nums[name, word] for word in words] for name, words in table.vocabulary.items()]
    for group, offered in zip(groups, in_order, strict=True):
        draft.review([], group.num, offered)  # of no photo: takes what only a model offered in
    _take_parents(draft, table, groups, made)
    return in_order


def _known_labels(
    library: Library, draft: Draft, table: ImportTable, groups: Sequence[Group]
) -> dict[tuple[str, str], Label | None]:
    """Return the library's label for each (group, word): by name or synonym, or None.

    Where two words of the list fit one label that only a model offered, the word that is its name
    gets it and the other is a label of its own: the model's synonyms must not merge a user's words.
    """
    schema = Schema(draft.groups.values(), draft.labels.values())
    everything = load_schema(library.catalog, everything=True)
    known: dict[tuple[str, str], Label | None] = {}
    for group, (name, words) in zip(groups, table.vocabulary.items(), strict=True):
        taken: dict[int, str] = {}
        for word in sorted(words, key=lambda word: not _is_name(schema, group, word)):
            label = schema.label_named(group.num, word) or everything.label_named(group.num, word)
            if label is not None and not label.adopted:
                label = label if taken.setdefault(label.num, word) == word else None
            known[name, word] = label
    return known


def _is_name(schema: Schema, group: Group, word: str) -> bool:
    label = schema.label_named(group.num, word)
    return label is not None and fold_name(label.name) == fold_name(word)


def _in_the_lists_words(label: Label, word: str) -> Label:
    """Take a label that only a model offered in, under the list's name for it."""
    name = clean_name(word)
    kept = (*label.synonyms, label.name)
    synonyms = tuple(dict.fromkeys(text for text in kept if fold_name(text) != fold_name(name)))
    return replace(label, name=name, synonyms=synonyms, adopted=True)


def _take_parents(
    draft: Draft,
    table: ImportTable,
    groups: Sequence[Group],
    made: dict[tuple[str, str], int],
) -> None:
    """Give new labels the parents, and ungated groups the gates, that an annotation file tells."""
    if not table.parents and not table.gates:
        return
    schema = Schema(draft.groups.values(), draft.labels.values())
    by_name = {fold_name(name): group.num for name, group in zip(table.groups, groups, strict=True)}

    def named(group: str, label: str) -> int | None:
        found = schema.label_named(by_name.get(fold_name(group), -1), label)
        return found.num if found else None

    for (group, label), parent in table.parents.items():
        num, above = made.get((group, label)), named(*parent)
        if num is not None and above is not None and not schema.would_cycle(num, above):
            draft.put_label(replace(draft.labels[num], parent=above))
            schema = Schema(draft.groups.values(), draft.labels.values())
    for group, gate in table.gates.items():
        asked, opener = draft.groups[by_name[fold_name(group)]], named(*gate)
        if asked.gate is None and opener is not None and draft.labels[opener].group != asked.num:
            draft.put_group(replace(asked, gate=opener))
