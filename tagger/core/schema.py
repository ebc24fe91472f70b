"""Groups and labels of a library: an immutable snapshot that answers questions about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from tagger.core.names import fold_name

Kind = Literal["multi", "single"]


@dataclass(frozen=True, slots=True)
class Group:
    """A set of labels asked as one question.

    Attributes:
        num: integer key of this catalog, for arrays.
        id: permanent id.
        kind: `multi` (any number may be true) or `single` (exactly one or none); for life.
        gate: num of the label that must hold for the group to be asked, or None.
        adopted: False while only the active bundle knows it and nobody decided anything in it.
        learned: False for groups that are kept out of training until asked (*Keywords*).
    """

    num: int
    id: str
    name: str
    kind: Kind
    gate: int | None = None
    position: int = 0
    adopted: bool = True
    learned: bool = True


@dataclass(frozen=True, slots=True)
class Label:
    """One possible answer of one group; `group` and `parent` are nums."""

    num: int
    id: str
    group: int
    name: str
    parent: int | None = None
    synonyms: tuple[str, ...] = ()
    position: int = 0
    adopted: bool = True


class Schema:
    """All groups and labels at one moment; never changes after it was made.

    Attributes:
        groups: num → Group, in display order.
        labels: num → Label, in display order within each group.
        redirects: id of a merged label → id of the label that took it in.
    """

    def __init__(
        self,
        groups: Iterable[Group] = (),
        labels: Iterable[Label] = (),
        redirects: Mapping[str, str] | None = None,
    ) -> None:
        self.groups = {g.num: g for g in sorted(groups, key=lambda g: (g.position, g.num))}
        ordered = sorted(
            (label for label in labels if label.group in self.groups),
            key=lambda label: (self.groups[label.group].position, label.position, label.num),
        )
        self.labels = {label.num: label for label in ordered}
        self.redirects = dict(redirects or {})

    @cached_property
    def _labels_by_group(self) -> dict[int, list[Label]]:
        found: dict[int, list[Label]] = {num: [] for num in self.groups}
        for label in self.labels.values():
            found[label.group].append(label)
        return found

    @cached_property
    def _names(self) -> dict[tuple[int, str], int]:
        names: dict[tuple[int, str], int] = {}
        for label in self.labels.values():
            for synonym in label.synonyms:
                names.setdefault((label.group, fold_name(synonym)), label.num)
        for label in self.labels.values():  # a name beats another label's synonym
            names[label.group, fold_name(label.name)] = label.num
        return names

    @cached_property
    def _label_ids(self) -> dict[str, int]:
        return {label.id: label.num for label in self.labels.values()}

    @cached_property
    def _group_ids(self) -> dict[str, int]:
        return {group.id: group.num for group in self.groups.values()}

    @cached_property
    def _children(self) -> dict[int, list[int]]:
        children: dict[int, list[int]] = {}
        for label in self.labels.values():
            if label.parent in self.labels:
                children.setdefault(label.parent, []).append(label.num)
        return children

    def labels_of(self, group: int) -> list[Label]:
        """Return the labels of a group in display order."""
        return self._labels_by_group.get(group, [])

    def group_named(self, name: str) -> Group | None:
        """Find a group by name, ignoring case, spaces, `_` and `-`."""
        folded = fold_name(name)
        return next((g for g in self.groups.values() if fold_name(g.name) == folded), None)

    def label_named(self, group: int, name: str) -> Label | None:
        """Find a label of a group by name or synonym, ignoring case, spaces, `_` and `-`."""
        num = self._names.get((group, fold_name(name)))
        return None if num is None else self.labels[num]

    def group_by_id(self, group_id: str) -> Group | None:
        """Find a group by its permanent id."""
        num = self._group_ids.get(group_id)
        return None if num is None else self.groups[num]

    def label_by_id(self, label_id: str) -> Label | None:
        """Find a label by its permanent id, following the redirects of merged labels."""
        for _ in range(len(self.redirects) + 1):
            num = self._label_ids.get(label_id)
            if num is not None:
                return self.labels[num]
            if label_id not in self.redirects:
                return None
            label_id = self.redirects[label_id]
        return None

    def children(self, label: int) -> list[int]:
        """Return the nums of the labels whose parent is `label`."""
        return self._children.get(label, [])

    def descendants(self, label: int) -> list[int]:
        """Return the nums of all labels below `label`, nearest first."""
        if label not in self._children:
            return []
        found: list[int] = []
        waiting = list(self.children(label))
        while waiting:
            num = waiting.pop(0)
            if num not in found and num != label:
                found.append(num)
                waiting.extend(self.children(num))
        return found

    def ancestors(self, label: int) -> list[int]:
        """Return the nums of parent, grandparent and so on, nearest first."""
        found: list[int] = []
        parent = self.labels[label].parent
        while parent is not None and parent in self.labels and parent not in found:
            found.append(parent)
            parent = self.labels[parent].parent
        return found

    def would_cycle(self, label: int, parent: int | None) -> bool:
        """Say whether giving `label` that parent would make a label its own ancestor."""
        return parent is not None and (parent == label or parent in self.descendants(label))

    def title(self, label: int) -> str:
        """Return `group/name`, the form in which a label is written out of its group."""
        found = self.labels[label]
        return f"{self.groups[found.group].name}/{found.name}"
