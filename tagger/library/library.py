"""One library: the facade that window, command line and trainer work on."""

from __future__ import annotations

import getpass
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any

import apsw

from tagger.bundle.spec import BundleSpec
from tagger.core.states import NoScores
from tagger.library import acts
from tagger.library.acts import Act, ActResult, Change
from tagger.library.cache import ScoreStore
from tagger.library.catalog import Catalog, put_meta, read_revision
from tagger.library.draft import Draft
from tagger.library.facts import absorb, load_facts, load_schema
from tagger.library.model_link import (
    LibraryScores,
    ensure_mapping,
    load_scores,
    load_thresholds,
    nums_needed,
)
from tagger.library.opening import find_places
from tagger.library.photos import load_photos
from tagger.library.places import LibraryPlaces


class Library:
    """A home folder with its schema, decisions, photos and the active bundle's scores.

    The arrays in `facts` and `photos` belong to the thread that made the library; writes go to
    disk through the catalog's writer thread.

    Attributes:
        places: where the files lie.
        catalog: the database.
        facts: schema, decisions, reviews, scores and thresholds as arrays.
        photos: the photo table as arrays.
        bundle: the active bundle, or None.
        author: written into decisions.
    """

    def __init__(self, places: LibraryPlaces) -> None:
        self.places = places
        self.catalog = Catalog(places.catalog)
        self.author = _user_name()
        self.bundle: BundleSpec | None = None
        self._label_sets_lock = threading.Lock()
        self.reload()

    @classmethod
    def open(cls, folder: Path | str) -> Library:
        """Open the library of a folder, making it where there is none.

        Raises:
            OpenError: missing, no folder, or unreadable.
            CatalogError: the catalog is damaged or newer than this program.
        """
        return cls(find_places(Path(folder)))

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish writing and close the catalog."""
        self.catalog.close()

    def reload(self) -> None:
        """Read everything anew (on opening, or after another program wrote)."""
        self.catalog.known_revision = read_revision(self.catalog.reader)
        self.facts = load_facts(self.catalog)
        self.photos = load_photos(self.catalog)
        self._link_scores()

    def reload_photos(self) -> None:
        """Read the photo table anew, after a scan."""
        self.photos = load_photos(self.catalog)
        self.facts.slots = self.photos.slots
        self.refresh_scores()

    @property
    def library_id(self) -> str:
        """The permanent id of this library."""
        return self.catalog.meta("library_id") or ""

    @property
    def bundle_id(self) -> str | None:
        """The id of the active bundle, or None."""
        return self.bundle.bundle_id if self.bundle else None

    def roots(self) -> dict[int, Path]:
        """Return root num → absolute folder; home is the one stored as `.`."""
        found = {}
        for num, stored in self.catalog.rows("SELECT num, path FROM root"):
            text = stored.decode("utf-8", "surrogateescape")
            found[num] = self.places.home if text == "." else Path(text)
        return found

    def photo_path(self, slot: int) -> Path:
        """Return the absolute path of a photo."""
        folder = self.roots()[int(self.photos.root[slot])]
        return folder / self.photos.path(slot).decode("utf-8", "surrogateescape")

    # -- acts ---------------------------------------------------------------------------------

    def draft(self, description: str, source: str = "person", override: bool = False) -> Draft:
        """Begin an act; `source` is `person`, `bulk` or `import:<name>`."""
        return Draft(self, description, source, override)

    def commit(self, description: str, changes: Sequence[Change], source: str) -> Future[ActResult]:
        """Apply changes as one act: arrays at once, disk in the background.

        Changes of the schema wait for the disk, for the schema is read back from there.
        """
        author = self.author
        saved = self.catalog.write(
            lambda connection: acts.apply_act(
                connection, description, changes, source=source, author=author
            )
        )
        if any(change.kind in ("group", "label") for change in changes):
            saved.result()
        self._absorb(changes)
        return saved

    def undo(self, act: int | None = None) -> ActResult:
        """Take back the last act, or the one with that num.

        Raises:
            UndoError: nothing to undo, or a later act changed the same rows.
        """
        return self._absorbed(lambda connection: acts.undo_act(connection, act))

    def redo(self) -> ActResult:
        """Do the act again that was undone last.

        Raises:
            UndoError: nothing to redo.
        """
        return self._absorbed(acts.redo_act)

    def acts(self, limit: int = 100) -> list[Act]:
        """Return the latest acts, newest first."""
        return acts.list_acts(self.catalog.reader, limit)

    def _absorbed(self, work: Callable[[apsw.Connection], ActResult]) -> ActResult:
        saved = self.catalog.write(work)
        result = saved.result()
        self._absorb(result.changes)
        return result

    def _absorb(self, changes: Sequence[Change]) -> None:
        if absorb(self.facts, self.catalog, changes):
            self.facts.thresholds = load_thresholds(self.catalog, self.bundle)

    def changed_elsewhere(self) -> Future[bool]:
        """Find out whether another process changed the catalog since the arrays were read."""
        return self.catalog.changed_elsewhere()

    def label_set(self, group: int, labels: Sequence[int]) -> int:
        """Return the number of a set of labels offered together, storing it if it is new."""
        wanted = frozenset(labels)
        with self._label_sets_lock:
            for num, known in self.facts.reviews.label_sets.items():
                if known == wanted:
                    return num
            text = json.dumps(sorted(wanted))
            num = self.catalog.write(
                lambda connection: _stored_label_set(connection, group, text)
            ).result()
            self.facts.reviews.label_sets[num] = wanted
            return num

    def reserve_nums(self, count: int) -> int:
        """Return the first of `count` nums for new groups and labels; never given twice."""
        return self.catalog.write(lambda connection: _reserve(connection, count)).result()

    # -- the model ----------------------------------------------------------------------------

    def use_bundle(self, spec: BundleSpec, remember: bool = True) -> None:
        """Make a bundle the active one: map its labels, read its scores and thresholds."""
        if remember and self.catalog.meta("active_bundle") not in (None, spec.bundle_id):
            history = json.loads(self.catalog.meta("bundle_history") or "[]")
            history.append(self.catalog.meta("active_bundle"))
            self.catalog.set_meta("bundle_history", json.dumps(history))
        first = self.reserve_nums(nums_needed(spec))
        whole = load_schema(self.catalog, everything=True)
        ensure_mapping(self.catalog, whole, spec, first)
        if self.catalog.meta("active_bundle") != spec.bundle_id:
            self.catalog.set_meta("active_bundle", spec.bundle_id)
        self.bundle = spec
        self.facts.schema = load_schema(self.catalog)
        self._link_scores()

    @property
    def active_bundle_id(self) -> str | None:
        """The id of the bundle this library was last used with, loaded or not."""
        return self.catalog.meta("active_bundle")

    def previous_bundle_id(self, forget: bool = False) -> str | None:
        """Return the bundle that was active before; `forget` takes it off the history."""
        history = json.loads(self.catalog.meta("bundle_history") or "[]")
        if not history:
            return None
        if forget:
            self.catalog.set_meta("bundle_history", json.dumps(history[:-1]))
        return history[-1]

    def _link_scores(self) -> None:
        self.facts.thresholds = load_thresholds(self.catalog, self.bundle)
        if self.bundle is None:
            self.facts.scores = NoScores()
            return
        store = ScoreStore.open(self.places.cache, self.bundle)
        self.facts.scores = load_scores(self.catalog, store, self.bundle, self.facts.slots)

    def refresh_scores(self) -> None:
        """See the scores that the suggester wrote since."""
        if isinstance(self.facts.scores, LibraryScores):
            self.facts.scores.refresh(self.facts.slots)

    def set_threshold(self, label: int, value: float | None) -> None:
        """Set a label's threshold by hand (a logit), or give it back to the bundle with None."""
        if self.bundle is None:
            return
        key = (self.bundle.bundle_id, label)
        if value is None:
            self._write_threshold("DELETE FROM threshold WHERE bundle = ? AND label = ?", key)
        else:
            sql = "INSERT OR REPLACE INTO threshold VALUES (?, ?, ?)"
            self._write_threshold(sql, (*key, value))

    def set_group_shift(self, group: int, shift: float) -> None:
        """Set a group's slider, in logits."""
        self._write_threshold("INSERT OR REPLACE INTO group_shift VALUES (?, ?)", (group, shift))

    def set_global_shift(self, shift: float) -> None:
        """Set *fewer ↔ more*, in logits; positive suggests fewer."""
        self.catalog.set_meta("global_shift", repr(float(shift)))
        self.facts.thresholds = load_thresholds(self.catalog, self.bundle)

    def _write_threshold(self, sql: str, values: tuple[Any, ...]) -> None:
        self.catalog.write(lambda connection: connection.execute(sql, values)).result()
        self.facts.thresholds = load_thresholds(self.catalog, self.bundle)


def _stored_label_set(connection: apsw.Connection, group: int, labels: str) -> int:
    connection.execute(
        "INSERT OR IGNORE INTO label_set (grp, labels) VALUES (?, ?)", (group, labels)
    )
    return connection.execute(
        "SELECT num FROM label_set WHERE grp = ? AND labels = ?", (group, labels)
    ).get


def _reserve(connection: apsw.Connection, count: int) -> int:
    first = int(connection.execute("SELECT value FROM meta WHERE key = 'next_num'").get)
    put_meta(connection, "next_num", str(first + count))
    return first


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
