"""An act in the making: decisions, reviews and schema changes collected, then committed as one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagger.core.decisions import Verdict, by_person, is_confirmed, verdicts_of
from tagger.core.names import utc_now
from tagger.core.schema import Group, Label
from tagger.core.states import Facts
from tagger.library.acts import ActResult, Change

MANY_LABELS = 500
"""A group with more labels than this does not put all of them into a review's label set."""


class Keeper(Protocol):
    """Where drafts are committed: what a draft needs of a library."""

    facts: Facts
    author: str

    @property
    def bundle_id(self) -> str | None:
        """The model in use, None without one."""

    def label_set(self, group: int, labels: Sequence[int]) -> int:
        """Return the number of a set of labels, kept once."""

    def commit(self, description: str, changes: Sequence[Change], source: str) -> Future[ActResult]:
        """Write changes as one act."""


@dataclass(frozen=True)
class CommittedAct:
    """A committed act: already visible in the arrays, on disk when `saved` is done.

    Attributes:
        changes: the rows written.
        conflicts: decisions left out because a person had said otherwise.
    """

    saved: Future[ActResult]
    changes: list[Change]
    conflicts: int


class Draft:
    """Collects the changes of one act; nothing happens before `commit`.

    A draft whose source is not `person` never turns a person's verdict around, unless
    `override`; what it left out is counted in `conflicts`.
    """

    def __init__(
        self, library: Keeper, description: str, source: str, override: bool = False
    ) -> None:
        self._library = library
        self._facts = library.facts
        self.description = description
        self.source = source
        self.override = override
        self.conflicts = 0
        self.time = utc_now()
        self.name_cache: dict[tuple[int, str], int] = {}
        self._rows: dict[tuple[str, int, int], list[Any] | None] = {}
        self.groups = dict(self._facts.schema.groups)
        self.labels = dict(self._facts.schema.labels)

    def decide(
        self,
        photos: ArrayLike,
        label: int,
        verdict: Verdict,
        scores: ArrayLike | None = None,
    ) -> int:
        """Give (photos, label) a verdict; `Verdict.NONE` takes the decision away.

        `photos` are slots (one or many); `scores` the probabilities of the suggestions this
        answers (NaN or None: it answered none). In a single group a confirmation takes other
        confirmations away and reviews the group. Returns the number of photos written.
        """
        slots = np.atleast_1d(np.asarray(photos, np.int64))
        given = np.full(len(slots), np.nan) if scores is None else np.asarray(scores, float)
        given = np.broadcast_to(given, slots.shape)
        allowed = self._allowed(slots, label, verdict)
        slots, given = slots[allowed], given[allowed]
        group = self._group_of(label)
        if verdict == Verdict.CONFIRMED and group.kind == "single":
            slots, given = self._replace_in_single(slots, given, label)
            self.review(slots, group.num)
        self._put_decisions(slots, label, verdict, given)
        if verdict != Verdict.NONE and len(slots):
            self.adopt(label)
        return len(slots)

    def _put_decisions(
        self, slots: NDArray[np.int64], label: int, verdict: Verdict, scores: NDArray[np.float64]
    ) -> None:
        """Write the rows of one verdict; those that answered no suggestion share one value."""
        keys = [("decision", slot, label) for slot in slots.tolist()]
        if verdict == Verdict.NONE:
            self._rows.update(dict.fromkeys(keys))
            return
        origin = [int(verdict), self.source, self._library.author, self.time]
        self._rows.update({key: [*origin, None, None] for key in keys})
        bundle = self._library.bundle_id
        for at in np.flatnonzero(~np.isnan(scores)).tolist():
            self._rows[keys[at]] = [*origin, bundle, round(float(scores[at]), 4)]

    def _allowed(self, slots: NDArray[np.int64], label: int, verdict: Verdict) -> NDArray[np.bool_]:
        if self.source == "person":
            return np.ones(len(slots), bool)
        codes = self._facts.decisions.codes(slots, label)
        person = by_person(codes)
        other = person & (verdicts_of(codes) != int(verdict))
        if self.override:
            return ~(person & ~other)
        self.conflicts += int(other.sum())
        return ~person

    def _replace_in_single(
        self, slots: NDArray[np.int64], scores: NDArray[np.float64], label: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        kept = np.ones(len(slots), bool)
        others = []
        for sibling in self._siblings(label):
            codes = self._facts.decisions.codes(slots, sibling)
            confirmed = is_confirmed(codes)
            if self.source != "person" and not self.override:
                kept &= ~(confirmed & by_person(codes))
            others.append((sibling, confirmed))
        self.conflicts += int((~kept).sum())
        for sibling, confirmed in others:
            for slot in slots[kept & confirmed].tolist():
                self._rows["decision", slot, sibling] = None
        chosen = set(slots[kept].tolist())
        for kind, slot, other in list(self._rows):  # what this act itself confirmed before
            if kind == "decision" and other != label and slot in chosen:
                pending = self._rows[kind, slot, other]
                same = self.labels[other].group == self.labels[label].group
                if same and pending and pending[0] == Verdict.CONFIRMED:
                    self._rows[kind, slot, other] = None
        return slots[kept], scores[kept]

    def _siblings(self, label: int) -> list[int]:
        group = self.labels[label].group
        return [
            other.num
            for other in self.labels.values()
            if other.group == group and other.num != label
        ]

    def review(self, photos: ArrayLike, group: int, labels: Iterable[int] | None = None) -> None:
        """Mark photos as reviewed in a group, for the labels on offer (or those given)."""
        offered = self._offered(group) if labels is None else sorted(set(labels))
        if not offered:
            return
        for label in offered:
            self.adopt(label)
        number = self._library.label_set(group, offered)
        value = [number, self.source, self._library.author, self.time]
        for slot in np.atleast_1d(np.asarray(photos, np.int64)).tolist():
            self._rows["reviewed", slot, group] = value

    def unreview(self, photos: ArrayLike, group: int) -> None:
        """Take the review of photos in a group away."""
        for slot in np.atleast_1d(np.asarray(photos, np.int64)).tolist():
            self._rows["reviewed", slot, group] = None

    def _offered(self, group: int) -> list[int]:
        labels = [label for label in self.labels.values() if label.group == group]
        if len(labels) > MANY_LABELS:
            labels = [label for label in labels if label.adopted]
        return sorted(label.num for label in labels)

    def set_split(self, photos: Sequence[int], values: Sequence[str | None]) -> None:
        """Store the user's own split of photos, verbatim."""
        for slot, value in zip(photos, values, strict=True):
            self._rows["split", int(slot), 0] = [value]

    def put_group(self, group: Group, deleted: bool = False) -> None:
        """Write a group's row."""
        self.groups[group.num] = group
        self._rows["group", group.num, 0] = [
            group.id,
            group.name,
            group.kind,
            group.gate,
            group.position,
            int(group.adopted),
            int(group.learned),
            int(deleted),
        ]
        if deleted:
            del self.groups[group.num]

    def put_label(self, label: Label, deleted: bool = False, redirect: str | None = None) -> None:
        """Write a label's row; `redirect` is the id of the label that took it in."""
        self.labels[label.num] = label
        self._rows["label", label.num, 0] = [
            label.id,
            label.group,
            label.name,
            label.parent,
            json.dumps(list(label.synonyms), ensure_ascii=False),
            label.position,
            int(label.adopted),
            int(deleted),
            redirect,
        ]
        if deleted:
            del self.labels[label.num]

    def put_row(self, kind: str, a: int, b: int, value: list[Any] | None) -> None:
        """Write a row as it is (used where rows are moved, as in a merge)."""
        self._rows[kind, a, b] = value

    def adopt(self, num: int) -> None:
        """Take a label that only a model offered into the schema, with its group and parents."""
        label = self.labels[num]
        if not label.adopted:
            self.put_label(replace(label, adopted=True))
        group = self.groups[label.group]
        if not group.adopted:
            self.put_group(replace(group, adopted=True))
            if group.gate in self.labels:
                self.adopt(group.gate)
        if label.parent in self.labels and not self.labels[label.parent].adopted:
            self.adopt(label.parent)

    def _group_of(self, label: int) -> Group:
        return self.groups[self.labels[label].group]

    @property
    def is_empty(self) -> bool:
        """Whether the act would change nothing that was asked for."""
        return not self._rows

    def commit(self) -> CommittedAct:
        """Make the act happen: visible at once, written in the background as one transaction."""
        changes = [Change(kind, a, b, value) for (kind, a, b), value in self._rows.items()]
        saved = self._library.commit(self.description, changes, self.source)
        return CommittedAct(saved, changes, self.conflicts)
