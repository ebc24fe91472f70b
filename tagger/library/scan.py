"""Bringing the photo table in line with the folder: new, changed, moved and vanished photos."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from tagger.core.names import new_id, utc_now
from tagger.library.catalog import bump_revision
from tagger.library.library import Library
from tagger.library.walking import Found, Row, read_row, walk

_BATCH = 400

Progress = Callable[[int, int], None]


@dataclass
class ScanResult:
    """What a scan found.

    Attributes:
        new, changed, moved: slots.
        vanished: number of photos that were there before and are not now.
        unreadable: folders that could not be read, with the reason.
        unclear_moves: paths that equal several vanished photos, so they came in as new ones.
    """

    new: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    vanished: int = 0
    unreadable: list[tuple[bytes, str]] = field(default_factory=list)
    unclear_moves: list[bytes] = field(default_factory=list)


def scan(
    library: Library,
    on_progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> ScanResult:
    """Walk the library's roots and write what is new, changed, moved or gone.

    Photos come in batch by batch, so that they can be shown meanwhile. The library's arrays are
    not touched: call `Library.reload_photos` on the thread that owns them. `on_progress` gets
    (photos read, photos to read).
    """
    result = ScanResult()
    ensure_home_root(library)
    for root, folder in library.roots().items():
        _scan_root(library, root, folder, result, on_progress, stop or threading.Event())
    return result


def ensure_home_root(library: Library) -> None:
    """Give the home folder its root entry, on the first opening."""
    if library.catalog.value("SELECT 1 FROM root WHERE path = ?", (b".",)) is None:
        library.catalog.write(
            lambda connection: connection.execute(
                "INSERT INTO root (id, path) VALUES (?, ?)", (new_id(), b".")
            )
        ).result()


def _scan_root(
    library: Library,
    root: int,
    folder: Path,
    result: ScanResult,
    on_progress: Progress | None,
    stop: threading.Event,
) -> None:
    known = {
        path: (slot, size, mtime_ns, missing)
        for path, slot, size, mtime_ns, missing in library.catalog.rows(
            "SELECT path, slot, iif(fingerprint = ? AND size > 0, -1, size), mtime_ns, missing "
            "FROM photo WHERE root = ?",
            (bytes(16), root),  # what could not be read then is looked at again
        )
    }
    base = os.fsencode(folder)
    unchanged, fresh, back = set(), [], []
    for found in walk(base, result.unreadable):
        if stop.is_set():
            return
        before = known.get(found.path)
        if before and before[1:3] == (found.size, found.mtime_ns):
            unchanged.add(found.path)
            if before[3]:
                back.append(before[0])
        else:
            fresh.append(found)
    gone = [(path, row[0]) for path, row in known.items() if path not in unchanged and not row[3]]
    fresh_paths = {found.path for found in fresh}
    gone = [(path, slot) for path, slot in gone if path not in fresh_paths]
    _write_presence(library, [slot for _, slot in gone], back)
    result.vanished += len(gone)
    lost = _vanished_by_fingerprint(library, root)
    slots = {path: row[0] for path, row in known.items()}
    _read_fresh(library, root, base, fresh, slots, lost, result, on_progress, stop)


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

    def write(connection: apsw.Connection) -> int:
        connection.executemany(
            "UPDATE photo SET missing = 1 WHERE slot = ?", [(slot,) for slot in gone]
        )
        connection.executemany(
            "UPDATE photo SET missing = 0 WHERE slot = ?", [(slot,) for slot in back]
        )
        return bump_revision(connection)

    library.revised(library.catalog.write(write).result())


def _write_rows(
    library: Library, root: int, rows: list[Row], slots: dict[bytes, int], result: ScanResult
) -> None:
    if not rows:
        return

    def write(connection: apsw.Connection) -> int:
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
        return bump_revision(connection)

    library.revised(library.catalog.write(write).result())


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

        def write(connection: apsw.Connection) -> int:
            connection.executemany(
                "UPDATE photo SET path = ?, mtime_ns = ?, missing = 0 WHERE slot = ?",
                [(row.path, row.mtime_ns, slot) for slot, row in moved],
            )
            return bump_revision(connection)

        library.revised(library.catalog.write(write).result())
        result.moved.extend(slot for slot, _ in moved)
    result.unclear_moves.extend(row.path for row in unclear)
    _write_rows(library, root, unclear, slots, result)
