"""The state of (photo, label), derived from decisions, reviews, scores and thresholds (DESIGN §2).

One rule serves the whole folder (few labels, all photos) and the open photo (all labels, one
photo): a matrix of labels × photos.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tagger.core.decisions import DecisionTable, ReviewTable, Verdict, verdicts_of
from tagger.core.schema import Schema
from tagger.core.thresholds import Thresholds

Slots = NDArray[np.int64]
Bools = NDArray[np.bool_]


class State(IntEnum):
    """The seven states a (photo, label) can be in."""

    UNTOUCHED = 0
    SUGGESTED = 1
    CONFIRMED = 2
    IMPLIED = 3
    REJECTED = 4
    UNSURE = 5
    ABSENT = 6


_STATE_OF_VERDICT = np.array(
    [State.UNTOUCHED, State.CONFIRMED, State.REJECTED, State.UNSURE], np.uint8
)

_FEW_PHOTOS = 2000
"""Up to that many photos their own decisions are looked up rather than those of every label."""


class ScoreSource(Protocol):
    """Where the stored logits of the active bundle come from."""

    def logits(self, label: int, slots: Slots | None) -> NDArray[np.float16] | None:
        """Return float16 logits [photos] of a label (NaN = not computed), None if not scored."""

    def top(self, group: int) -> NDArray[np.int32] | None:
        """Return the best scored label num of every photo: int32 [slots], −1 = none."""


class NoScores:
    """A library without a model."""

    def logits(self, label: int, slots: Slots | None) -> None:
        """No label has scores."""

    def top(self, group: int) -> None:
        """No group has a best label."""


@dataclass
class Facts:
    """Everything states are derived from; `slots` is the number of photo slots."""

    schema: Schema = field(default_factory=Schema)
    decisions: DecisionTable = field(default_factory=DecisionTable)
    reviews: ReviewTable = field(default_factory=ReviewTable)
    slots: int = 0
    scores: ScoreSource = field(default_factory=NoScores)
    thresholds: Thresholds = field(default_factory=Thresholds)


def decided_states(
    facts: Facts, labels: Sequence[int], slots: Slots | None = None
) -> NDArray[np.uint8]:
    """Return states without suggestions: uint8 [labels, photos] (`UNTOUCHED` where undecided).

    Explicit beats implied beats absent; a rejected ancestor makes a label absent.
    """
    count = facts.slots if slots is None else len(slots)
    out = np.zeros((len(labels), count), np.uint8)
    rows = {label: row for row, label in enumerate(labels)}
    _mark_reviewed(facts, rows, slots, out)
    decided = list(_decisions(facts, labels, slots))
    for label, photos, verdicts in decided:
        below = photos[verdicts == Verdict.REJECTED]
        _mark(out, rows, facts.schema.descendants(label), below, State.ABSENT)
    for label, photos, verdicts in decided:
        above = photos[verdicts == Verdict.CONFIRMED]
        _mark(out, rows, facts.schema.ancestors(label), above, State.IMPLIED)
    for label, photos, verdicts in decided:
        if label in rows:
            out[rows[label], photos] = _STATE_OF_VERDICT[verdicts]
    return out


def _mark(
    out: NDArray[np.uint8],
    rows: Mapping[int, int],
    labels: Sequence[int],
    photos: Slots,
    state: State,
) -> None:
    if len(photos):
        for label in labels:
            if label in rows:
                out[rows[label], photos] = state


def _mark_reviewed(
    facts: Facts, rows: Mapping[int, int], slots: Slots | None, out: NDArray[np.uint8]
) -> None:
    """Mark what was on offer at a review and is not decided as absent."""
    by_group: dict[int, list[int]] = {}
    for label in rows:
        by_group.setdefault(facts.schema.labels[label].group, []).append(label)
    for group, labels in by_group.items():
        reviewed = facts.reviews.column(group, facts.slots, slots)
        for number in facts.reviews.sets_in(reviewed):
            offered = facts.reviews.label_sets.get(number, frozenset())
            marked = np.array([rows[label] for label in labels if label in offered], np.int64)
            if len(marked):
                out[np.ix_(marked, np.flatnonzero(reviewed == number))] = State.ABSENT


_Decided = tuple[int, Slots, NDArray[np.int8]]


def _decisions(facts: Facts, labels: Sequence[int], slots: Slots | None) -> Iterator[_Decided]:
    """Yield (label, columns, verdicts) of the labels that bear on the given ones."""
    if slots is not None and len(slots) <= _FEW_PHOTOS:
        yield from _decisions_of_photos(facts.decisions, slots)
        return
    for label in _related(facts.schema, labels):
        if slots is None:
            photos, codes = facts.decisions.of_label(label)
        else:
            column = facts.decisions.codes(slots, label)
            photos = np.flatnonzero(column)
            codes = column[photos]
        if len(photos):
            yield label, photos, verdicts_of(codes)


def _decisions_of_photos(decisions: DecisionTable, slots: Slots) -> Iterator[_Decided]:
    found = [decisions.of_photo(int(slot)) for slot in slots]
    labels = np.concatenate([nums for nums, _ in found] or [np.empty(0, np.int64)])
    codes = np.concatenate([codes for _, codes in found] or [np.empty(0, np.int8)])
    columns = np.repeat(np.arange(len(found)), [len(nums) for nums, _ in found])
    for label in np.unique(labels):
        mine = labels == label
        yield int(label), columns[mine], verdicts_of(codes[mine])


def _related(schema: Schema, labels: Sequence[int]) -> list[int]:
    related = dict.fromkeys(labels)
    for label in labels:
        related.update(dict.fromkeys(schema.ancestors(label)))
        related.update(dict.fromkeys(schema.descendants(label)))
    return list(related)


def states(facts: Facts, labels: Sequence[int], slots: Slots | None = None) -> NDArray[np.uint8]:
    """Return the full states of labels: uint8 [labels, photos].

    `labels` are nums of any groups; `slots` the photos to look at, None for all.
    """
    out = decided_states(facts, labels, slots)
    by_group: dict[int, list[int]] = {}
    for row, label in enumerate(labels):
        by_group.setdefault(facts.schema.labels[label].group, []).append(row)
    for group, rows in by_group.items():
        gate = gate_open(facts, group, slots)
        single = facts.schema.groups[group].kind == "single"
        best: NDArray[np.int32] | None = None
        for row in rows:
            mask = _over_threshold(facts, labels[row], slots)
            if mask is None:
                continue
            mask &= out[row] == State.UNTOUCHED
            if gate is not None:
                mask &= gate
            if single and mask.any():
                best = best_open_label(facts, group, slots) if best is None else best
                mask &= best == labels[row]
            out[row][mask] = State.SUGGESTED
    return out


def gate_open(
    facts: Facts, group: int, slots: Slots | None = None, _above: tuple[int, ...] = ()
) -> Bools | None:
    """Say for which photos a group is asked: bool [photos], or None if it has no gate."""
    gate = facts.schema.groups[group].gate
    if gate is None or gate not in facts.schema.labels or group in _above:
        return None
    decided = decided_states(facts, [gate], slots)[0]
    is_open = np.isin(decided, (State.CONFIRMED, State.IMPLIED))
    over = _over_threshold(facts, gate, slots)
    if over is None:
        return is_open
    suggested = over & (decided == State.UNTOUCHED)
    above = gate_open(facts, facts.schema.labels[gate].group, slots, (*_above, group))
    return is_open | (suggested if above is None else suggested & above)


def best_open_label(facts: Facts, group: int, slots: Slots | None = None) -> NDArray[np.int32]:
    """Return the label a single group suggests first, thresholds aside: int32 [photos], −1 none.

    The best scored label that is still undecided; −1 where one is confirmed or implied already.
    """
    labels = [label.num for label in facts.schema.labels_of(group)]
    if slots is not None and len(slots) <= _FEW_PHOTOS:
        return _best_among(facts, labels, slots)
    top = facts.scores.top(group)
    count = facts.slots if slots is None else len(slots)
    best = np.full(count, -1, np.int32)
    if top is not None:
        known = top if slots is None else top[slots[slots < len(top)]]
        best[: len(known)] = known[:count]
    found = [facts.decisions.of_label(num)[0] for num in _related(facts.schema, labels)]
    decided = np.unique(np.concatenate([np.empty(0, np.int64), *found]))
    rows = decided if slots is None else np.flatnonzero(np.isin(slots, decided))
    rows = rows[rows < count]
    if len(rows) and labels:
        best[rows] = _best_among(facts, labels, rows if slots is None else slots[rows])
    return best


def _best_among(facts: Facts, labels: Sequence[int], slots: Slots) -> NDArray[np.int32]:
    if not labels:
        return np.full(len(slots), -1, np.int32)
    decided = decided_states(facts, labels, slots)
    logits = np.full(decided.shape, -np.inf, np.float32)
    for row, label in enumerate(labels):
        scored = facts.scores.logits(label, slots)
        if scored is not None:
            logits[row] = np.nan_to_num(scored.astype(np.float32), nan=-np.inf)
    logits[decided != State.UNTOUCHED] = -np.inf
    best = np.array(labels, np.int32)[logits.argmax(axis=0)]
    closed = np.isin(decided, (State.CONFIRMED, State.IMPLIED)).any(axis=0)
    return np.where(closed | ~np.isfinite(logits.max(axis=0)), -1, best).astype(np.int32)


def _over_threshold(facts: Facts, label: int, slots: Slots | None) -> Bools | None:
    scored = facts.scores.logits(label, slots)
    if scored is None:
        return None
    threshold = facts.thresholds.of(label, facts.schema.labels[label].group)
    return scored.astype(np.float32) >= threshold


def contradictions(facts: Facts) -> list[tuple[int, int, int]]:
    """List (photo, confirmed label, rejected ancestor) where a child was confirmed against it."""
    found: list[tuple[int, int, int]] = []
    for label in facts.schema.labels.values():
        photos, codes = facts.decisions.of_label(label.num)
        confirmed = photos[verdicts_of(codes) == Verdict.CONFIRMED]
        for ancestor in facts.schema.ancestors(label.num) if len(confirmed) else []:
            no = verdicts_of(facts.decisions.codes(confirmed, ancestor))
            against = confirmed[no == Verdict.REJECTED]
            found.extend((int(photo), label.num, ancestor) for photo in against)
    return found
