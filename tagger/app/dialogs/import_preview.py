"""What a file of labels holds, said before anything is taken in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from tagger.app.dialogs.words import count, listed, quoted
from tagger.core.decisions import Verdict
from tagger.core.errors import TaggerError
from tagger.library.library import Library
from tagger.library.matching import match_photos
from tagger.library.table_columns import Roles, find_roles
from tagger.library.table_long import is_letters, is_long
from tagger.library.table_text import decode, read_bytes, read_rows
from tagger.library.tables import ImportTable, TableOptions, read_table

Role = Literal["photo", "labels", "single", "unsure", "split", "ignored"]

ROLE_WORDS: dict[Role, str] = {
    "ignored": "not read",
    "photo": "name of the photo",
    "labels": "labels, several in a cell",
    "single": "one label, a group of its own",
    "unsure": "unsure labels",
    "split": "split (train, val, …)",
}
MOST_COLUMNS = 100
"""So many columns are shown for choosing."""

_EXAMPLES = 3
_MOST_GROUPS = 8
_OPTIONS = {
    "--photo": "name of the photo",
    "--labels COLUMN": "labels",
    "--labels": "labels",
    "--single COLUMN": "one label",
    "--single": "one label",
    "--unsure": "unsure labels",
    "--split": "split",
    "--separator": "Separator",
    "--encoding": "Encoding",
    "--names": "Names",
    "--group": "Group",
}


@dataclass(frozen=True)
class ColumnLook:
    """One column: its title, a few of its values, what it was taken for."""

    title: str
    examples: str
    role: Role


@dataclass(frozen=True)
class Preview:
    """What was found in a file.

    Attributes:
        table: the list of labels, or None if it could not be read.
        problem: the sentence that says why.
        columns: of a table with one row per photo; else empty.
        lines: (heading, words) what was found.
        missing, ambiguous: names that no photo, or several, answer to.
    """

    path: Path
    options: TableOptions
    table: ImportTable | None = None
    problem: str = ""
    columns: tuple[ColumnLook, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    matched: int = field(default=0)


def make_preview(library: Library, path: Path, options: TableOptions) -> Preview:
    """Read a file of labels, and see which photos of a library it speaks of; on any thread."""
    known = {group.name: group.kind for group in library.facts.schema.groups.values()}
    options = replace(options, known_groups=known)
    columns: tuple[ColumnLook, ...] = ()
    try:
        columns = read_columns(path, options)
        table = read_table(path, options)
    except TaggerError as error:
        return Preview(path, options, problem=in_window_words(str(error)), columns=columns)
    names = [library.photos.path(slot) for slot in library.photos.by_name.tolist()]
    found = match_photos(table.photo_names, names, library.places.home, path.absolute().parent)
    return Preview(
        path,
        options,
        table,
        columns=columns,
        lines=tuple(found_lines(table)),
        missing=tuple(table.photo_names[row] for row in found.missing),
        ambiguous=tuple(table.photo_names[row] for row in found.ambiguous),
        matched=int(np.count_nonzero(found.slot_index >= 0)),
    )


def read_columns(path: Path, options: TableOptions) -> tuple[ColumnLook, ...]:
    """Return the columns of a table with one row per photo; none for other forms.

    Raises:
        TableError: the file cannot be read.
    """
    data = read_bytes(path)
    if path.suffix.lower() == ".json" or data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return ()
    text, guessed = decode(data, path.name, options.encoding)
    rows = read_rows(text, path.name, guessed)
    if is_long(rows) or is_letters(rows):
        return ()
    try:
        roles = _roles_by_column(find_roles(rows, path.name, options))
    except TaggerError:
        roles = {}
    looks = []
    for place, title in enumerate(rows.header[:MOST_COLUMNS]):
        cells = (row[place].strip() for row in rows.cells[:200] if len(row) > place)
        examples = [cell for cell in dict.fromkeys(cells) if cell][:_EXAMPLES]
        shown = ",  ".join(cell if len(cell) < 40 else f"{cell[:38]}…" for cell in examples)
        looks.append(ColumnLook(title, shown, roles.get(place, "ignored")))
    return tuple(looks)


def _roles_by_column(roles: Roles) -> dict[int, Role]:
    found: dict[int, Role] = {roles.photo: "photo"}
    found |= dict.fromkeys(roles.lists, "labels")
    found |= dict.fromkeys(roles.singles, "single")
    if roles.unsure is not None:
        found[roles.unsure] = "unsure"
    if roles.split is not None:
        found[roles.split] = "split"
    return found


def options_for(chosen: Mapping[str, Role], rest: TableOptions) -> TableOptions:
    """Return options that say how columns are read: column → role, beside all other options."""

    def only(role: Role) -> str | None:
        titles = [title for title, each in chosen.items() if each == role]
        return titles[0] if len(titles) == 1 else None

    return replace(
        rest,
        photo=only("photo"),
        labels=only("labels"),
        unsure=only("unsure"),
        split=only("split"),
        single=tuple(title for title, each in chosen.items() if each == "single"),
    )


def found_lines(table: ImportTable) -> list[tuple[str, str]]:
    """Say what a list holds: photos, groups with labels and decisions, splits, problems."""
    lines = [("Photos", f"{len(table.photo_names):,} named")]
    for place, (name, kind) in enumerate(table.groups.items()):
        if place == _MOST_GROUPS:
            more = list(table.groups)[_MOST_GROUPS:]
            lines.append((f"{len(more):,} more groups", listed(more, 6)))
            break
        mine = table.verdicts[table.group_index == place]
        parts = [count(len(table.vocabulary[name]), "label")]
        for verdict, words in (
            (Verdict.CONFIRMED, "given"),
            (Verdict.REJECTED, "rejected"),
            (Verdict.UNSURE, "unsure"),
        ):
            number = int(np.count_nonzero(mine == verdict))
            if number:
                parts.append(f"{number:,} times {words}")
        kind_words = "one per photo" if kind == "single" else "any number per photo"
        lines.append((name, f"{', '.join(parts)}; {kind_words}"))
    splits = Counter(split for split in table.splits if split)
    if splits:
        parts = [f"{name} {number:,}" for name, number in splits.most_common()]
        lines.append(("Split", listed(parts, 6)))
    if table.ignored:
        lines.append(("Not read", listed(list(table.ignored), 6)))
    if table.problems:
        lines.append(("Problems", count(len(table.problems), "line")))
    return lines


def match_words(preview: Preview) -> str:
    """Say how many photos of the list are in the library."""
    total = preview.matched + len(preview.missing) + len(preview.ambiguous)
    if not preview.matched:
        return "None of the photos it names is in this library."
    words = f"{preview.matched:,} of {total:,} photos are in this library."
    if preview.missing:
        words += f" {count(len(preview.missing), 'name').capitalize()} not found: "
        words += f"{listed([quoted(name) for name in preview.missing], 3)}."
    if preview.ambiguous:
        verb = "means" if len(preview.ambiguous) == 1 else "mean"
        words += f" {count(len(preview.ambiguous), 'name').capitalize()} {verb} several photos."
    return words


def in_window_words(sentence: str) -> str:
    """Return a sentence of the reader with the fields of the window for command line options."""
    sentence = re.sub(r"\bgive (?=--)", "choose ", sentence)
    sentence = re.sub(r"\(or --labels (.+) to (.+)\)", r"or choose --labels for \1 to \2", sentence)
    for option, words in _OPTIONS.items():
        sentence = sentence.replace(option, quoted(words))
    return sentence
