"""The work in progress: which photos are on show, which is open, and what follows from a change."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from tagger.app.models.board import Board
from tagger.app.models.chores import Chores
from tagger.app.models.completion import Completion
from tagger.app.models.crowd import Crowd
from tagger.app.models.filters import Filter, PhotoState
from tagger.app.models.flags import Flags
from tagger.app.models.notices import Notice, Question
from tagger.app.models.ordering import Order, Slots, natural_order
from tagger.app.models.photo_list import PhotoList
from tagger.app.models.selection import Selection
from tagger.app.models.session import Session
from tagger.app.models.signal import Signal
from tagger.app.models.tally import Tally
from tagger.core.states import State

SEEN_AFTER = 0.3
"""Seconds a photo must have been open to count as seen when it is left."""

COUNT_EVERY = 2.0
"""Seconds between counts of the whole folder while suggestions come in."""

_NAMES_AT_ONCE = 5_000
_PHOTOS_AT_ONCE = 2_000


class Desk:
    """Joins the view-models of one session and keeps them in line.

    Attributes:
        session, flags, tally, photos, selection, board, crowd, completion: the view-models.
        chores: computations over the whole folder, in slices.
        question: what waits for the user's yes, or None.
        on_screen: int64 [photos], those the grid or loupe shows just now.
        board_changed: the open photo, or what is said of it, changed.
        cells_changed: (slots, or None for all) the marks of photos changed.
        focused: another label has the focus.
        said: (Notice).
        asked: the question changed.
        names_wanted: the order of names must be computed on a worker, see `take_names`.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.chores = Chores()
        self.flags = Flags(session)
        self.tally = Tally(session)
        self.photos = PhotoList(session, self.flags, self.tally)
        self.selection = Selection(self.photos)
        self.board = Board(session)
        self.crowd = Crowd(session)
        self.completion = Completion(session.library.facts.schema)
        self.question: Question | None = None
        self.board_changed = Signal()
        self.cells_changed = Signal()
        self.focused = Signal()
        self.said = Signal()
        self.asked = Signal()
        self.names_wanted = Signal()
        self.on_screen: Slots = np.empty(0, np.int64)
        self._chosen: Slots = np.empty(0, np.int64)
        self._refresh_when_counted = False
        self._counted_at = 0.0
        self._opened_at = time.monotonic()
        self._connect()
        self._take_photos()

    def _connect(self) -> None:
        self.session.photos_changed.connect(self._take_photos)
        self.session.away_changed.connect(lambda: self.cells_changed.emit(None))
        self.session.schema_changed.connect(self._schema_changed)
        self.session.decided.connect(self._decided)
        self.session.scored.connect(self._scored)
        self.session.thresholds_changed.connect(self.rescored)
        self.session.failed.connect(lambda text: self.said.emit(Notice(text, warning=True)))
        self.photos.changed.connect(self.selection.follow)
        self.selection.changed.connect(self._open_selected)
        self.tally.changed.connect(self._counted)

    # -- looking at photos -------------------------------------------------------------------

    @property
    def many(self) -> bool:
        """Whether several photos are selected, so that answers are acts on all of them."""
        return self.selection.count > 1

    def go(self, step: int) -> bool:
        """Open the next photo (or the one `step` places on); say whether there is one."""
        slot = self.photos.neighbour(self.selection.current, step)
        if slot is not None:
            self.selection.choose(slot)
        return slot is not None

    def set_filter(self, wanted: Filter) -> None:
        """Show other photos."""
        self.photos.set_filter(wanted)
        self._prefer_label()

    def set_sort(self, order: Order) -> None:
        """Show the photos in another order."""
        self.photos.set_sort(order)

    def refresh(self) -> None:
        """Show exactly what matches now."""
        self.photos.refresh()

    def reveal(self, slots: Slots) -> None:
        """Open these photos; if none of them is on show, show all photos first."""
        slots = slots[slots < self.session.library.facts.slots]
        slots = slots[self.session.library.photos.present[slots]]
        if not len(slots):
            return
        if not any(self.photos.shows(int(slot)) for slot in slots[:1000]):
            self.photos.set_filter(Filter())
        shown = slots[self.photos.position[slots] >= 0]
        if not len(shown):
            return
        shown = shown[np.argsort(self.photos.position[shown])]
        if len(shown) == 1:
            self.selection.choose(int(shown[0]))
        else:
            self.selection.current = int(shown[0])
            self.selection.select(shown)

    def fold(self, group: int, folded: bool) -> None:
        """Fold a group away, or unfold it."""
        if folded:
            self.board.folded.add(group)
        else:
            self.board.folded.discard(group)
        self.board.update()
        self.board_changed.emit()

    def show_rejected(self, shown: bool) -> None:
        """Show the labels that were rejected earlier, or not."""
        self.board.show_rejected = shown
        self.board.open(self.board.slot, self.photos.filter.label)
        self.board_changed.emit()

    def focus(self, label: int) -> None:
        """Give a label the focus."""
        if self.many:
            self.crowd.focus = label
        else:
            self.board.focus = label
        self.focused.emit()

    def move_focus(self, step: int) -> None:
        """Give the next or previous label the focus."""
        (self.crowd if self.many else self.board).move_focus(step)
        self.focused.emit()

    def focused_label(self) -> int:
        """Return the num of the focused label, −1 = none."""
        return self.crowd.focus if self.many else self.board.focus

    def say(self, text: str, *offers: tuple[str, Callable[[], None]]) -> None:
        """Tell the user something."""
        self.said.emit(Notice(text, offers=offers))

    def ask(self, question: Question | None) -> None:
        """Ask the user something, or stop asking."""
        self.question = question
        self.asked.emit()

    def answer(self, yes: bool) -> None:
        """Answer the question."""
        question, self.question = self.question, None
        self.asked.emit()
        if yes and question is not None:
            question.run()

    # -- what follows from changes -----------------------------------------------------------

    def _open_selected(self) -> None:
        slot = self.selection.current
        chosen = np.flatnonzero(self.selection.mask)
        same = slot == self.board.slot and np.array_equal(chosen, self._chosen)
        self._chosen = chosen
        if self.question is not None and not same:
            self.ask(None)
        if self.many and not same:
            self.crowd.open(self.selection.slots())
            self.chores.ask("crowd", self.crowd.count, restart=True)
        if slot != self.board.slot:
            self.leave()
            self.board.open(slot, self.photos.filter.label)
        self.board_changed.emit()

    def leave(self) -> None:
        """Note that the open photo was seen, if it was open long enough."""
        if time.monotonic() - self._opened_at >= SEEN_AFTER:
            self.session.note_seen(self.board.slot)
        self._opened_at = time.monotonic()

    def _prefer_label(self) -> None:
        wanted = self.photos.filter.label
        entry = self.board.entry(wanted) if wanted is not None else None
        if entry is not None:
            self.focus(entry.label)

    def _take_photos(self) -> None:
        self.flags.recount()
        self.tally.fit(self.session.library.facts.slots)
        table = self.session.library.photos
        if table.count <= _NAMES_AT_ONCE:
            self.take_names(natural_order(table))
        else:
            known = self.photos.names[self.photos.names < table.slots]
            self.take_names(known[table.present[known]] if len(known) else table.by_name)
            self.names_wanted.emit()
        self.count_again()

    def take_names(self, names: Slots) -> None:
        """Take the order of names: int64 [photos], from `natural_order`."""
        self.photos.set_names(names)

    def _schema_changed(self) -> None:
        self.completion = Completion(self.session.library.facts.schema)
        self.flags.recount()
        if self.many:
            self.chores.ask("crowd", self.crowd.count, restart=True)
        self.rescored()

    def _decided(self, slots: Slots) -> None:
        self.flags.update(slots)
        if len(slots) <= _PHOTOS_AT_ONCE:
            self.tally.update_photos(slots)
        if self.many:
            self.chores.ask("crowd", self.crowd.count, restart=True)
        if self.board.slot in slots:
            self.board.update()
        self.photos.recheck()
        self.cells_changed.emit(slots)
        self.board_changed.emit()
        self.count_again()

    def _scored(self, slots: Slots | None) -> None:
        if slots is None:
            self.board.open(self.board.slot, self.photos.filter.label)
            self.rescored()
            return
        few = slots if len(slots) <= _PHOTOS_AT_ONCE else np.intersect1d(slots, self.on_screen)
        self.tally.update_photos(few)
        if self.board.slot in slots:
            self.board.open(self.board.slot, self.photos.filter.label)
            self.board_changed.emit()
        self.photos.recheck()
        self.cells_changed.emit(slots)
        if time.monotonic() - self._counted_at > COUNT_EVERY:
            self._counted_at = time.monotonic()
            self.count_again()

    def rescored(self) -> None:
        """Bring everything up to date after thresholds or the model changed."""
        self.board.update()
        if self.board.focus < 0:
            self.board.focus_next_suggestion()
        self.photos.recheck()
        self.cells_changed.emit(None)
        self.board_changed.emit()
        self.count_again()

    def dragged(self, kept: bool = False) -> None:
        """Show what a threshold slider does: at once on screen, then in all counts.

        A list chosen by a label or by suggestions follows the slider.
        """
        if len(self.on_screen):
            self.tally.update_photos(self.on_screen)
        wanted = self.photos.filter
        if wanted.label is not None and State.SUGGESTED in wanted.label_states:
            self.photos.refresh()
        elif kept and (wanted.state is PhotoState.SUGGESTED or wanted.group is not None):
            self._refresh_when_counted = True
        self.rescored()

    def count_again(self) -> None:
        """Count labels over the whole folder, in the background."""
        self.chores.ask("count", self.tally.count_all)

    def _counted(self) -> None:
        if self._refresh_when_counted:
            self._refresh_when_counted = False
            self.photos.refresh()
        self.photos.recheck()
        self.cells_changed.emit(None)
