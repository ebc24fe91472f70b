"""Finding a label while its name is typed."""

from __future__ import annotations

from dataclasses import dataclass

from tagger.core.names import clean_name, fold_name
from tagger.core.schema import Schema


@dataclass(frozen=True, slots=True)
class Offer:
    """A label that fits what was typed, or (label None) a new one that could be made.

    Attributes:
        name: the label's name, or the new one's.
        group: num of its group.
        group_name: for display.
        via: the synonym that fits, where the name does not.
        split_from: label that a new one of a single group takes photos over from.
    """

    label: int | None
    name: str
    group: int
    group_name: str
    via: str = ""
    split_from: int | None = None


class Completion:
    """Completion over all labels of all groups, by name and synonym."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._names: list[tuple[str, int, str]] = []
        for label in schema.labels.values():
            self._names.append((fold_name(label.name), label.num, ""))
            self._names.extend((fold_name(text), label.num, text) for text in label.synonyms)

    def offers(self, typed: str, group: int | None = None, limit: int = 8) -> list[Offer]:
        """Return what fits, best first, then the groups a new label could go to.

        `group/name` looks in one group only. `group` is the one that new labels go to first.
        """
        typed, only = self._split(typed)
        wanted = fold_name(typed)
        if not wanted:
            return []
        ranked: dict[int, tuple[int, int, str, str]] = {}
        for folded, num, via in self._names:
            label = self._schema.labels[num]
            if wanted not in folded or (only is not None and label.group != only):
                continue
            closeness = 0 if folded == wanted else 1 if folded.startswith(wanted) else 2
            key = (closeness, 1 if via else 0, fold_name(label.name), via)
            if num not in ranked or key < ranked[num]:
                ranked[num] = key
        best = sorted(ranked, key=lambda num: (ranked[num][:3], self._schema.labels[num].group))
        found = [self._offer(num, ranked[num][3]) for num in best[:limit]]
        return found + self._new(typed, group if only is None else only, only)

    def _split(self, typed: str) -> tuple[str, int | None]:
        name, slash, rest = typed.partition("/")
        group = self._schema.group_named(name) if slash else None
        return (rest, group.num) if group is not None else (typed, None)

    def _offer(self, num: int, via: str) -> Offer:
        label = self._schema.labels[num]
        return Offer(num, label.name, label.group, self._schema.groups[label.group].name, via)

    def _new(self, typed: str, first: int | None, only: int | None) -> list[Offer]:
        name = clean_name(typed)
        groups = sorted(self._schema.groups.values(), key=lambda g: (g.num != first, g.position))
        return [
            Offer(None, name, group.num, group.name)
            for group in groups
            if only in (None, group.num) and self._schema.label_named(group.num, name) is None
        ]
