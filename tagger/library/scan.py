"""Bringing the photo table in line with the folder: new, changed, moved and vanished photos."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import apsw

from tagger.core.names import new_id, utc_now
from tagger.library.catalog import bump_revision
from tagger.library.late_moves import join_late_moves
from tagger.library.library import Library
from tagger.library.settling import EVERYTHING, Scope
from tagger.library.walking import Found, Row, read_row, walk

_BATCH = 400

Progress = Callable[[int, int], None]


@dataclass
class ScanResult:
    """What a scan found.

    Attributes:
        new, changed, moved: slots.
        back: slots of photos that had vanished and are there again as they were.
        vanished: number of photos that were there before and are not now.
        away: nums of roots that cannot be reached; what is known of them stands.
        unreadable: folders that could not be read, with the reason.
        unclear_moves: paths that equal several vanished photos, so they came in as new ones.
    """

    new: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    vanished: int = 0
    away: list[int] = field(default_factory=list)
    unreadable: list[tuple[bytes, str]] = field(default_factory=list)
    unclear_moves: list[bytes] = field(default_factory=list)

    @property
    def anything(self) -> bool:
        """Whether the photo table is another one now."""
        return bool(self.new or self.changed or self.moved or self.back or self.vanished)


def scan(
    library: Library,
    on_progress: Progress | None = None,
    stop: threading.Event | None = None,
    scope: Scope = EVERYTHING,
) -> ScanResult:
    """Walk the library's roots and write what is new, changed, moved or gone.

    Photos come in batch by batch, so that they can be shown meanwhile. The library's arrays are
    not touched: call `Library.reload_photos` on the thread that owns them. `on_progress` gets
    (photos read, photos to read). A root that cannot be reached is left as it is known, and named.
    """
    result = ScanResult()
    ensure_home_root(library)
    for root, folder in library.roots().items():
        look = _Look(library, root, os.fsencode(folder), scope, stop or threading.Event(), result)
        if look.out_of_reach():
            result.away.append(root)
        else:
            look.run(on_progress)
    return result


def ensure_home_root(library: Library) -> None:
    """Give the home folder its root entry, on the first opening."""
    if library.catalog.value("SELECT 1 FROM root WHERE path = ?", (b".",)) is None:
        library.catalog.write(
            lambda connection: connection.execute(
                "INSERT INTO root (id, path) VALUES (?, ?)", (new_id(), b".")
            )
        ).result()


@dataclass
class _Look:
    """One look at one root, or at parts of it.

    Attributes:
        base: the root's folder.
        known: path → slot, size, mtime and missing of the photos in those parts.
    """

    library: Library
    root: int
    base: bytes
    scope: Scope
    stop: threading.Event
    result: ScanResult
    known: dict[bytes, tuple[int, int, int, int]] = field(default_factory=dict)

    def out_of_reach(self) -> bool:
        """Say whether the root is not there, or holds nothing where photos are known."""
        try:
            with os.scandir(self.base) as entries:
                if next(entries, None) is not None:
                    return False
        except PermissionError:
            return False  # told as a folder that cannot be read
        except OSError:
            return True
        sql = "SELECT 1 FROM photo WHERE root = ? AND NOT missing LIMIT 1"
        return self.library.catalog.value(sql, (self.root,)) is not None

    def run(self, on_progress: Progress | None) -> None:
        """Compare what is there with what is known, and write the difference."""
        fresh, back, met = [], [], set()
        growing = {path for root, path in self.scope.growing if root == self.root}
        for found in self._listed():
            if self.stop.is_set():
                return
            met.add(found.path)
            before = self.known.get(found.path)
            if found.path in growing:
                continue
            if before and before[1:3] == (found.size, found.mtime_ns):
                if before[3]:
                    back.append(before[0])
            else:
                fresh.append(found)
        gone = [row[0] for path, row in self.known.items() if path not in met and not row[3]]
        _write_presence(self.library, gone, back)
        self.result.vanished += len(gone)
        self.result.back += back
        lost = _vanished_by_fingerprint(self.library, self.root)
        slots = {path: row[0] for path, row in self.known.items()}
        _read_fresh(
            self.library,
            self.root,
            self.base,
            fresh,
            slots,
            lost,
            self.result,
            on_progress,
            self.stop,
        )
        if gone:
            self.result.moved += join_late_moves(self.library, gone)

    def _listed(self) -> Iterator[Found]:
        """List the files of the parts looked at, after reading what is known of them."""
        unreadable = self.result.unreadable
        if self.scope.everything:
            self._know("", ())
            yield from walk(self.base, unreadable)
            return
        trees = sorted(path for root, path in self.scope.trees if root == self.root)
        trees = [path for path in trees if not any(_is_below(path, other) for other in trees)]
        for path in trees:
            self._know("AND path > ? AND path < ?", (path + b"/", path + b"0"))
            yield from walk(self.base, unreadable, path, may_be_gone=True)
        for root, path in sorted(self.scope.folders):
            if root != self.root or any(path == t or _is_below(path, t) for t in trees):
                continue
            if path:
                self._know(
                    "AND path > ? AND path < ? AND instr(substr(path, ?), x'2F') = 0",
                    (path + b"/", path + b"0", len(path) + 2),
                )
            else:
                self._know("AND instr(path, x'2F') = 0", ())
            yield from walk(self.base, unreadable, path, deep=False, may_be_gone=True)

    def _know(self, condition: str, values: tuple[bytes | int, ...]) -> None:
        """Read what the catalog knows of a part; "0" follows "/" in the order of bytes."""
        for path, slot, size, mtime_ns, missing in self.library.catalog.rows(
            "SELECT path, slot, iif(fingerprint = ? AND size > 0, -1, size), mtime_ns, missing "
            f"FROM photo WHERE root = ? {condition}",
            (bytes(16), self.root, *values),  # what could not be read then is looked at again
        ):
            self.known[path] = (slot, size, mtime_ns, missing)


def _is_below(path: bytes, folder: bytes) -> bool:
    return path.startswith(folder + b"/")


def _read_fresh(
    library: Library,
    root: int,
    base: bytes,
    fresh: list[Found],
    slots: dict[bytes, int],
    lost: dict[bytes, list[int]],
    result: ScanResult,
    on_progress: Progress | None,
    stop: threading.Event,
) -> None:
    """Fingerprint new and changed files and write them; moves wait for all fingerprints."""
    rows, held = [], []
    for number, found in enumerate(fresh, 1):
        if stop.is_set():
            break
        row = read_row(base, found)
        if row.fingerprint in lost and found.path not in slots:
            held.append(row)
        else:
            rows.append(row)
        if len(rows) >= _BATCH or number == len(fresh):
            _write_rows(library, root, rows, slots, result)
            rows = []
            if on_progress:
                on_progress(number, len(fresh))
    _write_rows(library, root, rows, slots, result)
    _write_moves(library, root, held, lost, slots, result)


def _vanished_by_fingerprint(library: Library, root: int) -> dict[bytes, list[int]]:
    lost: dict[bytes, list[int]] = {}
    for slot, print_ in library.catalog.rows(
        "SELECT slot, fingerprint FROM photo WHERE root = ? AND missing AND fingerprint != ?",
        (root, bytes(16)),
    ):
        lost.setdefault(print_, []).append(slot)
    return lost


def _write_presence(library: Library, gone: list[int], back: list[int]) -> None:
    if not gone and not back:
        return

    def write(connection: apsw.Connection) -> None:
        connection.executemany(
            "UPDATE photo SET missing = 1 WHERE slot = ?", [(slot,) for slot in gone]
        )
        connection.executemany(
            "UPDATE photo SET missing = 0 WHERE slot = ?", [(slot,) for slot in back]
        )
        bump_revision(connection)

    library.catalog.write(write).result()


def _write_rows(
    library: Library, root: int, rows: list[Row], slots: dict[bytes, int], result: ScanResult
) -> None:
    if not rows:
        return

    def write(connection: apsw.Connection) -> None:
        top = connection.execute("SELECT coalesce(max(slot), 0) FROM photo").get
        added = utc_now()
        for row in rows:
            slot = slots.get(row.path)
            if slot is None:
                top += 1
                connection.execute(
                    "INSERT INTO photo (slot, id, root, path, size, mtime_ns, fingerprint, taken, "
                    "camera, width, height, added) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (top, new_id(), root, row.path, *row.values, added),
                )
                result.new.append(top)
            else:
                connection.execute(
                    "UPDATE photo SET size = ?, mtime_ns = ?, fingerprint = ?, taken = ?, "
                    "camera = ?, width = ?, height = ?, missing = 0 WHERE slot = ?",
                    (*row.values, slot),
                )
                result.changed.append(slot)
        bump_revision(connection)

    library.catalog.write(write).result()


def _write_moves(
    library: Library,
    root: int,
    held: list[Row],
    lost: dict[bytes, list[int]],
    slots: dict[bytes, int],
    result: ScanResult,
) -> None:
    """Give a photo that vanished here and appeared there, one for one, its old slot."""
    arrivals: dict[bytes, list[Row]] = {}
    for row in held:
        arrivals.setdefault(row.fingerprint, []).append(row)
    moved, unclear = [], []
    for print_, rows in arrivals.items():
        if len(rows) == 1 and len(lost[print_]) == 1:
            moved.append((lost[print_][0], rows[0]))
        else:
            unclear.extend(rows)
    if moved:

        def write(connection: apsw.Connection) -> None:
            connection.executemany(
                "UPDATE photo SET path = ?, mtime_ns = ?, missing = 0 WHERE slot = ?",
                [(row.path, row.mtime_ns, slot) for slot, row in moved],
            )
            bump_revision(connection)

        library.catalog.write(write).result()
        result.moved.extend(slot for slot, _ in moved)
    result.unclear_moves.extend(row.path for row in unclear)
    _write_rows(library, root, unclear, slots, result)
