"""What the right panel says of one photo: its groups, their labels, states and scores.

The order of labels is frozen while a photo is open, so that a key always means the same label.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from tagger.app.models.session import Session
from tagger.core.decisions import Verdict, verdicts_of
from tagger.core.schema import Group, Kind
from tagger.core.states import State, gate_open
from tagger.core.thresholds import sigmoid

RANKED = 5
"""So many labels of a single group are on show; a small group shows all of its own."""

SMALL_GROUP = 10
NUMBERS = 18
"""Labels with a key: 1–9, and 1–9 with Alt."""

_RANK_OF_STATE = {
    State.SUGGESTED: 0,
    State.CONFIRMED: 1,
    State.IMPLIED: 2,
    State.UNSURE: 3,
    State.REJECTED: 4,
    State.ABSENT: 5,
    State.UNTOUCHED: 5,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One label on the board.

    Attributes:
        score: probability, NaN where there is none (or it is not to be shown).
        over: whether the score passes the threshold, whatever was decided.
        number: its key, 1–9, 10–18 with Alt, 0 = none.
    """

    label: int
    name: str
    state: State
    score: float = math.nan
    over: bool = False
    number: int = 0


@dataclass(frozen=True, slots=True)
class GroupBoard:
    """One group on the board.

    Attributes:
        note: why it is folded away, or that there is nothing in it; may be empty.
        asked: whether its gate is open (always, without a gate).
        folded: whether the user folded it; Enter leaves folded groups alone.
        reviewed: whether the photo was reviewed in it.
    """

    group: int
    name: str
    kind: Kind
    entries: tuple[Entry, ...] = ()
    note: str = ""
    asked: bool = True
    folded: bool = False
    reviewed: bool = False

    @property
    def shown(self) -> bool:
        """Whether its labels are on show, and so answered by Enter."""
        return self.asked and not self.folded


class Board:
    """The board of the open photo.

    Attributes:
        slot: the photo, −1 = none.
        groups: its groups in display order.
        focus: num of the focused label, −1 = none.
        audit: the photo belongs to the audit set and has undecided groups.
        folded: nums of groups the user folded.
        show_rejected: whether labels rejected earlier are on show.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.slot = -1
        self.groups: tuple[GroupBoard, ...] = ()
        self.focus = -1
        self.audit = False
        self.folded: set[int] = set()
        self.show_rejected = False
        self._order: dict[int, list[int]] = {}
        self._numbers: dict[int, int] = {}

    def open(self, slot: int, prefer: int | None = None) -> None:
        """Open a photo; the focus goes to `prefer` if it is suggested, else to the best."""
        self.slot = slot
        self._order = {}
        self._numbers = {}
        self.update()
        suggested = [e.label for e in self.entries() if e.state == State.SUGGESTED]
        if prefer in suggested:
            self.focus = int(prefer or 0)
        else:
            self.focus = suggested[0] if suggested else -1

    def update(self) -> None:
        """Bring the open photo up to date; labels keep their places, new ones go to the end."""
        if self.slot < 0 or self.slot >= self._session.library.facts.slots:
            self.groups = ()
            return
        logits = self._session.logits_of(self.slot)
        schema = self._session.library.facts.schema
        decided, codes = self._session.library.facts.decisions.of_photo(self.slot)
        verdicts = dict(zip(decided.tolist(), verdicts_of(codes).tolist(), strict=True))
        self.audit = False
        found = [self._group(group, logits, verdicts) for group in schema.groups.values()]
        self.groups = tuple(self._numbered(group) for group in found if group is not None)
        if self.focus not in (entry.label for entry in self.entries()):
            self.focus = -1

    def _group(
        self, group: Group, logits: dict[int, float], verdicts: dict[int, int]
    ) -> GroupBoard | None:
        facts = self._session.library.facts
        at = np.array([self.slot])
        reviewed = bool(facts.reviews.column(group.num, facts.slots, at)[0])
        hidden = bool(self._session.audit[self.slot]) and not reviewed
        self.audit |= hidden
        gate = gate_open(facts, group.num, at)
        asked = gate is None or bool(gate[0])
        entries = self._entries(group, {} if hidden else logits, verdicts)
        if not group.learned and not entries:
            return None
        board = GroupBoard(
            group.num,
            group.name,
            group.kind,
            entries,
            "",
            asked,
            group.num in self.folded,
            reviewed,
        )
        return replace(board, note=self._note(group, board))

    def _note(self, group: Group, board: GroupBoard) -> str:
        labels = self._session.library.facts.schema.labels
        if not board.asked and group.gate in labels:
            return f"Asked only where “{labels[group.gate].name}” holds."
        if board.folded:
            return "Folded away: Enter leaves this group alone."
        if not board.entries:
            return "Nothing in it." if board.reviewed else "Nothing suggested."
        if (
            board.kind == "single"
            and board.reviewed
            and not any(e.state in (State.CONFIRMED, State.IMPLIED) for e in board.entries)
        ):
            return "None of these."
        return ""

    def _entries(
        self, group: Group, logits: dict[int, float], verdicts: dict[int, int]
    ) -> tuple[Entry, ...]:
        schema = self._session.library.facts.schema
        members = {label.num: label for label in schema.labels_of(group.num)}
        likely = {
            num for num, z in logits.items() if num in members and z >= self._session.threshold(num)
        }
        wanted = likely | (verdicts.keys() & members.keys()) | set(self._order.get(group.num, ()))
        for num, verdict in verdicts.items():
            if verdict == Verdict.CONFIRMED and num in schema.labels:
                wanted.update(a for a in schema.ancestors(num) if a in members)
        if group.kind == "single":
            wanted |= _ranked(members, logits, verdicts)
        labels = sorted(wanted & members.keys())
        states = self._session.states(labels, np.array([self.slot])) if labels else np.empty((0, 1))
        entries = {
            num: Entry(
                num,
                members[num].name,
                State(int(state)),
                float(sigmoid(logits[num])) if num in logits else math.nan,
                num in likely,
            )
            for num, state in zip(labels, states[:, 0], strict=True)
        }
        return tuple(entries[num] for num in self._placed(group, entries))

    def _placed(self, group: Group, entries: dict[int, Entry]) -> list[int]:
        """Return the labels on show in their frozen order, and freeze the new ones."""
        order = self._order.setdefault(group.num, [])
        fresh = [entry for num, entry in entries.items() if num not in order]
        fresh = [entry for entry in fresh if self._worth_showing(group, entry)]
        order += [entry.label for entry in sorted(fresh, key=_rank(group))]
        return [num for num in order if num in entries]

    def _worth_showing(self, group: Group, entry: Entry) -> bool:
        if entry.state == State.REJECTED:
            return self.show_rejected or group.kind == "single"
        if group.kind == "single":
            return True
        return entry.state not in (State.UNTOUCHED, State.ABSENT)

    def _numbered(self, group: GroupBoard) -> GroupBoard:
        """Give the labels on show their number keys; what has one keeps it."""
        if not group.shown:
            return group
        entries = []
        for entry in group.entries:
            known = entry.label in self._numbers
            if not known and entry.state != State.IMPLIED and len(self._numbers) < NUMBERS:
                self._numbers[entry.label] = len(self._numbers) + 1
            entries.append(replace(entry, number=self._numbers.get(entry.label, 0)))
        return replace(group, entries=tuple(entries))

    # -- asking ------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """Return the labels of all groups on show, in display order."""
        return [entry for group in self.groups if group.shown for entry in group.entries]

    def entry(self, label: int) -> Entry | None:
        """Return a label's entry, if it is on show."""
        return next((entry for entry in self.entries() if entry.label == label), None)

    def numbered(self, number: int) -> Entry | None:
        """Return the entry that a number key means."""
        return next((entry for entry in self.entries() if entry.number == number), None)

    def group_with(self, label: int) -> GroupBoard | None:
        """Return the group in which a label is on show."""
        for group in self.groups:
            if any(entry.label == label for entry in group.entries):
                return group
        return None

    def single_group(self) -> GroupBoard | None:
        """Return the single group that *none of these* answers.

        The focused one, else the first on show that is not answered, else the first on show.
        """
        focused = self.group_with(self.focus)
        if focused is not None and focused.kind == "single":
            return focused
        singles = [group for group in self.groups if group.kind == "single" and group.shown]
        waiting = [group for group in singles if not group.reviewed]
        return next(iter(waiting or singles), None)

    def move_focus(self, step: int) -> None:
        """Move the focus to the next or previous label, round the end."""
        labels = [entry.label for entry in self.entries()]
        if not labels:
            self.focus = -1
        elif self.focus in labels:
            self.focus = labels[(labels.index(self.focus) + step) % len(labels)]
        else:
            self.focus = labels[0 if step > 0 else -1]

    def focus_next_suggestion(self) -> None:
        """Move the focus to the next label that is still only suggested, if there is one."""
        entries = self.entries()
        labels = [entry.label for entry in entries]
        start = labels.index(self.focus) if self.focus in labels else 0
        for entry in entries[start:] + entries[:start]:
            if entry.state == State.SUGGESTED:
                self.focus = entry.label
                return


def _ranked(
    members: Collection[int], logits: dict[int, float], verdicts: dict[int, int]
) -> set[int]:
    """Return the labels of a single group that are on show for their rank."""
    if len(members) <= SMALL_GROUP:
        return set(members)
    undecided = [num for num in members if num in logits and num not in verdicts]
    return set(sorted(undecided, key=lambda num: -logits[num])[:RANKED])


def _rank(group: Group) -> Callable[[Entry], tuple[int, float, str]]:
    def key(entry: Entry) -> tuple[int, float, str]:
        score = -entry.score if entry.score == entry.score else 0.0
        by_state = 0 if group.kind == "single" else _RANK_OF_STATE[entry.state]
        return by_state, score, entry.name

    return key
