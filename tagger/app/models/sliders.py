"""Threshold sliders: how far suggestions change for the whole folder while one is dragged."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tagger.app.models.chores import Chore
from tagger.app.models.session import Session
from tagger.core.states import State, best_open_label, decided_states, gate_open
from tagger.core.thresholds import Thresholds

REACH = 4.0
"""A slider reaches this many logits to both sides; for one label, ± from its bundle's value."""

_AT_ONCE = 4


@dataclass(frozen=True)
class Scope:
    """What a slider moves: one label, one group, or (both None) everything."""

    group: int | None = None
    label: int | None = None


class ChangeCount:
    """How many photos change their suggestions when the thresholds of a scope are shifted.

    For each photo only two numbers matter: how far the thresholds may rise before it loses its
    first suggestion, and how far they may fall before it gains one.
    """

    def __init__(self) -> None:
        self._losing: NDArray[np.float32] = np.empty(0, np.float32)
        self._gaining: NDArray[np.float32] = np.empty(0, np.float32)
        self.ready = False

    def prepare(self, session: Session, scope: Scope) -> Chore:
        """Compute it for the thresholds as they are when it begins, in slices."""
        facts = session.library.facts
        count, thresholds = facts.slots, facts.thresholds
        losing = np.full(count, np.inf, np.float32)
        gaining = np.full(count, np.inf, np.float32)
        for group, labels, asked in _asked_labels(session, scope):
            single = facts.schema.groups[group].kind == "single"
            best = best_open_label(facts, group) if single else None
            for start in range(0, len(labels), _AT_ONCE):
                yield
                chunk = labels[start : start + _AT_ONCE]
                if facts.slots != count or any(num not in facts.schema.labels for num in chunk):
                    return
                for label, row in zip(chunk, decided_states(facts, chunk), strict=True):
                    logits = facts.scores.logits(label, None)
                    if logits is None:
                        continue
                    here = asked & (row == State.UNTOUCHED)
                    if best is not None:
                        here &= best == label
                    margin = logits.astype(np.float32) - np.float32(thresholds.of(label, group))
                    margin[~here] = np.nan
                    np.fmin(losing, np.where(margin >= 0, margin, np.inf), out=losing)
                    np.fmin(gaining, np.where(margin < 0, -margin, np.inf), out=gaining)
        present = session.library.photos.present
        if len(present) != count:
            return
        self._losing = np.sort(losing[present])
        self._gaining = np.sort(gaining[present])
        self.ready = True

    def at(self, shift: float) -> int:
        """Return how many photos change if the thresholds are raised by `shift` logits."""
        if shift > 0:
            return int(np.searchsorted(self._losing, np.float32(shift), "left"))
        return int(np.searchsorted(self._gaining, np.float32(-shift), "right")) if shift else 0


def _asked_labels(session: Session, scope: Scope) -> list[tuple[int, list[int], NDArray[np.bool_]]]:
    """Return (group, labels of the scope, bool [slots] where it is asked and not an audit)."""
    facts = session.library.facts
    found = []
    for group in facts.schema.groups:
        labels = [label.num for label in facts.schema.labels_of(group)]
        if scope.label is not None:
            labels = [scope.label] if scope.label in labels else []
        if not labels or scope.group not in (None, group):
            continue
        gate = gate_open(facts, group)
        asked = np.ones(facts.slots, bool) if gate is None else gate.copy()
        asked &= ~(session.audit & (facts.reviews.column(group, facts.slots) == 0))
        found.append((group, labels, asked))
    return found


def value_of(session: Session, scope: Scope) -> float:
    """Return where a slider stands, in logits; 0 is what the model came with.

    For a label: how far its own threshold was moved, sliders of group and folder aside.
    """
    thresholds = session.library.facts.thresholds
    if scope.label is not None:
        base = thresholds.base.get(scope.label, 0.0)
        return thresholds.hand.get(scope.label, base) - base
    if scope.group is not None:
        return thresholds.group_shifts.get(scope.group, 0.0)
    return thresholds.global_shift


def shifted(thresholds: Thresholds, scope: Scope, value: float) -> Thresholds:
    """Return thresholds with one slider at another value, in memory only."""
    if scope.label is not None:
        own = thresholds.base.get(scope.label, 0.0) + value
        return replace(thresholds, hand={**thresholds.hand, scope.label: own})
    if scope.group is not None:
        shifts = {**thresholds.group_shifts, scope.group: value}
        return replace(thresholds, group_shifts=shifts)
    return replace(thresholds, global_shift=value)


def drag(session: Session, scope: Scope, value: float) -> None:
    """Show what a slider's value would do; nothing is stored yet."""
    facts = session.library.facts
    facts.thresholds = shifted(facts.thresholds, scope, value)


def keep(session: Session, scope: Scope, value: float) -> None:
    """Store a slider's value."""
    library = session.library
    if scope.label is not None:
        base = library.facts.thresholds.base.get(scope.label, 0.0)
        library.set_threshold(scope.label, None if abs(value) < 1e-6 else base + value)
    elif scope.group is not None:
        library.set_group_shift(scope.group, value)
    else:
        library.set_global_shift(value)
    session.thresholds_changed.emit()
