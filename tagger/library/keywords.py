"""Keywords that photos already hold come in as decisions, once; removed ones do not return."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import apsw
import numpy as np

from tagger.core.decisions import Verdict
from tagger.core.names import fold_name
from tagger.core.schema import Schema
from tagger.library.draft import CommittedAct, Draft
from tagger.library.library import Library
from tagger.library.metadata import PhotoKeywords, read_keywords
from tagger.library.schema_edit import add_group, add_label

KEYWORDS_GROUP = "Keywords"
SOURCE = "import:keywords"

_READERS = 4
_CHUNK = 256


@dataclass(frozen=True)
class FoundKeywords:
    """The keywords of one photo slot, with what could not be read."""

    slot: int
    keywords: PhotoKeywords


def read_new_keywords(
    library: Library,
    changed: Iterable[int] = (),
    on_progress: Callable[[int, int], None] | None = None,
    stop: threading.Event | None = None,
) -> list[FoundKeywords]:
    """Read the keywords of photos never asked before, and of `changed` slots. Any thread."""
    roots = {num: os.fsencode(path) for num, path in library.roots().items()}
    changed = set(changed)
    wanted = [
        (slot, os.path.join(roots[root], path))
        for slot, root, path, known in library.catalog.rows(
            "SELECT slot, root, path, photo IS NOT NULL FROM photo "
            "LEFT JOIN keywords ON photo = slot WHERE NOT missing AND size > 0"
        )
        if not known or slot in changed
    ]
    found: list[FoundKeywords] = []
    with ThreadPoolExecutor(_READERS) as pool:
        for start in range(0, len(wanted), _CHUNK):
            if stop is not None and stop.is_set():
                break
            chunk = wanted[start : start + _CHUNK]
            read = pool.map(read_keywords, [path for _, path in chunk])
            found += [
                FoundKeywords(slot, words) for (slot, _), words in zip(chunk, read, strict=True)
            ]
            if on_progress:
                on_progress(len(found), len(wanted))
    return found


def import_keywords(library: Library, found: list[FoundKeywords]) -> CommittedAct | None:
    """Take keywords in as confirmed, one act; returns None if no photo holds a new one.

    A keyword goes to the label of that name or synonym, else to the group *Keywords*, which is
    not learned until asked. The state is remembered, so that what the user removes or undoes
    does not come back.
    """
    before = dict(library.catalog.rows("SELECT photo, subjects FROM keywords"))
    fresh: dict[str, list[int]] = {}
    for item in found:
        known = {fold_name(word) for word in json.loads(before.get(item.slot, "[]"))}
        for word in item.keywords.subjects:
            if fold_name(word) not in known:
                fresh.setdefault(word, []).append(item.slot)
    act = _commit(library, fresh) if fresh else None
    rows = [
        (item.slot, json.dumps(item.keywords.subjects, ensure_ascii=False), "") for item in found
    ]
    library.catalog.write(lambda connection: _remember(connection, rows)).result()
    return act


def _commit(library: Library, fresh: dict[str, list[int]]) -> CommittedAct | None:
    photos = len({slot for slots in fresh.values() for slot in slots})
    draft = library.draft(f"Keywords found in {photos} photos", SOURCE)
    for word, slots in fresh.items():
        draft.decide(np.array(slots), _label_for(library, draft, word), Verdict.CONFIRMED)
    return None if draft.is_empty else draft.commit()


def _label_for(library: Library, draft: Draft, word: str) -> int:
    schema = Schema(draft.groups.values(), draft.labels.values())
    for group in schema.groups.values():
        if group.kind == "multi" and (label := schema.label_named(group.num, word)):
            return label.num
    home = schema.group_named(KEYWORDS_GROUP)
    if home is None or home.kind != "multi":
        home = add_group(library, draft, KEYWORDS_GROUP, "multi", learned=False)
    return add_label(library, draft, home.num, word).num


def _remember(connection: apsw.Connection, rows: list[tuple[int, str, str]]) -> None:
    connection.executemany("INSERT OR REPLACE INTO keywords VALUES (?, ?, ?)", rows)


def keyword_problems(library: Library, found: list[FoundKeywords]) -> list[tuple[Path, str]]:
    """List the photos whose metadata could not be read, with the reason."""
    return [
        (library.photo_path(item.slot), item.keywords.problem)
        for item in found
        if item.keywords.problem
    ]
