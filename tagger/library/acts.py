"""Acts in the catalog: what the user did, as changed rows; applied, undone, redone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from tagger.core.errors import TaggerError
from tagger.core.names import new_id, utc_now
from tagger.library.catalog import bump_revision

_ENCODER = json.JSONEncoder(ensure_ascii=False)


class UndoError(TaggerError):
    """There is nothing to undo or redo, or a later act changed the same things."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row an act writes: its key and the new value (None = no row)."""

    kind: str
    a: int
    b: int
    value: list[Any] | None


@dataclass(frozen=True)
class Act:
    """One thing the user did; the unit of undo."""

    num: int
    id: str
    description: str
    time: str
    author: str
    source: str
    state: str


@dataclass(frozen=True)
class ActResult:
    """What applying, undoing or redoing an act did.

    Attributes:
        changes: the rows as they are now.
        revision: the catalog's revision after it.
    """

    act: Act
    changes: list[Change]
    revision: int


@dataclass(frozen=True)
class _Table:
    name: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]

    def read(
        self, connection: apsw.Connection, keys: Sequence[tuple[int, int]]
    ) -> Iterator[list[Any] | None]:
        """Yield the present row of each key, None where there is none."""
        sql = f"SELECT {', '.join(self.columns)} FROM {self.name} WHERE {self._where}"
        cursor = connection.cursor()
        for key in keys:
            row = cursor.execute(sql, key[: len(self.keys)]).fetchone()
            yield None if row is None else list(row)

    def write(
        self, connection: apsw.Connection, rows: Iterable[tuple[int, int, list[Any] | None]]
    ) -> None:
        gone = [(a, b)[: len(self.keys)] for a, b, value in rows if value is None]
        kept = [(*(a, b)[: len(self.keys)], *value) for a, b, value in rows if value is not None]
        if gone:
            connection.executemany(f"DELETE FROM {self.name} WHERE {self._where}", gone)
        if kept:
            names = (*self.keys, *self.columns)
            marks = ", ".join("?" * len(names))
            updates = ", ".join(f"{name} = excluded.{name}" for name in self.columns)
            connection.executemany(
                f"INSERT INTO {self.name} ({', '.join(names)}) VALUES ({marks}) "
                f"ON CONFLICT ({', '.join(self.keys)}) DO UPDATE SET {updates}",
                kept,
            )

    @property
    def _where(self) -> str:
        return " AND ".join(f"{key} = ?" for key in self.keys)


class _SplitTable(_Table):
    """The user's split is a column of the photo, so its row is updated, never made."""

    def write(
        self, connection: apsw.Connection, rows: Iterable[tuple[int, int, list[Any] | None]]
    ) -> None:
        values = [(value[0] if value else None, a) for a, _, value in rows]
        connection.executemany("UPDATE photo SET split = ? WHERE slot = ?", values)


TABLES: dict[str, _Table] = {
    "decision": _Table(
        "decision",
        ("photo", "label"),
        ("verdict", "source", "author", "time", "bundle", "score"),
    ),
    "reviewed": _Table("reviewed", ("photo", "grp"), ("label_set", "source", "author", "time")),
    "split": _SplitTable("photo", ("slot",), ("split",)),
    "group": _Table(
        "grp",
        ("num",),
        ("id", "name", "kind", "gate", "position", "adopted", "learned", "deleted"),
    ),
    "label": _Table(
        "label",
        ("num",),
        (
            "id",
            "grp",
            "name",
            "parent",
            "synonyms",
            "position",
            "adopted",
            "deleted",
            "redirect",
        ),
    ),
}


def apply_act(
    connection: apsw.Connection,
    description: str,
    changes: Sequence[Change],
    *,
    source: str,
    author: str,
) -> ActResult:
    """Write changes as one act inside a running transaction; rows that stay equal are left out."""
    act = _insert_act(connection, description, source, author)
    done: list[Change] = []
    stored = []
    for kind, table in TABLES.items():
        mine = [change for change in changes if change.kind == kind]
        befores = table.read(connection, [(change.a, change.b) for change in mine])
        for change, before in zip(mine, befores, strict=True):
            if before != change.value:
                done.append(change)
                row = (act.num, kind, change.a, change.b, _dump(before), _dump(change.value))
                stored.append(row)
    connection.executemany("INSERT INTO change VALUES (?, ?, ?, ?, ?, ?)", stored)
    _write(connection, done)
    connection.execute("UPDATE act SET state = 'dropped' WHERE state = 'undone'")
    return ActResult(act, done, bump_revision(connection))


def undo_act(connection: apsw.Connection, num: int | None = None) -> ActResult:
    """Write the befores of an act back, by default of the last one, inside a transaction.

    Raises:
        UndoError: nothing to undo, or a later act changed the same rows.
    """
    where = "state = 'done'" if num is None else "num = ? AND state = 'done'"
    act = _one_act(connection, f"{where} ORDER BY num DESC", () if num is None else (num,))
    if act is None:
        raise UndoError("There is nothing to undo.")
    later = connection.execute(
        "SELECT act.description FROM change AS mine JOIN change AS later "
        "ON later.kind = mine.kind AND later.a = mine.a AND later.b = mine.b "
        "AND later.act > mine.act JOIN act ON act.num = later.act AND act.state = 'done' "
        "WHERE mine.act = ? LIMIT 1",
        (act.num,),
    ).fetchone()
    if later:
        raise UndoError(
            f"“{act.description}” cannot be undone on its own: “{later[0]}” changed the same "
            f"things later. Undo that first."
        )
    return _restore(connection, act, "before", "undone")


def redo_act(connection: apsw.Connection) -> ActResult:
    """Do the act again that was undone last, inside a transaction.

    Raises:
        UndoError: nothing to redo.
    """
    act = _one_act(connection, "state = 'undone' ORDER BY num", ())
    if act is None:
        raise UndoError("There is nothing to redo.")
    return _restore(connection, act, "after", "done")


def list_acts(connection: apsw.Connection, limit: int = 100) -> list[Act]:
    """Return the latest acts that are done or can be redone, newest first."""
    return [
        Act(*row)
        for row in connection.execute(
            "SELECT num, id, description, time, author, source, state FROM act "
            "WHERE state != 'dropped' ORDER BY num DESC LIMIT ?",
            (limit,),
        )
    ]


def _insert_act(connection: apsw.Connection, description: str, source: str, author: str) -> Act:
    values = (new_id(), description, utc_now(), author, source, "done")
    connection.execute(
        "INSERT INTO act (id, description, time, author, source, state) VALUES (?, ?, ?, ?, ?, ?)",
        values,
    )
    return Act(connection.last_insert_rowid(), *values)


def _one_act(connection: apsw.Connection, where: str, values: tuple[int, ...]) -> Act | None:
    row = connection.execute(
        f"SELECT num, id, description, time, author, source, state FROM act WHERE {where} LIMIT 1",
        values,
    ).fetchone()
    return Act(*row) if row else None


def _restore(connection: apsw.Connection, act: Act, column: str, state: str) -> ActResult:
    changes = [
        Change(kind, a, b, None if value is None else json.loads(value))
        for kind, a, b, value in connection.execute(
            f"SELECT kind, a, b, {column} FROM change WHERE act = ?", (act.num,)
        )
    ]
    _write(connection, changes)
    connection.execute("UPDATE act SET state = ? WHERE num = ?", (state, act.num))
    return ActResult(act, changes, bump_revision(connection))


def _write(connection: apsw.Connection, changes: Sequence[Change]) -> None:
    for kind, table in TABLES.items():
        rows = [(c.a, c.b, c.value) for c in changes if c.kind == kind]
        if rows:
            table.write(connection, rows)


def _dump(value: list[Any] | None) -> str | None:
    return None if value is None else _ENCODER.encode(value)
