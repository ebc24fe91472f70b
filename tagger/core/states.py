"""The state of (photo, label), derived from decisions, reviews, scores and thresholds (DESIGN §2).

One rule serves the whole folder (few labels, all photos) and the open photo (all labels, one
photo): a matrix of labels × photos.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    for row, label in enumerate(labels):
        out[row] = _decided(facts, label, slots, count)
    return out


def _decided(facts: Facts, label: int, slots: Slots | None, count: int) -> NDArray[np.uint8]:
    out = np.zeros(count, np.uint8)
    out[_absent(facts, label, slots, count)] = State.ABSENT
    for child in facts.schema.descendants(label):
        out[_verdicts(facts, child, slots) == Verdict.CONFIRMED] = State.IMPLIED
    explicit = _verdicts(facts, label, slots)
    out[explicit == Verdict.CONFIRMED] = State.CONFIRMED
    out[explicit == Verdict.REJECTED] = State.REJECTED
    out[explicit == Verdict.UNSURE] = State.UNSURE
    return out


def _verdicts(facts: Facts, label: int, slots: Slots | None) -> NDArray[np.int8]:
    if slots is None:
        return verdicts_of(facts.decisions.column(label, facts.slots))
    return verdicts_of(facts.decisions.codes(slots, label))


def _absent(facts: Facts, label: int, slots: Slots | None, count: int) -> Bools:
    out = np.zeros(count, bool)
    offering = facts.reviews.sets_with(label)
    if len(offering):
        reviewed = facts.reviews.column(facts.schema.labels[label].group, facts.slots, slots)
        out |= np.isin(reviewed, offering)
    for ancestor in facts.schema.ancestors(label):
        out |= _verdicts(facts, ancestor, slots) == Verdict.REJECTED
    return out


def states(facts: Facts, labels: Sequence[int], slots: Slots | None = None) -> NDArray[np.uint8]:
    """Return the full states of labels: uint8 [labels, photos].

    `labels` are nums of any groups; `slots` the photos to look at, None for all.
    """
    out = decided_states(facts, labels, slots)
    gates: dict[int, Bools | None] = {}
    for row, label in enumerate(labels):
        group = facts.schema.labels[label].group
        if group not in gates:
            gates[group] = gate_open(facts, group, slots)
        mask = _over_threshold(facts, label, slots)
        if mask is None:
            continue
        mask &= out[row] == State.UNTOUCHED
        gate = gates[group]
        if gate is not None:
            mask &= gate
        if facts.schema.groups[group].kind == "single" and mask.any():
            mask &= best_open_label(facts, group, slots) == label
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
    top = facts.scores.top(group)
    count = facts.slots if slots is None else len(slots)
    best = np.full(count, -1, np.int32)
    if top is not None:
        known = top if slots is None else top[slots[slots < len(top)]]
        best[: len(known)] = known[:count]
    labels = [label.num for label in facts.schema.labels_of(group)]
    none = np.empty(0, np.int64)
    decided = np.unique(np.concatenate([none, *(_decided_photos(facts, num) for num in labels)]))
    rows = decided if slots is None else np.flatnonzero(np.isin(slots, decided))
    rows = rows[rows < count]
    if len(rows) and labels:
        best[rows] = _best_among(facts, labels, rows if slots is None else slots[rows])
    return best


def _decided_photos(facts: Facts, label: int) -> Slots:
    below = [facts.decisions.of_label(num)[0] for num in facts.schema.descendants(label)]
    above = [facts.decisions.of_label(num)[0] for num in facts.schema.ancestors(label)]
    return np.concatenate([facts.decisions.of_label(label)[0], *below, *above])


def _best_among(facts: Facts, labels: Sequence[int], slots: Slots) -> NDArray[np.int32]:
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
