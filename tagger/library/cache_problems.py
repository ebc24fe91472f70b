"""Which photos could not be read, and why: a small table in the cache."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

import apsw
import numpy as np
from numpy.typing import NDArray

from tagger.core.errors import TaggerError
from tagger.library.cache_file import CacheError
from tagger.library.cache_folder import make_cache_folder

DATABASE = "cache.sqlite"
_VERSION = 1
_TABLE = """
CREATE TABLE problem (
    slot INTEGER PRIMARY KEY, signature BLOB NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL,
    time REAL NOT NULL
)
"""
PASSING_KINDS = frozenset({"vanished", "permission", "disk", "memory"})
"""Problems that lie outside the bytes of the photo: it is tried again in every run."""


@dataclass(frozen=True)
class Problem:
    """A photo that gave no suggestions.

    Attributes:
        slot: which photo.
        signature: of the bytes that were tried; 0 where they could not be read.
        kind: as `tagger.imaging.decode.PhotoProblem`: unreadable, damaged, too_large, …
        reason: a plain sentence part without the path.
        time: seconds since 1970.
    """

    slot: int
    signature: int
    kind: str
    reason: str
    time: float


class ProblemTable:
    """The problem photos of a library, for the one suggester that writes them."""

    def __init__(self, cache_dir: Path) -> None:
        """Open the table; a damaged or foreign file is replaced by an empty one.

        Raises:
            CacheError: the disk is full or write-protected.
        """
        path = cache_dir / DATABASE
        try:
            make_cache_folder(cache_dir)
            try:
                self._connection = _open_for_writing(path)
            except (apsw.NotADBError, apsw.CorruptError, _ForeignTable):
                _delete(path)
                self._connection = _open_for_writing(path)
        except (OSError, apsw.Error) as error:
            raise CacheError(
                f"The cache {path} cannot be written ({error}). Free some space or make the "
                "folder writable, then start again."
            ) from error

    def put(self, problem: Problem) -> None:
        """Note a problem, instead of an earlier one of the same photo.

        Raises:
            CacheError: the disk is full or write-protected.
        """
        blob = problem.signature.to_bytes(8, "little")
        self._run(
            "INSERT OR REPLACE INTO problem VALUES (?, ?, ?, ?, ?)",
            [(problem.slot, blob, problem.kind, problem.reason, problem.time)],
        )

    def forget(self, slots: NDArray[np.int64] | list[int]) -> None:
        """Take photos off the list: they could be read, or are to be tried again.

        Raises:
            CacheError: the disk is full or write-protected.
        """
        self._run("DELETE FROM problem WHERE slot = ?", [(int(slot),) for slot in slots])

    def all(self) -> list[Problem]:
        """Return every problem, by slot."""
        return _read(self._connection)

    def close(self) -> None:
        """Close the table."""
        with contextlib.suppress(apsw.Error):
            self._connection.close()

    def _run(self, sql: str, rows: list[tuple[int | str | bytes | float, ...]]) -> None:
        try:
            with self._connection:
                self._connection.executemany(sql, rows)
        except apsw.Error as error:
            raise CacheError(
                f"The list of problem files cannot be written ({error}). Free some space or make "
                "the folder writable, then start again."
            ) from error


def new_problem(slot: int, signature: int, kind: str, reason: str) -> Problem:
    """Return a problem that was noticed now."""
    return Problem(slot, signature, kind, reason, time.time())


def read_problems(cache_dir: Path) -> list[Problem]:
    """Return the problem photos of a library, by slot; empty where nothing was noted.

    For readers: the window and the command line.
    """
    path = cache_dir / DATABASE
    if not path.exists():
        return []
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_busy_timeout(2_000)
            return _read(connection)
        finally:
            connection.close()
    except apsw.Error:
        return []


class _ForeignTable(TaggerError):
    """The file is a database of another kind or version."""


def _open_for_writing(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(5_000)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        version = connection.pragma("user_version")
        if version == 0:
            with connection:
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
        elif version != _VERSION:
            raise _ForeignTable("the cache is of another version")
        _read(connection)
    except apsw.SQLError as error:
        connection.close()
        raise _ForeignTable(str(error)) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _delete(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()


def _read(connection: apsw.Connection) -> list[Problem]:
    rows = connection.execute(
        "SELECT slot, signature, kind, reason, time FROM problem ORDER BY slot"
    )
    return [
        Problem(slot, int.from_bytes(signature, "little"), kind, reason, when)
        for slot, signature, kind, reason, when in rows
    ]
