"""Writing the labels of a library as CSV, one row per photo or one row per statement."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tagger.core.decisions import VERDICT_NAMES, Verdict, verdicts_of
from tagger.core.errors import TaggerError
from tagger.core.schema import Group
from tagger.library.annotations import render
from tagger.library.library import Library
from tagger.library.mirror import write_whole
from tagger.library.score_table import ScoreTable
from tagger.library.table_cells import join_names, neutral

_QUOTED_ENDS = "\r\n"
"""What the csv module takes for line ends, and so quotes in a cell; names can hold either."""

LONG_HEADER = ("photo", "group", "label", "verdict", "score")


class ExportError(TaggerError):
    """An export could not be written."""


@dataclass(frozen=True)
class _Photo:
    slot: int
    name: str
    split: str


def export_wide(library: Library, target: Path) -> int:
    """Write one row per photo: `photo`, a column per group, `split`; return the number of photos.

    A multi group's cell holds its confirmed labels joined by `;` (doubled inside a name), a
    single group's its label. The split is the user's, else the part the program drew.

    Raises:
        ExportError: the file cannot be written.
    """
    photos = list(_photos(library))
    groups = [group for group in library.facts.schema.groups.values() if group.adopted]
    header = ["photo", *(neutral(group.name) for group in groups), "split"]
    rows = (
        [photo.name, *_cells(library, photo.slot, groups), neutral(photo.split)] for photo in photos
    )
    _write(target, [header], rows)
    return len(photos)


def export_long(library: Library, target: Path, scores: ScoreTable | None = None) -> int:
    """Write `photo,group,label,verdict,score`; return the number of photos.

    One row per decision, and with `scores` one per (photo, label) that the table lets through;
    rows without a decision have no verdict. A photo with neither has one row with its name alone.

    Raises:
        ExportError: the file cannot be written.
    """
    photos = list(_photos(library))
    order = {num: place for place, num in enumerate(library.facts.schema.labels)}
    rows = (row for photo in photos for row in _statements(library, photo, scores, order))
    _write(target, [LONG_HEADER], rows)
    return len(photos)


def export_json(library: Library, target: Path, scores: ScoreTable | None = None) -> int:
    """Write the annotation file's content, with `scores` added to each photo; return the count.

    Raises:
        ExportError: the file cannot be written.
    """
    library.catalog.flush()
    scores_of = scores.by_name if scores is not None else None
    _write_pieces(target, render(library.catalog.reader, scores_of))
    return sum(1 for _ in _photos(library))


def _photos(library: Library) -> Iterator[_Photo]:
    """Yield every photo by path; one that vanished only while decisions are kept for it."""
    roots = library.roots()
    for slot, root, path, split, part in library.catalog.rows(
        "SELECT slot, root, path, split, part FROM photo WHERE NOT missing OR split IS NOT NULL "
        "OR slot IN (SELECT photo FROM decision) OR slot IN (SELECT photo FROM reviewed) "
        "ORDER BY root, path"
    ):
        folder = roots[root]
        name = path.decode("utf-8", "backslashreplace")
        shown = name if folder == library.places.home else f"{folder.as_posix()}/{name}"
        yield _Photo(slot, neutral(shown), split if split is not None else part or "")


def _cells(library: Library, slot: int, groups: Iterable[Group]) -> Iterator[str]:
    """Yield the cell of each group: its confirmed labels in display order."""
    nums, codes = library.facts.decisions.of_photo(slot)
    confirmed = set(nums[verdicts_of(codes) == Verdict.CONFIRMED].tolist())
    for group in groups:
        labels = library.facts.schema.labels_of(group.num) if confirmed else ()
        names = [label.name for label in labels if label.num in confirmed]
        yield join_names(names) if group.kind == "multi" else neutral("".join(names[:1]))


def _statements(
    library: Library, photo: _Photo, scores: ScoreTable | None, order: dict[int, int]
) -> Iterator[tuple[str, ...]]:
    """Yield the long rows of one photo, labels in display order."""
    schema = library.facts.schema
    nums, codes = library.facts.decisions.of_photo(photo.slot)
    pairs = zip(nums.tolist(), verdicts_of(codes).tolist(), strict=True)
    verdicts = {num: VERDICT_NAMES[Verdict(code)] for num, code in pairs if num in schema.labels}
    found = dict.fromkeys(verdicts, "")
    if scores is not None:
        listed = {label.num: score for label, score in scores.of_photo(photo.slot)}
        decided = {num: scores.score(photo.slot, num) for num in verdicts}
        known = {num: score for num, score in (decided | listed).items() if score is not None}
        found |= {num: f"{score:.4g}" for num, score in known.items()}
    if not found:
        yield (photo.name, "", "", "", "")
        return
    for num in sorted(found, key=order.__getitem__):
        label = schema.labels[num]
        group = neutral(schema.groups[label.group].name)
        yield (photo.name, group, neutral(label.name), verdicts.get(num, ""), found[num])


def _write(target: Path, *tables: Iterable[Iterable[str]]) -> None:
    _write_pieces(target, _text(tables))


def _write_pieces(target: Path, pieces: Iterable[str]) -> None:
    if target.is_dir():
        raise ExportError(f"{target} is a folder; give the name of a file.")
    try:
        write_whole(target, pieces)
    except OSError as error:
        raise ExportError(f"{target} could not be written: {error.strerror or error}.") from error


def _text(tables: Iterable[Iterable[Iterable[str]]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator=_QUOTED_ENDS)
    for rows in tables:
        for row in rows:
            writer.writerow(row)
            yield buffer.getvalue().removesuffix(_QUOTED_ENDS) + "\n"
            buffer.seek(0)
            buffer.truncate()
