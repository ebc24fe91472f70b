"""What a key or a click does: one answer, on the open photo or on all selected ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tagger.app.models import verdicts
from tagger.app.models.board import Entry
from tagger.app.models.completion import Offer
from tagger.app.models.desk import Desk
from tagger.app.models.notices import Question
from tagger.app.models.ordering import Slots
from tagger.app.models.session import changed_slots
from tagger.app.models.verdicts import photos
from tagger.core.decisions import Verdict
from tagger.core.errors import TaggerError
from tagger.core.states import State
from tagger.library.draft import Draft
from tagger.library.schema_edit import add_label
from tagger.library.schema_split import put_split

MakeBulk = Callable[[Slots, bool], Draft]


class Answers:
    """Turns the user's answers into acts.

    Attributes:
        ask_from: acts on so many photos are asked about first.
    """

    def __init__(self, desk: Desk, ask_from: int = 50) -> None:
        self.desk = desk
        self.session = desk.session
        self.ask_from = ask_from

    # -- keys --------------------------------------------------------------------------------

    def confirm(self) -> None:
        """Confirm what is shown, mark reviewed, go on; on several photos: on all of them."""
        if self.desk.question is not None:
            self.desk.answer(True)
        elif self.desk.many:
            slots = self.desk.selection.slots()
            text = f"Confirm all suggestions of {photos(len(slots))} and mark them as reviewed?"
            self._bulk(
                lambda chosen, override: verdicts.confirm_everything_on(
                    self.session, chosen, override
                ),
                slots,
                Question(text, f"Confirm all on {photos(len(slots))}", lambda: None),
            )
        elif self.desk.board.slot >= 0:
            self._confirm_shown()

    def _confirm_shown(self) -> None:
        board = self.desk.board
        if not self.session.is_scored(np.array([board.slot]))[0]:
            self.desk.say(
                "The model has not answered for this photo, so there is nothing to confirm. "
                "Shift+Enter marks it as reviewed as it is."
            )
        elif self._act(verdicts.confirm_shown, self.session, board):
            self._go_on()

    def review(self) -> None:
        """Mark reviewed without confirming, go on; on several photos: on all of them."""
        if self.desk.many:
            slots = self.desk.selection.slots()
            text = f"Mark {photos(len(slots))} as reviewed without confirming anything?"
            self._bulk(
                lambda chosen, override: verdicts.review_on(self.session, chosen, override),
                slots,
                Question(text, f"Mark {photos(len(slots))}", lambda: None),
            )
        elif self.desk.board.slot >= 0 and self._act(
            verdicts.review_only, self.session, self.desk.board
        ):
            self._go_on()

    def reject(self, label: int | None = None) -> None:
        """Reject a label (by default the focused one), and focus the next suggestion."""
        label = self.desk.focused_label() if label is None else label
        if self.desk.many:
            self._on_all(label, "Reject", verdicts.reject_on)
            return
        entry = self.desk.board.entry(label)
        if entry is None:
            self.desk.say("No label has the focus. Choose one with Tab, or click it.")
        elif entry.state != State.REJECTED:
            self._act(verdicts.reject, self.session, self.desk.board.slot, entry)
            self.desk.board.focus_next_suggestion()
            self.desk.focused.emit()

    def toggle(self, label: int) -> None:
        """Confirm a label, or take its confirmation back."""
        if self.desk.many:
            entry = self.desk.crowd.entry(label)
            if entry is not None and entry.confirmed == self.desk.crowd.total:
                self._on_all(label, "Remove", verdicts.remove_on)
            else:
                self._on_all(label, "Confirm", verdicts.confirm_on)
            return
        shown = self.desk.board.entry(label)
        if shown is not None:
            self.desk.board.focus = label
            self._act(verdicts.toggle, self.session, self.desk.board.slot, shown)

    def toggle_number(self, number: int) -> None:
        """Toggle the label with a number key."""
        entry = (self.desk.crowd if self.desk.many else self.desk.board).numbered(number)
        if entry is not None:
            self.toggle(entry.label)

    def forget(self, label: int) -> None:
        """Take back whatever was said of a label in the open photo."""
        entry = self.desk.board.entry(label)
        if entry is not None and not self.desk.many:
            self._act(verdicts.forget, self.session, self.desk.board.slot, entry)

    def unsure(self, label: int | None = None) -> None:
        """Mark the focused label as not answerable; in a single group all that are on show."""
        chosen = self.desk.focused_label() if label is None else label
        if self.desk.many:
            self._on_all(chosen, "Unsure about", verdicts.unsure_on)
            return
        board = self.desk.board
        entries = self._unsure_entries(chosen)
        if entries:
            self._act(verdicts.unsure, self.session, board.slot, entries)
            board.focus_next_suggestion()
            self.desk.focused.emit()

    def unsure_group(self, group: int) -> None:
        """Mark every label of a single group that is on show as not answerable."""
        board = self.desk.board
        found = next((g for g in board.groups if g.group == group), None)
        if found is not None and found.entries:
            self.unsure(found.entries[0].label)

    def _unsure_entries(self, label: int) -> list[Entry]:
        board = self.desk.board
        entry = board.entry(label)
        group = board.group_with(label) if entry is not None else board.single_group()
        if entry is not None and (group is None or group.kind == "multi"):
            return [entry]
        settled = (State.REJECTED, State.UNSURE)
        return [e for e in group.entries if e.state not in settled] if group else []

    def none_of_these(self, group: int | None = None) -> None:
        """Answer a single group with *none of these*: the focused one, or the one given."""
        if self.desk.many:
            self.desk.say("“None of these” is for one photo at a time.")
            return
        board = self.desk.board
        found = next((g for g in board.groups if g.group == group), None) or board.single_group()
        if found is None:
            self.desk.say("This photo has no group of which only one label can hold.")
            return
        self._act(verdicts.none_of_these, self.session, board.slot, found)
        board.focus_next_suggestion()
        self.desk.focused.emit()

    def add(self, offer: Offer) -> None:
        """Confirm a label that was typed, on the open or all selected photos; make it if new."""
        if offer.label is not None and self.desk.many:
            self._on_all(offer.label, "Confirm", verdicts.confirm_on)
            return
        if self._act(self._added, offer):
            known = self.session.library.facts.schema.label_named(offer.group, offer.name)
            if known is not None:
                self.desk.focus(known.num)

    def _added(self, offer: Offer) -> Draft:
        slots = self.desk.selection.slots()
        source = "bulk" if len(slots) > 1 else "person"
        draft = self.session.library.draft(f"Add “{offer.name}” to {photos(len(slots))}", source)
        label = offer.label
        if label is None and offer.split_from is not None:
            label = put_split(self.session.library, draft, offer.split_from, offer.name).num
        elif label is None:
            label = add_label(self.session.library, draft, offer.group, offer.name).num
        draft.decide(slots, label, Verdict.CONFIRMED)
        return draft

    # -- many photos -------------------------------------------------------------------------

    def confirm_suggested(self, label: int) -> None:
        """Confirm a label on every photo on show in which it is suggested."""
        self._on_suggested(label, "Confirm", verdicts.confirm_on)

    def reject_suggested(self, label: int) -> None:
        """Reject a label on every photo on show in which it is suggested."""
        self._on_suggested(label, "Reject", verdicts.reject_on)

    def suggested_on_show(self, label: int) -> Slots:
        """Return the photos on show in which a label is suggested: int64 [photos]."""
        order = self.desk.photos.order
        if label not in self.session.library.facts.schema.labels:
            return order[:0]
        return order[self.session.states([label], order)[0] == State.SUGGESTED]

    def _on_suggested(self, label: int, verb: str, make: Callable[..., Draft]) -> None:
        self._on_all(label, verb, make, self.suggested_on_show(label), always_ask=True)

    def _on_all(
        self,
        label: int,
        verb: str,
        make: Callable[..., Draft],
        slots: Slots | None = None,
        always_ask: bool = False,
    ) -> None:
        known = self.session.library.facts.schema.labels.get(label)
        if known is None:
            self.desk.say("No label has the focus. Choose one with Tab, or click it.")
            return
        slots = self.desk.selection.slots() if slots is None else slots
        if not len(slots):
            self.desk.say(f"“{known.name}” is suggested in no photo on show.")
            return
        text = f"{verb} “{known.name}” on {photos(len(slots))}?"
        all_of = f"{verb} all {len(slots):,}" if len(slots) > 1 else verb
        self._bulk(
            lambda chosen, override: make(self.session, chosen, label, override),
            slots,
            Question(text, all_of, lambda: None),
            always_ask,
        )

    def _bulk(
        self, make: MakeBulk, slots: Slots, question: Question, always_ask: bool = False
    ) -> None:
        def run() -> None:
            self._run_bulk(make, slots)

        if always_ask or len(slots) >= self.ask_from:
            self.desk.ask(Question(question.text, question.yes, run))
        else:
            run()

    def _run_bulk(self, make: MakeBulk, slots: Slots, override: bool = False) -> None:
        draft = self._act(make, slots, override)
        if draft is None:
            return
        title, conflicts = draft.description, draft.conflicts
        if draft.is_empty and not conflicts:
            self.desk.say("Nothing to change: all of these photos have that answer already.")
            return
        offers: list[tuple[str, Callable[[], None]]] = [("Undo", self.undo)]
        if conflicts and not override:
            given = "1 answer" if conflicts == 1 else f"{conflicts:,} answers"
            title += f". {given} given by a person left as before"
            again = f"Change {'that 1' if conflicts == 1 else f'those {conflicts:,}'} too"
            offers.insert(0, (again, lambda: self._run_bulk(make, slots, True)))
        self.desk.say(f"{title}.", *offers)

    # -- undo --------------------------------------------------------------------------------

    def undo(self) -> None:
        """Take the last act back and show the photos it touched."""
        self._turn("Undone", self.session.undo)

    def redo(self) -> None:
        """Do the last undone act again and show the photos it touches."""
        self._turn("Done again", self.session.redo)

    def _turn(self, word: str, turn: Callable) -> None:
        self.desk.ask(None)
        try:
            result = turn()
        except TaggerError as error:
            self.desk.say(str(error))
            return
        self.desk.reveal(changed_slots(result.changes))
        self.desk.say(f"{word}: {result.act.description}.")

    # -- committing --------------------------------------------------------------------------

    def _act(self, make: Callable[..., Draft], *values: object) -> Draft | None:
        """Make and commit an act; None if it could not be done, which the user is told."""
        try:
            draft = make(*values)
            if not draft.is_empty:
                self.session.act(draft)
        except TaggerError as error:
            self.session.lost(error)
            return None
        return draft

    def _go_on(self) -> None:
        if not self.desk.go(1):
            self.desk.say("That was the last photo on show.")
