"""Small upright JPEGs of photos, and the folder in which all libraries keep them."""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw
from PIL import Image

from tagger.imaging.decode import Source, upright_image

QUALITY = 85

_SPARE = 1.5
_FORMAT = 1
_FILE = "thumbnails.sqlite"
_TABLE = """
CREATE TABLE IF NOT EXISTS thumbnail (
    fingerprint BLOB NOT NULL, side INTEGER NOT NULL, used INTEGER NOT NULL,
    size INTEGER NOT NULL, jpeg BLOB NOT NULL, UNIQUE (fingerprint, side));
CREATE INDEX IF NOT EXISTS thumbnail_by_use ON thumbnail (used, size);
"""
_KEPT_SHARE = 0.9
_CHECK_SHARE = 0.02
_MOST_TOUCHED = 256
_PATIENCE = 2.0

Result = TypeVar("Result")


def make_thumbnail(source: Source, side: int) -> bytes:
    """Make a small picture of a photo.

    Args:
        source: path, bytes path, or open file.
        side: longest side in pixels; smaller photos keep their size.

    Returns:
        A JPEG, upright, sRGB.

    Raises:
        PhotoProblem: the photo cannot be read.
    """

    def wanted(width: int, height: int) -> tuple[int, int]:
        inner = _inside(width, height, side)
        return int(inner[0] * _SPARE), int(inner[1] * _SPARE)

    with upright_image(source, wanted=wanted) as image:
        size = _inside(image.width, image.height, side)
        if size != image.size:
            image = image.resize(size, Image.Resampling.BICUBIC)
        out = io.BytesIO()
        image.info.clear()
        image.save(out, "JPEG", quality=QUALITY)
        return out.getvalue()


class ThumbnailCache:
    """Thumbnails in one file, shared between libraries, threads and processes.

    A cache and no more: whatever goes wrong with its file (damage, a full disk, a lock held too
    long), thumbnails are simply made again; a damaged file is thrown away and begun anew.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Open or create the cache.

        Args:
            folder: where its file lies; created when needed.
            max_bytes: how many bytes of JPEG to keep; the least recently used go first.
        """
        self.path = folder / _FILE
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._touched: dict[tuple[bytes, int], int] = {}
        self._unchecked = max_bytes
        self._connection: apsw.Connection | None = None

    def get(self, fingerprint: bytes, side: int) -> bytes | None:
        """Return the JPEG kept for a file of this fingerprint at this side, or None."""

        def look(connection: apsw.Connection) -> bytes | None:
            sql = "SELECT jpeg FROM thumbnail WHERE fingerprint = ? AND side = ?"
            row = connection.execute(sql, (fingerprint, side)).fetchone()
            if row is None:
                return None
            self._touched[fingerprint, side] = time.time_ns()
            if len(self._touched) >= _MOST_TOUCHED:
                self._note_use(connection)
            return row[0]

        return self._try(look)

    def put(self, fingerprint: bytes, side: int, jpeg: bytes) -> None:
        """Keep a JPEG, and drop the least recently used ones if there are too many bytes."""

        def write(connection: apsw.Connection) -> None:
            sql = "INSERT OR REPLACE INTO thumbnail VALUES (?, ?, ?, ?, ?)"
            connection.execute(sql, (fingerprint, side, time.time_ns(), len(jpeg), jpeg))
            self._touched.pop((fingerprint, side), None)
            self._unchecked += len(jpeg)
            if self._unchecked >= self._max_bytes * _CHECK_SHARE:
                self._note_use(connection)
                self._evict(connection)
                self._unchecked = 0

        self._try(write)

    def get_or_make(self, source: Source, fingerprint: bytes, side: int) -> bytes:
        """Return the thumbnail of a photo, making and keeping it when it is not there.

        Raises:
            PhotoProblem: the photo cannot be read.
        """
        kept = self.get(fingerprint, side)
        if kept is None:
            kept = make_thumbnail(source, side)
            self.put(fingerprint, side, kept)
        return kept

    def close(self) -> None:
        """Write what is pending and let go of the file."""
        self._try(self._note_use)
        with self._lock:
            self._close()

    def _try(self, work: Callable[[apsw.Connection], Result]) -> Result | None:
        """Run `work`, once more on a fresh file if this one is damaged; None if it cannot be."""
        deadline = time.monotonic() + _PATIENCE
        renewed = False
        with self._lock:
            while True:
                try:
                    if self._connection is None:
                        self._connection = self._open()
                    return work(self._connection)
                except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError):
                    if renewed:
                        return None
                    renewed = True
                    self._throw_away()
                except apsw.BusyError:
                    # SQLite does not wait by itself where several open a new file at once.
                    if time.monotonic() > deadline:
                        return None
                    time.sleep(0.02)
                except (apsw.Error, OSError):
                    return None

    def _open(self) -> apsw.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = apsw.Connection(str(self.path))
        try:
            connection.set_busy_timeout(int(_PATIENCE * 1000))
            # A transaction that reads before it writes would fail at once beside another writer.
            connection.transaction_mode = "IMMEDIATE"
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            with connection:
                if connection.pragma("user_version") not in (0, _FORMAT):
                    connection.execute("DROP TABLE IF EXISTS thumbnail")
                connection.execute(_TABLE)
                connection.pragma("user_version", _FORMAT)
        except BaseException:
            connection.close()
            raise
        return connection

    def _note_use(self, connection: apsw.Connection) -> None:
        used = [(when, *key) for key, when in self._touched.items()]
        self._touched.clear()
        if used:
            with connection:
                connection.executemany(
                    "UPDATE thumbnail SET used = ? WHERE fingerprint = ? AND side = ?", used
                )

    def _evict(self, connection: apsw.Connection) -> None:
        total = connection.execute("SELECT sum(size) FROM thumbnail").get or 0
        if total <= self._max_bytes:
            return
        surplus = total - int(self._max_bytes * _KEPT_SHARE)
        gone: list[tuple[int]] = []
        oldest = connection.execute("SELECT rowid, size FROM thumbnail ORDER BY used")
        for rowid, size in oldest:
            gone.append((rowid,))
            surplus -= size
            if surplus <= 0:
                break
        oldest.close()
        with connection:
            connection.executemany("DELETE FROM thumbnail WHERE rowid = ?", gone)
        connection.execute("PRAGMA incremental_vacuum").fetchall()

    def _throw_away(self) -> None:
        with contextlib.suppress(OSError, apsw.Error):
            self._close()
            for ending in ("", "-wal", "-shm"):
                self.path.with_name(_FILE + ending).unlink(missing_ok=True)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(True)


def _inside(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the size of a picture brought to a longest side, never larger than it is."""
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
