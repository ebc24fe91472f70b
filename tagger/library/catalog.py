"""The precious database of one library: one writer thread, short transactions, full durability."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import apsw

from tagger.core.errors import TaggerError
from tagger.core.names import new_id
from tagger.library.catalog_schema import FORMAT_VERSION, TABLES

T = TypeVar("T")


class CatalogError(TaggerError):
    """The catalog cannot be opened or written."""


class Catalog:
    """catalog.sqlite through apsw, in WAL mode with `synchronous=FULL`.

    Every write runs on one thread, in one transaction, and is on disk when its future is done.
    Reads use a connection per thread.

    Attributes:
        path: the file.
        known_revision: up to here the owner has read the catalog, or written it himself.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the catalog.

        Raises:
            CatalogError: the file is damaged, no catalog, or from a newer version.
        """
        self.path = path
        self._local = threading.local()
        self._connections: list[apsw.Connection] = []
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self.known_revision = 0
        try:
            self._prepare()
        except apsw.Error as error:
            raise CatalogError(
                f"The catalog {path} cannot be opened ({error}). Move the file away to start anew "
                f"from tagger-annotations.json, or restore a copy of it."
            ) from error
        self._thread = threading.Thread(target=self._write_loop, name="catalog-writer", daemon=True)
        self._thread.start()

    def _prepare(self) -> None:
        connection = self._connect()
        has_meta = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'"
        ).fetchone()
        if not has_meta:
            with connection:
                connection.execute(TABLES)
                connection.executemany(
                    "INSERT INTO meta VALUES (?, ?)",
                    [
                        ("format_version", str(FORMAT_VERSION)),
                        ("library_id", new_id()),
                        ("hash_key", new_id()),
                        ("revision", "0"),
                        ("next_num", "1"),
                    ],
                )
        row = connection.execute("SELECT value FROM meta WHERE key = 'format_version'").fetchone()
        version = int(row[0]) if row else 0
        connection.close()
        if version > FORMAT_VERSION:
            raise CatalogError(
                f"The catalog {self.path} was written by a newer version of the tagger (format "
                f"{version}, this program reads {FORMAT_VERSION}). Update the program to open it."
            )

    def _connect(self) -> apsw.Connection:
        connection = apsw.Connection(str(self.path))
        connection.set_busy_timeout(10_000)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    @property
    def reader(self) -> apsw.Connection:
        """The connection of the calling thread, for reading."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only = 1")
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    def rows(self, sql: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """Run a query on this thread's reading connection.

        Until the last row is read the connection sees the catalog as it was at the first.
        """
        return iter(self.reader.execute(sql, values))

    def value(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        """Return the first column of the first row of a query, or None."""
        row = self.reader.execute(sql, values).fetchone()
        return row[0] if row else None

    def meta(self, key: str) -> str | None:
        """Return a setting of this library."""
        return self.value("SELECT value FROM meta WHERE key = ?", (key,))

    def set_meta(self, key: str, value: str | None) -> None:
        """Store a setting of this library; None removes it."""
        self.write(lambda connection: put_meta(connection, key, value)).result()

    def write(self, job: Callable[[apsw.Connection], T]) -> Future[T]:
        """Run `job(connection)` in one transaction on the writer thread.

        The future is done when the result is on disk, or carries a `CatalogError`.
        """
        future: Future[T] = Future()
        with self._gate:
            if self._closed:
                future.set_exception(CatalogError(f"{self.path} is closed."))
            else:
                self._jobs.put(_Job(job, future))
        return future

    def changed_elsewhere(self) -> Future[bool]:
        """Find out whether another process raised the revision above the known one.

        Asked on the writer thread, so that no write of our own is taken for another's.
        """
        return self.write(lambda connection: read_revision(connection) != self.known_revision)

    def flush(self) -> None:
        """Wait until everything given to `write` so far is on disk."""
        self.write(lambda connection: None).result()

    def _write_loop(self) -> None:
        connection = self._connect()
        while (item := self._jobs.get()) is not None:
            try:
                with _immediate(connection):
                    before = read_revision(connection)
                    result = item.work(connection)
                    after = read_revision(connection)
            except apsw.Error as error:
                item.future.set_exception(self._write_error(error))
            except BaseException as error:  # handed to whoever waits for the write
                item.future.set_exception(error)
            else:
                if before == self.known_revision:
                    self.known_revision = after
                item.future.set_result(result)
        connection.close()

    def _write_error(self, error: apsw.Error) -> CatalogError:
        reasons = {
            apsw.FullError: "the disk is full: free some space",
            apsw.ReadOnlyError: "it is write-protected",
            apsw.BusyError: "another program keeps it locked: close it",
            apsw.IOError: "the disk reports an error",
        }
        reason = next((text for kind, text in reasons.items() if isinstance(error, kind)), error)
        return CatalogError(
            f"{self.path} could not be written, {reason}. The last change is not saved."
        )

    def data_version(self) -> int:
        """Return a number that changes when another connection or process wrote."""
        return int(self.reader.execute("PRAGMA data_version").get)

    def close(self) -> None:
        """Finish the waiting writes and close; a later write fails instead of waiting for ever."""
        with self._gate:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._local = threading.local()


class _Job:
    def __init__(self, work: Callable[[apsw.Connection], Any], future: Future[Any]) -> None:
        self.work = work
        self.future = future


@contextmanager
def _immediate(connection: apsw.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def put_meta(connection: apsw.Connection, key: str, value: str | None) -> None:
    """Store a setting inside a running write; None removes it."""
    if value is None:
        connection.execute("DELETE FROM meta WHERE key = ?", (key,))
    else:
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def bump_revision(connection: apsw.Connection) -> int:
    """Note inside a running write that the annotation file is out of date; return the count."""
    connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'revision'")
    return read_revision(connection)


def read_revision(connection: apsw.Connection) -> int:
    """Return how often something that the annotation file holds was changed."""
    return int(connection.execute("SELECT value FROM meta WHERE key = 'revision'").get or 0)
