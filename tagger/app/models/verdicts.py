"""The user's answers as drafts of acts: on the open photo, and on many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagger.app.models.board import Board, Entry, GroupBoard
from tagger.app.models.session import Session, Slots
from tagger.core.decisions import Verdict, verdicts_of
from tagger.core.states import State, gate_open
from tagger.core.thresholds import sigmoid
from tagger.library.draft import Draft

# -- the open photo ------------------------------------------------------------------------------


def confirm_shown(session: Session, board: Board) -> Draft:
    """Confirm every suggestion on show and mark the groups on show as reviewed."""
    wanted = [entry for entry in board.entries() if entry.state == State.SUGGESTED]
    if len(wanted) == 1:
        title = f"Confirm “{wanted[0].name}” and review"
    else:
        title = f"Confirm {len(wanted)} labels and review" if wanted else "Review"
    draft = session.library.draft(f"{title}: {photo_name(session, board.slot)}")
    for entry in wanted:
        draft.decide(board.slot, entry.label, Verdict.CONFIRMED, entry.score)
    _review_shown(session, draft, board)
    return draft


def review_only(session: Session, board: Board) -> Draft:
    """Mark the groups on show as reviewed, confirming nothing."""
    name = photo_name(session, board.slot)
    draft = session.library.draft(f"Review without confirming: {name}")
    _review_shown(session, draft, board)
    return draft


def _review_shown(session: Session, draft: Draft, board: Board) -> None:
    groups = session.library.facts.schema.groups
    for group in board.groups:
        if group.shown and groups[group.group].learned:
            draft.review(board.slot, group.group)


def reject(session: Session, slot: int, entry: Entry) -> Draft:
    """Reject a label of the open photo."""
    draft = session.library.draft(f"Reject “{entry.name}”")
    draft.decide(slot, entry.label, Verdict.REJECTED, _answered(entry))
    return draft


def toggle(session: Session, slot: int, entry: Entry) -> Draft:
    """Confirm a label of the open photo, or take its confirmation back.

    Taking back what the model suggests is a rejection: else it would come back as a suggestion.
    """
    if entry.state != State.CONFIRMED:
        draft = session.library.draft(f"Confirm “{entry.name}”")
        draft.decide(slot, entry.label, Verdict.CONFIRMED, _answered(entry))
    elif entry.over:
        draft = session.library.draft(f"Reject “{entry.name}”")
        draft.decide(slot, entry.label, Verdict.REJECTED, entry.score)
    else:
        draft = session.library.draft(f"Remove “{entry.name}”")
        draft.decide(slot, entry.label, Verdict.NONE)
    return draft


def forget(session: Session, slot: int, entry: Entry) -> Draft:
    """Take any decision on a label of the open photo away."""
    draft = session.library.draft(f"Forget what was said of “{entry.name}”")
    draft.decide(slot, entry.label, Verdict.NONE)
    return draft


def unsure(session: Session, slot: int, entries: list[Entry]) -> Draft:
    """Mark labels as not answerable in the open photo."""
    names = f"“{entries[0].name}”" if len(entries) == 1 else f"{len(entries)} labels"
    draft = session.library.draft(f"Unsure about {names}")
    for entry in entries:
        draft.decide(slot, entry.label, Verdict.UNSURE, _answered(entry))
    return draft


def none_of_these(session: Session, slot: int, group: GroupBoard) -> Draft:
    """Say that no label of a single group holds: reviewed, nothing confirmed."""
    draft = session.library.draft(f"None of “{group.name}”")
    for entry in group.entries:
        if entry.state == State.CONFIRMED:
            verdict = Verdict.REJECTED if entry.over else Verdict.NONE
            draft.decide(slot, entry.label, verdict, _answered(entry))
    draft.review(slot, group.group)
    return draft


def _answered(entry: Entry) -> float:
    return entry.score if entry.over else float("nan")


# -- many photos ---------------------------------------------------------------------------------


def confirm_on(session: Session, slots: Slots, label: int, override: bool = False) -> Draft:
    """Confirm a label on all these photos that do not have it confirmed yet."""
    state = session.states([label], slots)[0]
    wanted = slots[state != State.CONFIRMED]
    name = session.library.facts.schema.labels[label].name
    draft = session.library.draft(f"Confirm “{name}” on {photos(len(wanted))}", "bulk", override)
    draft.decide(wanted, label, Verdict.CONFIRMED, suggested_scores(session, wanted, label))
    return draft


def reject_on(session: Session, slots: Slots, label: int, override: bool = False) -> Draft:
    """Reject a label on all these photos."""
    state = session.states([label], slots)[0]
    wanted = slots[state != State.REJECTED]
    name = session.library.facts.schema.labels[label].name
    draft = session.library.draft(f"Reject “{name}” on {photos(len(wanted))}", "bulk", override)
    draft.decide(wanted, label, Verdict.REJECTED, suggested_scores(session, wanted, label))
    return draft


def remove_on(session: Session, slots: Slots, label: int, override: bool = False) -> Draft:
    """Take a label's confirmations away; where the model suggests it, that is a rejection."""
    codes = session.library.facts.decisions.codes(slots, label)
    wanted = slots[verdicts_of(codes) == Verdict.CONFIRMED]
    name = session.library.facts.schema.labels[label].name
    draft = session.library.draft(f"Remove “{name}” from {photos(len(wanted))}", "bulk", override)
    over = over_threshold(session, wanted, label)
    draft.decide(wanted[~over], label, Verdict.NONE)
    scores = suggested_scores(session, wanted[over], label, everywhere=True)
    draft.decide(wanted[over], label, Verdict.REJECTED, scores)
    return draft


def unsure_on(session: Session, slots: Slots, label: int, override: bool = False) -> Draft:
    """Mark a label as not answerable on all these photos."""
    name = session.library.facts.schema.labels[label].name
    title = f"Unsure about “{name}” on {photos(len(slots))}"
    draft = session.library.draft(title, "bulk", override)
    draft.decide(slots, label, Verdict.UNSURE, suggested_scores(session, slots, label))
    return draft


def confirm_everything_on(session: Session, slots: Slots, override: bool = False) -> Draft:
    """Confirm every suggestion of these photos and mark them as reviewed where asked.

    Photos that the model has not come to are left alone.
    """
    slots = slots[session.is_scored(slots)]
    title = f"Confirm all suggestions of {photos(len(slots))}"
    draft = session.library.draft(title, "bulk", override)
    likely = session.likely_labels(slots)
    states = session.states(likely, slots)
    for label, row in zip(likely, states, strict=True):
        chosen = slots[row == State.SUGGESTED]
        if len(chosen):
            scores = suggested_scores(session, chosen, label)
            draft.decide(chosen, label, Verdict.CONFIRMED, scores)
    _review_on(session, draft, slots)
    return draft


def review_on(session: Session, slots: Slots, override: bool = False) -> Draft:
    """Mark these photos as reviewed in every group that is asked of them."""
    draft = session.library.draft(f"Review {photos(len(slots))}", "bulk", override)
    _review_on(session, draft, slots)
    return draft


def _review_on(session: Session, draft: Draft, slots: Slots) -> None:
    facts = session.library.facts
    for group in facts.schema.groups.values():
        if group.learned:
            gate = gate_open(facts, group.num, slots)
            draft.review(slots if gate is None else slots[gate], group.num)


def over_threshold(session: Session, slots: Slots, label: int) -> NDArray[np.bool_]:
    """Say where a label's score passes its threshold, whatever was decided: bool [photos]."""
    logits = session.library.facts.scores.logits(label, slots)
    if logits is None:
        return np.zeros(len(slots), bool)
    return logits >= np.float32(session.threshold(label))


def suggested_scores(
    session: Session, slots: Slots, label: int, *, everywhere: bool = False
) -> NDArray[np.float32]:
    """Return the probabilities where a label is suggested, else NaN: float32 [photos]."""
    logits = session.library.facts.scores.logits(label, slots)
    if logits is None:
        return np.full(len(slots), np.nan, np.float32)
    scores = sigmoid(logits)
    if not everywhere:
        scores[session.states([label], slots)[0] != State.SUGGESTED] = np.nan
    return scores


def photos(count: int) -> str:
    """Return `1 photo`, `412 photos`."""
    return f"{count:,} photo" if count == 1 else f"{count:,} photos"


def photo_name(session: Session, slot: int) -> str:
    """Return a photo's file name as it is shown (bytes that are no text become marks)."""
    name = session.library.photos.path(slot).rsplit(b"/", 1)[-1]
    return name.decode("utf-8", "replace")
