"""tagger-annotations.json, format 1: the user's work as one canonical, diff-friendly file."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import apsw

import tagger
from tagger.core.decisions import VERDICT_NAMES, Verdict

FORMAT = "tagger-annotations"
VERSION = 1

ScoresOf = Callable[[int], dict[str, dict[str, float]]]
"""slot → group name → label name → score."""


@dataclass(frozen=True)
class _Names:
    groups: dict[int, str]
    labels: dict[int, tuple[int, str]]
    order: dict[int, int]

    def title(self, label: int) -> tuple[str, str]:
        group, name = self.labels[label]
        return self.groups[group], name


def render(connection: apsw.Connection, scores_of: ScoresOf | None = None) -> Iterator[str]:
    """Yield the annotation file piece by piece, one photo a line, from one moment of the catalog.

    `scores_of` adds `"scores"` (export with scores). Photos that vanished are kept while they
    hold decisions.
    """
    connection.execute("BEGIN")
    try:
        yield from _render(connection, scores_of)
    finally:
        connection.execute("COMMIT")


def _render(connection: apsw.Connection, scores_of: ScoresOf | None) -> Iterator[str]:
    names = _read_names(connection)
    sets = _used_label_sets(connection)
    roots = list(connection.execute("SELECT num, id, path FROM root ORDER BY num"))
    head = {"format": FORMAT, "version": VERSION, "written_by": f"photo-tagger {version()}"}
    listed = [{"id": root_id, "path": _text(path)} for _, root_id, path in roots]
    yield f'{_json(head)[:-1]}, "roots": {_json(listed)},\n'
    yield f' "label_sets": {{{_join(_label_set_lines(connection, names, sets))}}},\n'
    yield f' "schema": {{"groups": [{_join(_group_lines(connection, names))}]}},\n'
    yield ' "photos": ['
    root_ids = {num: root_id for num, root_id, path in roots if path != b"."}
    first = True
    for photo in _photos(connection, names, sets, root_ids, scores_of):
        yield f"{'' if first else ','}\n  {_json(photo)}"
        first = False
    yield "\n ]}\n" if not first else "]}\n"


def version() -> str:
    """Return the program's version, as it stands in files."""
    return tagger.__version__


def _read_names(connection: apsw.Connection) -> _Names:
    groups = dict(
        connection.execute("SELECT num, name FROM grp WHERE NOT deleted ORDER BY position, num")
    )
    positions = {num: at for at, num in enumerate(groups)}
    rows = list(connection.execute("SELECT num, grp, name, position FROM label WHERE NOT deleted"))
    rows = [row for row in rows if row[1] in groups]
    rows.sort(key=lambda row: (positions[row[1]], row[3], row[0]))
    labels = {num: (grp, name) for num, grp, name, _ in rows}
    return _Names(groups, labels, {num: at for at, num in enumerate(labels)})


def _used_label_sets(connection: apsw.Connection) -> dict[int, str]:
    """Number the label sets in use by the first photo that uses them."""
    used = connection.execute(
        "SELECT label_set FROM reviewed JOIN photo ON photo = slot "
        "GROUP BY label_set ORDER BY min(root || ' ' || hex(path)), label_set"
    )
    return {num: f"s{at}" for at, (num,) in enumerate(used, 1)}


def _label_set_lines(
    connection: apsw.Connection, names: _Names, sets: dict[int, str]
) -> Iterator[str]:
    moved = dict(
        connection.execute(
            "SELECT old.num, new.num FROM label AS old JOIN label AS new ON new.id = old.redirect"
        )
    )
    for num, short in sets.items():
        row = connection.execute("SELECT grp, labels FROM label_set WHERE num = ?", (num,))
        group, text = row.get
        labels = {moved.get(label, label) for label in json.loads(text)}
        known = sorted(labels & names.order.keys(), key=names.order.__getitem__)
        listed = [names.labels[label][1] for label in known]
        yield f"{_json(short)}: {_json({names.groups.get(group, ''): listed})}"


def _group_lines(connection: apsw.Connection, names: _Names) -> Iterator[str]:
    for num, group_id, name, kind, gate, learned in connection.execute(
        "SELECT num, id, name, kind, gate, learned FROM grp WHERE adopted AND NOT deleted "
        "ORDER BY position, num"
    ):
        labels = []
        for lid, label, parent, synonyms in connection.execute(
            "SELECT id, name, parent, synonyms FROM label WHERE grp = ? AND adopted "
            "AND NOT deleted ORDER BY position, num",
            (num,),
        ):
            entry: dict[str, Any] = {"id": lid, "name": label}
            if parent in names.labels:
                entry["parent"] = _reference(names, parent)
            if synonyms != "[]":
                entry["synonyms"] = json.loads(synonyms)
            labels.append(entry)
        shown = {
            "id": group_id,
            "name": name,
            "kind": kind,
            "gate": _reference(names, gate) if gate in names.labels else None,
        }
        if not learned:
            shown["learned"] = False
        lines = ",".join(f"\n    {_json(label)}" for label in labels)
        yield f'{_json(shown)[:-1]}, "labels": [{lines}]}}'


def _reference(names: _Names, label: int) -> dict[str, str]:
    group, name = names.title(label)
    return {"group": group, "label": name}


def _photos(
    connection: apsw.Connection,
    names: _Names,
    sets: dict[int, str],
    root_ids: dict[int, str],
    scores_of: ScoresOf | None,
) -> Iterator[dict[str, Any]]:
    decisions = _by_photo(
        connection,
        "SELECT photo, label, verdict, source, time, author, bundle, score "
        "FROM decision JOIN photo ON photo = slot ORDER BY root, path, label",
    )
    reviews = _by_photo(
        connection,
        "SELECT photo, grp, label_set FROM reviewed JOIN photo ON photo = slot "
        "ORDER BY root, path, grp",
    )
    for slot, pid, root, path, print_, split, part, missing in connection.execute(
        "SELECT slot, id, root, path, fingerprint, split, part, missing FROM photo "
        "ORDER BY root, path"
    ):
        decided, reviewed = decisions.take(slot), reviews.take(slot)
        if missing and not decided and not reviewed and split is None:
            continue
        entry: dict[str, Any] = {"path": _text(path), "id": pid}
        if root in root_ids:
            entry["root"] = root_ids[root]
        if _text(path).encode("utf-8", "replace") != path:
            entry["path_bytes"] = base64.b64encode(path).decode()
        if any(print_):
            entry["fingerprint"] = print_.hex()
        entry |= _verdicts(names, decided)
        shown = {names.groups[g]: sets[s] for _, g, s in reviewed if g in names.groups}
        if shown:
            entry["reviewed"] = shown
        if split is not None or part is not None:
            entry["split"] = split if split is not None else part
        why = [
            _short([*names.title(label), source, time, author, bundle, score])
            for _, label, _, source, time, author, bundle, score in decided
            if label in names.labels
        ]
        if why:
            entry["why"] = why
        if scores_of is not None and (scores := scores_of(slot)):
            entry["scores"] = scores
        yield entry


def _short(origin: list[Any]) -> list[Any]:
    """Leave out the bundle and score of a decision that answered no suggestion."""
    return origin if origin[-1] is not None else origin[:-2]


def _verdicts(names: _Names, decided: list[tuple]) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    rows = [row for row in decided if row[1] in names.order]
    for row in sorted(rows, key=lambda row: names.order[row[1]]):
        group, label = names.title(row[1])
        verdict = VERDICT_NAMES[Verdict(row[2])]
        found.setdefault(verdict, {}).setdefault(group, []).append(label)
    return {name: found[name] for name in VERDICT_NAMES.values() if name in found}


class _by_photo:
    """Rows of a query ordered like the photos, handed out photo by photo."""

    def __init__(self, connection: apsw.Connection, sql: str) -> None:
        self._rows = iter(connection.execute(sql))
        self._next = next(self._rows, None)

    def take(self, slot: int) -> list[tuple]:
        found = []
        while self._next is not None and self._next[0] == slot:
            found.append(self._next)
            self._next = next(self._rows, None)
        return found


def _text(path: bytes) -> str:
    return path.decode("utf-8", "replace")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _join(lines: Iterator[str]) -> str:
    text = ",".join(f"\n   {line}" for line in lines)
    return f"{text}\n  " if text else ""
