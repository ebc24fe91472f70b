"""Taking a list of labels into a library: one act, which undo takes back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from tagger.core.decisions import Verdict, verdicts_of
from tagger.core.schema import Group, Label
from tagger.library.draft import CommittedAct, Draft
from tagger.library.import_schema import take_groups, take_labels
from tagger.library.library import Library
from tagger.library.matching import MatchResult, match_photos
from tagger.library.tables import ImportTable, TableOptions, read_table

Slots = NDArray[np.int64]


@dataclass
class ImportResult:
    """What an import did.

    Attributes:
        photos: how many photos of the library the table names.
        decisions: how many decisions were written; those that stood already are not counted.
        missing: names in the table that no photo answers to.
        ambiguous: name → paths of the photos it could mean; none of them was chosen.
        conflicts: decisions left out because a person had said otherwise.
        problems: (line, reason) of what the table itself says wrongly.
        ignored: columns of the table that were not read.
        act: the committed act, on disk; None if there was nothing to change.
    """

    photos: int = 0
    decisions: int = 0
    missing: list[str] = field(default_factory=list)
    ambiguous: dict[str, list[str]] = field(default_factory=dict)
    conflicts: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    act: CommittedAct | None = None

    def to_json(self) -> dict[str, Any]:
        """Return counts under the names of the fields, and what is missing by name."""
        return {
            "photos": self.photos,
            "decisions": self.decisions,
            "missing": len(self.missing),
            "ambiguous": len(self.ambiguous),
            "conflicts": self.conflicts,
            "missing_names": self.missing,
            "ambiguous_names": self.ambiguous,
            "problems": [{"line": line, "reason": reason} for line, reason in self.problems],
        }


def import_file(
    library: Library, path: Path, options: TableOptions | None = None, override: bool = False
) -> ImportResult:
    """Read a list of labels and take it into a library as one act.

    Columns called like a group of the library are that group's. A list is complete for its own
    vocabulary unless the options say that it is partial.

    What a person decided or reviewed is kept and the contradictions counted, unless `override`.

    Raises:
        TableError: the file cannot be read, or leaves a doubt, or a group is of another kind.
    """
    known = {group.name: group.kind for group in library.facts.schema.groups.values()}
    table = read_table(path, replace(options or TableOptions(), known_groups=known))
    return import_table(library, table, path.absolute().parent, override)


def import_table(
    library: Library, table: ImportTable, folder: Path | None = None, override: bool = False
) -> ImportResult:
    """Take a table into a library as one act; see `import_file`.

    Photo names may be relative to `folder`, where the table lies.

    Raises:
        TableError: a group of that name is of another kind.
    """
    draft = library.draft(f"Import {table.source}", f"import:{table.source}", override)
    slots, result = _match(library, table, folder)
    if result.photos:
        groups = take_groups(library, draft, table)
        labels = take_labels(library, draft, table, groups)
        people = _PeopleReviews(library)
        said = _take_decisions(library, draft, table, slots, labels, people)
        result.decisions, result.conflicts = said
        _take_reviews(library, draft, table, slots, groups, labels, people)
        splits = _take_splits(library, draft, table, slots)
        what = f"{result.decisions:,} labels" if table.groups else f"the split of {splits:,} photos"
        draft.description = f"Import {what} from {table.source}"
    if not draft.is_empty:
        result.act = draft.commit()
        saved = result.act.saved.result()
        entry = (draft.source, table.digest, saved.act.num)
        library.catalog.write(lambda connection: _remember(connection, entry)).result()
    return result


def was_imported(library: Library, table: ImportTable) -> bool:
    """Say whether this very file was imported before, be the import undone since or not."""
    source = f"import:{table.source}"
    sql = "SELECT count(*) FROM imported WHERE source = ? AND hash = ?"
    return bool(library.catalog.value(sql, (source, table.digest)))


def _remember(connection: apsw.Connection, entry: tuple[str, str, int]) -> None:
    connection.execute("INSERT OR REPLACE INTO imported VALUES (?, ?, ?)", entry)


def _match(library: Library, table: ImportTable, folder: Path | None) -> tuple[Slots, ImportResult]:
    """Return the slot of every photo of the table (−1: none), and the result so far."""
    present = library.photos.by_name
    paths = [library.photos.path(slot) for slot in present.tolist()]
    found: MatchResult = match_photos(table.photo_names, paths, library.places.home, folder)
    hit = found.slot_index >= 0
    slots = np.full(len(hit), -1, np.int64)
    slots[hit] = present[found.slot_index[hit]]
    result = ImportResult(
        photos=len(np.unique(slots[hit])),
        missing=[_shown(os.fsencode(table.photo_names[row])) for row in found.missing],
        ambiguous={
            _shown(os.fsencode(table.photo_names[row])): [
                _shown(paths[index]) for index in candidates
            ]
            for row, candidates in found.ambiguous.items()
        },
        problems=table.problems,
        ignored=table.ignored,
    )
    return slots, result


class _PeopleReviews:
    """What people, not imports, reviewed: whom an import must not contradict."""

    def __init__(self, library: Library) -> None:
        self._reviews = library.facts.reviews
        self._slots = library.facts.slots
        self.rows: dict[tuple[int, int], list[Any]] = {
            (photo, group): value
            for photo, group, *value in library.catalog.rows(
                "SELECT photo, grp, label_set, source, author, time FROM reviewed "
                "WHERE source = 'person'"
            )
        }

    def found_absent(self, photos: Slots, label: Label) -> NDArray[np.bool_]:
        """Say for which photos a person looked at the group and did not give this label."""
        sets = np.zeros(len(photos), np.int32)
        for at, photo in enumerate(photos.tolist()):
            row = self.rows.get((photo, label.group))
            sets[at] = row[0] if row else 0
        return np.isin(sets, self._reviews.sets_with(label.num))


def _take_decisions(
    library: Library,
    draft: Draft,
    table: ImportTable,
    slots: Slots,
    labels: list[list[int]],
    people: _PeopleReviews,
) -> tuple[int, int]:
    """Write the decisions of matched photos that do not stand already.

    Returns:
        How many were written, and how many a person had decided otherwise.
    """
    photo = slots[table.rows]
    num = _label_nums(table.group_index, table.label_index, labels)
    verdict = table.verdicts
    codes = library.facts.decisions.codes(photo, num)
    todo = np.flatnonzero((photo >= 0) & (verdicts_of(codes) != verdict))
    order = todo[np.lexsort((verdict[todo], num[todo]))]
    keys = np.stack([num[order], verdict[order].astype(np.int64)])
    starts = np.flatnonzero(np.any(np.diff(keys, axis=1, prepend=-1), axis=0))
    written = conflicts = 0
    for part in np.split(order, starts[1:]) if len(order) else []:
        label, said = draft.labels[int(num[part[0]])], Verdict(int(verdict[part[0]]))
        if people.rows and said != Verdict.REJECTED and not draft.override:
            against = (codes[part] == 0) & people.found_absent(photo[part], label)
            conflicts += int(np.count_nonzero(against))
            part = part[~against]
        written += draft.decide(np.unique(photo[part]), label.num, said)
    return written, conflicts + draft.conflicts


def _label_nums(
    group_index: NDArray[np.int32], label_index: NDArray[np.int32], labels: list[list[int]]
) -> NDArray[np.int64]:
    """Return the num behind each (group, label) pair of indexes: int64."""
    starts = np.cumsum([0, *(len(nums) for nums in labels)])
    flat = np.array([num for nums in labels for num in nums], np.int64)
    return flat[starts[group_index] + label_index] if len(group_index) else flat[:0]


def _take_reviews(
    library: Library,
    draft: Draft,
    table: ImportTable,
    slots: Slots,
    groups: Sequence[Group],
    labels: list[list[int]],
    people: _PeopleReviews,
) -> None:
    """Mark covered photos as reviewed with the labels the list knew, beside those known before."""
    photo = slots[table.covered_rows]
    for number, offered in enumerate(table.label_sets):
        group = groups[offered.group].num
        nums = {labels[offered.group][index] for index in offered.labels}
        mine = np.unique(photo[(table.covered_sets == number) & (photo >= 0)])
        before = library.facts.reviews.column(group, library.facts.slots)[mine]
        for label_set in np.unique(before).tolist():
            known = library.facts.reviews.label_sets.get(label_set, frozenset())
            if label_set and nums <= known:
                continue
            chosen = mine[before == label_set]
            draft.review(chosen, group, nums | known)
            for slot in chosen.tolist():
                if row := people.rows.get((slot, group)):
                    both = library.label_set(group, sorted(nums | known))
                    draft.put_row("reviewed", slot, group, [both, *row[1:]])


def _take_splits(library: Library, draft: Draft, table: ImportTable, slots: Slots) -> int:
    """Store the splits that differ from what is stored; return how many."""
    rows = "SELECT slot, split FROM photo WHERE split IS NOT NULL"
    before: dict[int, str] = dict(library.catalog.rows(rows))
    given = {
        slot: value
        for slot, value in zip(slots.tolist(), table.splits, strict=True)
        if slot >= 0 and value is not None and before.get(slot) != value
    }
    draft.set_split(list(given), list(given.values()))
    return len(given)


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
