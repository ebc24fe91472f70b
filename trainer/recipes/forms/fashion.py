"""FashionAI's attributes: headerless `Annotations/label.csv` (path, group, a letter a value)."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.examples import GroupExamples, single_group
from trainer.recipes.forms.common import (
    FormError,
    PhotoFolder,
    RecipeData,
    cell,
    checked_folder,
    drawn_parts,
    left_out,
    make_examples,
    nothing_found,
    read_table,
)

TABLE, QUESTIONS = "Annotations/label.csv", "Tests/question.csv"
FORM = f"{TABLE} (path, group, letters; no header) and the photos it names"
SUFFIX = "_labels"
YES, MAYBE, NO = "y", "m", "n"
JUDGED_SHARE, SEED = 0.2, 1


@dataclass(frozen=True)
class Mark:
    """A row of the table: which photo, which group, one letter a value."""

    line: int
    photo: str
    group: str
    letters: str


def read_marks(path: Path) -> list[Mark]:
    """Read a label file.

    Raises:
        TableError, FormError: it is no such file, a letter is none of y, m, n, or a group has
            not the same number of values everywhere; names the line.
    """
    table = read_table(path)
    marks: list[Mark] = []
    lengths: dict[str, tuple[int, int]] = {}
    for line, row in _all_rows(table.rows, table.header, table.has_header):
        photo, group, letters = (cell(row, at) for at in range(3))
        if not photo or not group or not letters:
            raise FormError(f"{table.where(line)}: expected path, group and letters.")
        if set(letters) - {YES, MAYBE, NO}:
            raise FormError(f"{table.where(line)}: “{letters}” has letters other than y, m and n.")
        count, first = lengths.setdefault(group, (len(letters), line))
        if count != len(letters):
            raise FormError(
                f"{table.where(line)}: {group} has {len(letters)} values here, but {count} in "
                f"line {first}."
            )
        marks.append(Mark(line, photo.replace("\\", "/"), group, letters))
    return marks


def _all_rows(
    rows: Sequence[tuple[int, list[str]]], header: Sequence[str], has_header: bool
) -> list[tuple[int, list[str]]]:
    """Return every row: the file has no header, whatever its first line looks like."""
    looks_so = has_header and len(header) > 2 and not set(header[2]) - {YES, MAYBE, NO}
    return [(1, list(header)), *rows] if looks_so else list(rows)


def group_name(written: str) -> str:
    """Return a group's plain name: `coat_length_labels` → `coat_length`."""
    return written.removesuffix(SUFFIX)


def known_values() -> dict[str, list[str]]:
    """Return the value names of the eight known groups, in the order of their letters."""
    text = resources.files("resources").joinpath("presets", "fashionai.json").read_text("utf-8")
    groups = json.loads(text)["groups"]
    return {group["name"]: [label["name"] for label in group["labels"]] for group in groups}


def value_names(group: str, count: int) -> list[str]:
    """Return names where group and count are known, else the values' numbers from 0."""
    names = known_values().get(group, [])
    return names if len(names) == count else [str(number) for number in range(count)]


def read_fashion(folder: Path) -> RecipeData:
    """Read a folder in FashionAI's form; 80/20 after shuffling, a photo's rows kept together.

    The facts hold `maybe`: group → bool [photos, values], where a value may be right.

    Raises:
        TableError, FormError: it is not in that form.
    """
    checked_folder(folder, FORM)
    table = folder / TABLE
    if not table.is_file():
        raise FormError(f"{folder} holds no {TABLE}. Give a folder with {FORM}.")
    marks = read_marks(table)
    photos = PhotoFolder(folder)
    named = list(dict.fromkeys(mark.photo for mark in marks))
    paths = {name: photos.find(name) or photos.find(f"Images/{name}") for name in named}
    missing = [name for name in named if paths[name] is None]
    there = [name for name in named if paths[name] is not None]
    if not there:
        raise nothing_found(table, "the photos by the paths it names")
    found = [path for name in there if (path := paths[name]) is not None]
    groups, maybe, double = _groups(marks, there)
    remarks = [left_out(f"are named in {TABLE} but missing", missing)] if missing else []
    if double:
        remarks.append(
            f"{double} rows say yes to several values or contradict an earlier row of the same "
            "photo and group: the first yes counts."
        )
    return RecipeData(
        folder,
        tuple(there),
        make_examples(found, groups, drawn_parts(len(there), JUDGED_SHARE, SEED)),
        f"80/20 of the photos drawn with random state {SEED}, all rows of a photo together",
        tuple(remarks),
        {"rows": _row_counts(marks)},
        maybe,
    )


def _groups(
    marks: Sequence[Mark], photos: Sequence[str]
) -> tuple[list[GroupExamples], dict[str, NDArray[np.bool_]], int]:
    """Return groups, where a value is a maybe, and how many rows contradict themselves."""
    place = {photo: row for row, photo in enumerate(photos)}
    counts = {group_name(mark.group): len(mark.letters) for mark in marks}
    answers = {group: np.full(len(photos), -1, np.int64) for group in counts}
    maybe = {group: np.zeros((len(photos), n), bool) for group, n in counts.items()}
    double = 0
    for mark in marks:
        row, group = place.get(mark.photo), group_name(mark.group)
        if row is None:
            continue
        letters = np.array(list(mark.letters))
        said = np.flatnonzero(letters == YES)
        before = answers[group][row]
        double += len(said) > 1 or (before >= 0 and len(said) > 0 and before != said[0])
        if before < 0 and len(said):
            answers[group][row] = said[0]
        maybe[group][row] |= letters == MAYBE
    made = [
        single_group(group, value_names(group, count), answers[group])
        for group, count in counts.items()
    ]
    return made, maybe, double


def _row_counts(marks: Sequence[Mark]) -> dict[str, int]:
    """Return how many rows of the whole table each group has: the weights of the final score."""
    counts: dict[str, int] = {}
    for mark in marks:
        counts[group_name(mark.group)] = counts.get(group_name(mark.group), 0) + 1
    return counts


@dataclass(frozen=True)
class Question:
    """A row of `question.csv`: cells as they stand, photo and plain group name."""

    cells: tuple[str, ...]
    photo: str
    group: str


def read_questions(path: Path) -> list[Question]:
    """Read headerless questions: path, group, and whatever else a row holds.

    Raises:
        TableError, FormError: it is no such file; names the line.
    """
    table = read_table(path)
    rows = [(1, list(table.header)), *table.rows] if table.has_header else list(table.rows)
    questions = []
    for line, row in rows:
        photo, group = cell(row, 0), cell(row, 1)
        if not photo or not group:
            raise FormError(f"{table.where(line)}: expected path and group.")
        questions.append(Question((photo, group), photo.replace("\\", "/"), group_name(group)))
    return questions


def write_answers(
    path: Path, questions: Sequence[Question], scores: Sequence[Sequence[float]]
) -> None:
    """Write the same rows with the probabilities of their group, `%.8f` joined by `;`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for question, values in zip(questions, scores, strict=True):
            writer.writerow([*question.cells, ";".join(f"{value:.8f}" for value in values)])
