"""Tables with one row per statement: the long export, and letter codes for groups of values."""

from __future__ import annotations

import re
from collections import Counter

from tagger.core.decisions import VERDICT_NAMES, Verdict
from tagger.core.names import fold_name
from tagger.core.schema import Kind
from tagger.library.table_build import (
    DEFAULT_GROUP,
    ImportTable,
    TableBuilder,
    TableError,
    TableOptions,
)
from tagger.library.table_cells import restored
from tagger.library.table_names import preset_group_values, read_group_values
from tagger.library.table_text import Rows

LONG_COLUMNS = ("photo", "group", "label", "verdict")

_VERDICTS = {name: verdict for verdict, name in VERDICT_NAMES.items()}
_NO_VERDICTS = frozenset({"", "suggested", "absent", "implied", "untouched", "unknown"})
_LETTER_VERDICTS = {"y": Verdict.CONFIRMED, "m": Verdict.UNSURE}
_LETTERS = re.compile(r"[ymn]{2,}")
_LETTERS_SUFFIX = "_labels"


def is_long(rows: Rows) -> bool:
    """Say whether the header is that of `photo,group,label,verdict[,score]`."""
    return set(LONG_COLUMNS) <= {fold_name(title) for title in rows.header}


def read_long(rows: Rows, name: str, options: TableOptions) -> ImportTable:
    """Read `photo,group,label,verdict`: explicit verdicts; rows without one name labels only.

    Groups that neither the library nor `--single` knows are single where no photo has two of
    their labels, except those called *tags* or *Keywords*.
    """
    places = [[fold_name(title) for title in rows.header].index(title) for title in LONG_COLUMNS]
    width = max(places) + 1
    builder = TableBuilder(name, options.partial)
    statements = []
    for line, cells in zip(rows.lines, rows.cells, strict=True):
        if len(cells) < width:
            builder.problems.append((line, f"has {len(cells)} cells instead of {width}"))
            continue
        photo, group, label, verdict = (restored(cells[place]) for place in places)
        statements.append((line, photo, group.strip(), label.strip(), verdict.strip().lower()))
    kinds = _kinds([(p, g, la) for _, p, g, la, v in statements if v == "confirmed"], options)
    for line, photo, group, label, verdict in statements:
        if not photo.strip():
            builder.problems.append((line, "names no photo"))
            continue
        row = builder.photo(photo)
        if not group or not label:
            continue
        index = builder.group(group, kinds.get(fold_name(group), _plain_kind(group, options)))
        builder.label(index, label)
        if verdict in _VERDICTS:
            builder.decide(row, index, label, _VERDICTS[verdict], line)
            builder.cover(row, index)
        elif verdict not in _NO_VERDICTS:
            builder.problems.append((line, f"{verdict} is not confirmed, rejected or unsure"))
    return builder.finish()


def _plain_kind(group: str, options: TableOptions) -> Kind:
    """Return the kind of a group in which nothing is confirmed."""
    named = fold_name(group) in {fold_name(single) for single in options.single}
    return options.known_kind(group) or ("single" if named else "multi")


def _kinds(confirmed: list[tuple[str, str, str]], options: TableOptions) -> dict[str, Kind]:
    """Return folded group → kind, from the labels confirmed on each photo."""
    distinct = {(photo, fold_name(group), fold_name(label)) for photo, group, label in confirmed}
    most: dict[str, int] = {}
    for (_, group), count in Counter((photo, group) for photo, group, _ in distinct).items():
        most[group] = max(count, most.get(group, 0))
    always_multi = {fold_name(DEFAULT_GROUP), fold_name("Keywords")}
    kinds: dict[str, Kind] = {}
    for name in {group for _, group, _ in confirmed}:
        folded = fold_name(name)
        guessed: Kind = "multi" if most[folded] > 1 or folded in always_multi else "single"
        told = _plain_kind(name, options)
        settled = options.single or options.known_kind(name)
        kinds[folded] = told if settled else guessed
    return kinds


def is_letters(rows: Rows) -> bool:
    """Say whether the rows are `path,group_labels,nnynnn` without a header (FashionAI)."""
    sample = rows.cells[:100]
    return not rows.has_header and all(
        len(cells) == 3 and _LETTERS.fullmatch(cells[2].strip()) for cells in sample
    )


def read_letters(rows: Rows, name: str, options: TableOptions) -> ImportTable:
    """Read one letter per value of a single group: `y` right, `m` maybe, `n` wrong.

    What the letters stand for is told by the file of `names`, else by FashionAI's groups.

    Raises:
        TableError: no row fits the groups that are known.
    """
    told = read_group_values(options.names) if options.names else preset_group_values()
    values = {fold_name(group): names for group, names in told.items()}
    builder = TableBuilder(name, options.partial)
    for line, cells in zip(rows.lines, rows.cells, strict=True):
        if len(cells) < 3:
            builder.problems.append((line, f"has {len(cells)} cells instead of 3"))
            continue
        group = cells[1].strip().removesuffix(_LETTERS_SUFFIX)
        letters = cells[2].strip()
        names = values.get(fold_name(group), [])
        if len(names) != len(letters):
            reason = f"has {len(letters)} letters for {group}, which has {len(names)} known values"
            builder.problems.append((line, reason))
            continue
        row = builder.photo(restored(cells[0]))
        index = builder.group(group, "single", names)
        for value, letter in zip(names, letters, strict=True):
            if letter in _LETTER_VERDICTS:
                builder.decide(row, index, value, _LETTER_VERDICTS[letter], line)
        builder.cover(row, index)
    if not builder.groups:
        raise TableError(
            f"{name} holds one letter per value; give --names with a JSON file of the values, "
            f'such as {{"groups": {{"coat_length": ["Invisible", …]}}}}.'
        )
    return builder.finish()
