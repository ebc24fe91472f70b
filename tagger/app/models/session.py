"""The open library as the window sees it: its arrays, its acts, and word of every change."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.app.models.signal import Signal
from tagger.bundle.spec import BundleSpec
from tagger.core.errors import TaggerError
from tagger.core.states import State, states
from tagger.library.acts import ActResult, Change
from tagger.library.draft import CommittedAct, Draft
from tagger.library.library import Library
from tagger.library.model_link import LibraryScores
from tagger.library.photos import PhotoTable, load_photos
from tagger.library.seen import load_audit, load_seen, mark_seen

Slots = NDArray[np.int64]

SAVE_PATIENCE = 0.03
"""Seconds an act may keep its key press waiting for the disk; after that it goes on."""


@dataclass(frozen=True)
class ReadPhotos:
    """What disk says of the photos.

    Attributes:
        table: the photos.
        seen: bool [slots], shown before.
        audit: bool [slots], reserved for the audit set.
    """

    table: PhotoTable
    seen: NDArray[np.bool_]
    audit: NDArray[np.bool_]


class Session:
    """One open library.

    Attributes:
        seen: bool [slots], shown before.
        away: nums of roots that cannot be reached just now.
        audit: bool [slots], reserved for the audit set: labelled without seeing suggestions.
        photos_changed: the photo table is another one.
        away_changed: roots went out of reach or came back.
        schema_changed: groups or labels changed.
        decided: (slots) decisions or reviews of these photos changed.
        scored: (slots, or None for any) new scores came in.
        thresholds_changed: another threshold, or another model.
        saved: (bool) whether everything done is on disk.
        failed: (sentence) something could not be saved.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self.photos_changed = Signal()
        self.away: frozenset[int] = frozenset()
        self.away_changed = Signal()
        self.schema_changed = Signal()
        self.decided = Signal()
        self.scored = Signal()
        self.thresholds_changed = Signal()
        self.saved = Signal()
        self.failed = Signal()
        self._pending: list[Future[ActResult]] = []
        self._looking: Future[bool] | None = None
        self._newly_seen: set[int] = set()
        self._data_version = library.catalog.data_version()
        self._load_marks()

    def _load_marks(self) -> None:
        self.seen, self.audit = self._read_marks(self.library.photos.slots)

    def _read_marks(self, slots: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        return load_seen(self.library.catalog, slots), load_audit(self.library.catalog, slots)

    def close(self) -> None:
        """Write what is left."""
        self.write_seen()

    # -- states ------------------------------------------------------------------------------

    def states(self, labels: Sequence[int], slots: Slots | None = None) -> NDArray[np.uint8]:
        """Return the states to show: uint8 [labels, photos].

        Those of `tagger.core.states`, but an audit photo shows no suggestion in a group that
        was not reviewed.
        """
        facts = self.library.facts
        found = states(facts, labels, slots)
        audit = self.audit if slots is None else self.audit[slots]
        if not audit.any():
            return found
        for row, label in enumerate(labels):
            group = facts.schema.labels[label].group
            hidden = audit & (facts.reviews.column(group, facts.slots, slots) == 0)
            found[row][hidden & (found[row] == State.SUGGESTED)] = State.UNTOUCHED
        return found

    def threshold(self, label: int) -> float:
        """Return the logit from which a label is suggested."""
        facts = self.library.facts
        return facts.thresholds.of(label, facts.schema.labels[label].group)

    def logits_of(self, slot: int) -> dict[int, float]:
        """Return the scored labels of one photo with their logits; NaN ones are left out."""
        scores = self.library.facts.scores
        if not isinstance(scores, LibraryScores):
            return {}
        known = self.library.facts.schema.labels
        found: dict[int, float] = {}
        for group, row in scores.store.of_photo(slot).items():
            pairs = zip(scores.label_nums[group].tolist(), row.tolist(), strict=True)
            found.update((num, z) for num, z in pairs if z == z and num in known)
        return found

    def is_scored(self, slots: Slots) -> NDArray[np.bool_]:
        """Say which photos the model has come to: bool [photos]; all, where there is no model."""
        facts = self.library.facts
        if isinstance(facts.scores, LibraryScores):
            for label in facts.scores.columns:
                logits = facts.scores.logits(label, slots)
                if logits is not None:
                    return ~np.isnan(logits)
        return np.ones(len(slots), bool)

    def likely_labels(self, slots: Slots, labels: Iterable[int] | None = None) -> list[int]:
        """Return the labels whose score passes the threshold in any of these photos."""
        facts = self.library.facts
        if len(slots) == 1 and labels is None:
            scored = self.logits_of(int(slots[0]))
            return [label for label, z in scored.items() if z >= self.threshold(label)]
        found = []
        for label in facts.schema.labels if labels is None else labels:
            logits = facts.scores.logits(label, slots)
            if logits is not None and (logits >= np.float32(self.threshold(label))).any():
                found.append(label)
        return found

    # -- acts --------------------------------------------------------------------------------

    def act(self, draft: Draft) -> CommittedAct:
        """Commit an act, tell everybody, and watch that it reaches the disk.

        Raises:
            TaggerError: it changes the schema, for which is waited, and could not be written.
        """
        done = draft.commit()
        self.watch(done)
        return done

    def watch(self, act: CommittedAct) -> None:
        """Tell everybody of an act that was committed, and watch that it reaches the disk."""
        self._pending.append(act.saved)
        self.saved.emit(False)
        self.tell(act.changes)

    def undo(self, act: int | None = None) -> ActResult:
        """Take the last act back. Raises `UndoError` with the reason."""
        self.settle()
        result = self.library.undo(act)
        self.tell(result.changes)
        return result

    def redo(self) -> ActResult:
        """Do the act again that was undone last. Raises `UndoError` with the reason."""
        self.settle()
        result = self.library.redo()
        self.tell(result.changes)
        return result

    def tell(self, changes: Sequence[Change]) -> None:
        """Announce the changes of an act."""
        if any(change.kind in ("group", "label") for change in changes):
            self.schema_changed.emit()
        slots = changed_slots(changes)
        if len(slots):
            self.decided.emit(slots)

    def settle(self, patience: float | None = None) -> None:
        """Wait for the disk, `patience` seconds or until done; report what could not be saved."""
        end = time.monotonic() + (60.0 if patience is None else patience)
        while self._pending:
            try:
                self._pending[0].result(max(0.0, end - time.monotonic()))
            except TimeoutError:
                return
            except TaggerError as error:
                self.lost(error)
                return
            self._pending.pop(0)
        self.saved.emit(True)

    def lost(self, error: TaggerError) -> None:
        """Tell that an act could not be saved, and show what is on disk."""
        self._pending.clear()
        self.reload()
        self.failed.emit(str(error))

    @property
    def unsaved(self) -> bool:
        """Whether an act is still on its way to the disk."""
        return bool(self._pending)

    def look_for_others(self) -> bool:
        """Read everything anew if another program wrote into the catalog; say whether it did."""
        if self._looking is not None:
            if not self._looking.done():
                return False
            looked, self._looking = self._looking, None
            if looked.exception() is None and looked.result():
                self.reload()
                return True
        version = self.library.catalog.data_version()
        if version != self._data_version and not self._pending:
            self._data_version = version
            self._looking = self.library.changed_elsewhere()
        return False

    # -- photos, scores, thresholds ----------------------------------------------------------

    def reload(self) -> None:
        """Read the whole library anew."""
        self.library.reload()
        self.announce()

    def announce(self) -> None:
        """Tell everybody that anything may have changed."""
        self._load_marks()
        self.schema_changed.emit()
        self.photos_changed.emit()

    def read_photos(self) -> ReadPhotos:
        """Read the photo table from disk, on any thread; hand it to `take_photos`."""
        table = load_photos(self.library.catalog)
        return ReadPhotos(table, *self._read_marks(table.slots))

    def take_photos(self, read: ReadPhotos) -> None:
        """Show another photo table."""
        self.library.photos = read.table
        self.library.facts.slots = read.table.slots
        self.library.refresh_scores()
        known = min(len(self.seen), len(read.seen))
        read.seen[:known] |= self.seen[:known]  # shown since, and not written yet
        self.seen, self.audit = read.seen, read.audit
        self.photos_changed.emit()

    def set_away(self, roots: frozenset[int]) -> None:
        """Note which roots cannot be reached; their photos stay, shown as missing."""
        if roots != self.away:
            self.away = roots
            self.away_changed.emit()

    def is_away(self, slot: int) -> bool:
        """Say whether a photo lies in a root that cannot be reached just now."""
        return bool(self.away) and int(self.library.photos.root[slot]) in self.away

    def take_scores(self, slots: Slots | None) -> None:
        """See the scores that the suggester wrote since."""
        self.library.refresh_scores()
        self.scored.emit(slots)

    def use_bundle(self, spec: BundleSpec, remember: bool = True) -> None:
        """Make a model the active one; its scores are those the cache has."""
        self.library.use_bundle(spec, remember)
        self.schema_changed.emit()
        self.thresholds_changed.emit()

    def load_audit(self) -> None:
        """See which photos are reserved for the audit set by now."""
        self.audit = load_audit(self.library.catalog, self.library.photos.slots)
        self.scored.emit(None)

    def note_seen(self, slot: int) -> None:
        """Note that a photo was shown; written to disk by `write_seen`."""
        if 0 <= slot < len(self.seen) and not self.seen[slot]:
            self.seen[slot] = True
            self._newly_seen.add(slot)

    def write_seen(self) -> None:
        """Write the photos that were shown since."""
        if self._newly_seen:
            mark_seen(self.library.catalog, self._newly_seen)
            self._newly_seen = set()


def changed_slots(changes: Sequence[Change]) -> Slots:
    """Return the photos an act touched, ascending."""
    kinds = ("decision", "reviewed", "split")
    return np.unique(np.array([c.a for c in changes if c.kind in kinds], np.int64))
