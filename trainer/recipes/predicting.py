"""Answers of a finished recipe for other photos: one, a folder of them, or a table of questions."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tagger.imaging.decode import Source
from tagger.imaging.formats import is_candidate
from tagger.library.places import user_folder
from trainer.recipes.cascade import Cascaded, cascaded, rates, table_text
from trainer.recipes.detectors import DogDetector, detect
from trainer.recipes.forms.common import FormError, read_table
from trainer.recipes.forms.fashion import read_questions, write_answers
from trainer.recipes.pictures import Shown, gallery
from trainer.recipes.runs import finished_run
from trainer.recipes.saved import Group, SavedModel, load_model

TABLES = (".csv", ".tsv", ".txt")
HALF = 0.5
PAGE = ".html"
ANSWER = "answer.csv"
DOGS = "dog-breeds"

Result = tuple[dict[str, Any], str]


def predict_command(
    recipe: str, wanted: Sequence[Path], run: Path | None, method: str, out: Path | None
) -> Result:
    """Answer for photos, folders of photos, or tables.

    Args:
        recipe: whose model answers.
        wanted: photos, folders, or tables: `question.csv`, or any whose first column names photos.
        run: the run whose model to take; None: the newest finished one of the recipe (dog breeds
            without any run: the starter's breeds).
        method: `ours` or `original`.
        out: `NAME.html` for a page that shows the photos, else a CSV file.

    Returns:
        the result for JSON, and the text for people.

    Raises:
        TaggerError: there is no finished run, or nothing to answer for.
    """
    if len(wanted) == 1 and recipe == "fashion-attributes" and _is_table(wanted[0]):
        return _answer_questions(recipe, wanted[0], run, method, out)
    photos = _photos(wanted)
    if recipe == DOGS:
        return _cascade(photos, run, method, out)
    folder = finished_run(recipe, run)
    model = load_model(folder, method)
    scores, unreadable = model.scores(list(photos))
    said = [
        [] if row in unreadable else _said(model, {g: s[row] for g, s in scores.items()})
        for row in range(len(photos))
    ]
    lines = []
    for row, (photo, labels) in enumerate(zip(photos, said, strict=True)):
        if row in unreadable:
            lines.append(f"{photo}: cannot be read")
            continue
        named = ", ".join(f"{label} ({score:.2f})" for label, score in labels)
        lines.append(f"{photo}: {named or 'no predictions'}")
    answers = [
        {
            "photo": str(photo),
            "labels": {label: round(score, 4) for label, score in labels},
            "readable": row not in unreadable,
        }
        for row, (photo, labels) in enumerate(zip(photos, said, strict=True))
    ]
    _write(out, recipe, photos, [[label for label, _ in labels] for labels in said], lines)
    result = {"recipe": recipe, "run": str(folder), "method": method, "answers": answers}
    return result, "\n".join(lines)


def _photos(wanted: Sequence[Path]) -> list[Path]:
    """Return the photos that paths, folders and tables name, in order.

    Raises:
        FormError: something is not there, or nothing is a photo.
    """
    found: list[Path] = []
    for path in wanted:
        if path.is_dir():
            inside = (Path(at) / name for at, _, names in os.walk(path) for name in names)
            found += sorted(one for one in inside if _is_photo(one))
        elif not path.exists():
            raise FormError(f"{path} does not exist.")
        elif _is_table(path):
            found += _named_in(path)
        else:
            found.append(path)
    if not found:
        raise FormError(f"{', '.join(map(str, wanted))}: no photos there.")
    return found


def _is_photo(path: Path) -> bool:
    return not path.name.startswith(".") and is_candidate(os.fsencode(path.name), None)


def _is_table(path: Path) -> bool:
    return path.suffix.casefold() in TABLES and path.is_file()


def _named_in(path: Path) -> list[Path]:
    """Return the photos that the first column of a table names, below the table's folder."""
    table = read_table(path)
    cells = [row[0].strip() for _, row in table.rows if row and row[0].strip()]
    found = [path.parent / cell for cell in dict.fromkeys(cells)]
    there = [one for one in found if one.is_file()]
    if not there:
        raise FormError(f"{path}: none of the photos in its first column is there.")
    return there


def _said(model: SavedModel, scores: dict[str, Any]) -> list[tuple[str, float]]:
    """Return what is said of one photo, the surest first: label and probability."""
    alone = len(model.groups) == 1
    said = []
    for group in model.groups:
        own = scores[group.name]
        chosen = [int(own.argmax())] if group.kind == "single" else _above(group, own)
        prefix = "" if alone else f"{group.name}/"
        said += [(prefix + group.labels[at], float(own[at])) for at in chosen]
    return sorted(said, key=lambda item: -item[1]) if alone else said


def _above(group: Group, scores: Any) -> list[int]:
    least = np.array(group.thresholds) if group.thresholds else HALF
    return np.flatnonzero(scores >= least).tolist()


def _answer_questions(
    recipe: str, path: Path, run: Path | None, method: str, out: Path | None
) -> Result:
    """Write FashionAI's answer file: the questions' rows with the probabilities of their group."""
    questions = read_questions(path)
    folder = finished_run(recipe, run)
    model = load_model(folder, method)
    known = {group.name: group for group in model.groups}
    for question in questions:
        if question.group not in known:
            listed = ", ".join(known)
            raise FormError(f"{path} asks for {question.cells[1]}; the model knows {listed}.")
    home = path.parent.parent
    names = list(dict.fromkeys(question.photo for question in questions))
    files = [_question_photo(home, path.parent, name) for name in names]
    there = [file for file in files if file is not None]
    scores, unreadable = model.scores(there) if there else ({}, set())
    place = {name: at for at, name in enumerate(n for n, f in zip(names, files, strict=True) if f)}
    rows, missing = [], 0
    for question in questions:
        at = place.get(question.photo, -1)
        count = len(known[question.group].labels)
        if at < 0 or at in unreadable:
            missing += 1
            rows.append([1 / count] * count)
        else:
            rows.append(scores[question.group][at].tolist())
    target = out or folder / ANSWER
    write_answers(target, questions, rows)
    text = f"{len(questions)} answers written to {target}."
    if missing:
        text += f" {missing} photos are missing or unreadable: their values are all alike."
    return {
        "recipe": recipe,
        "run": str(folder),
        "method": method,
        "answers": len(questions),
        "missing": missing,
        "file": str(target),
    }, text


def _question_photo(home: Path, beside: Path, name: str) -> Path | None:
    for folder in (home, beside):
        if (folder / name).is_file():
            return folder / name
    return None


def _cascade(photos: list[Path], run: Path | None, method: str, out: Path | None) -> Result:
    """Say dog, human or neither of each photo, in the source's words."""
    sources: list[Source] = list(photos)
    detector = DogDetector()
    found = detect(sources, detector)
    breeds, probabilities, knows = _breeds(photos, run, method)
    said: list[Cascaded | str] = [
        one if isinstance(one, str) else cascaded(one, breed, probability)
        for one, breed, probability in zip(found, breeds, probabilities, strict=True)
    ]
    lines = [
        f"{photo}: {one if isinstance(one, str) else one.words}"
        for photo, one in zip(photos, said, strict=True)
    ]
    table = rates(photos, found)
    if table:
        lines += ["", table_text(table)]
    words = [[one if isinstance(one, str) else one.words] for one in said]
    _write(out, DOGS, photos, words, lines)
    result = {
        "recipe": DOGS,
        "breeds_by": knows,
        "dogs_by": detector.name,
        "answers": [_answer(photo, one) for photo, one in zip(photos, said, strict=True)],
        "detectors": {kind: asdict(one) for kind, one in table.items()},
    }
    return result, "\n".join(lines)


def _answer(photo: Path, said: Cascaded | str) -> dict[str, Any]:
    if isinstance(said, str):
        return {"photo": str(photo), "answer": None, "words": said}
    return {
        "photo": str(photo),
        "answer": said.answer,
        "breed": said.breed,
        "probability": round(said.probability, 4),
        "dog": said.detected.dog,
        "faces": said.detected.faces,
        "words": said.words,
    }


def _breeds(
    photos: list[Path], run: Path | None, method: str
) -> tuple[list[str], list[float], str]:
    """Return the likeliest breed of each photo, by a finished run, else by the starter."""
    folder = finished_run(DOGS, run, missing_ok=True)
    if folder is None:
        from trainer.recipes.starter_breeds import starter_breeds

        labels, scores = starter_breeds(photos, user_folder("bundles"))
        knows = "the starter"
    else:
        model = load_model(folder, method)
        found, _ = model.scores(list(photos))
        labels, scores = list(model.groups[0].labels), next(iter(found.values()))
        knows = str(folder)
    best = scores.argmax(axis=1)
    return [labels[at] for at in best], scores.max(axis=1).tolist(), knows


def _write(
    out: Path | None,
    recipe: str,
    photos: Sequence[Path],
    said: Sequence[Sequence[str]],
    lines: Sequence[str],
) -> None:
    if out is None:
        return
    if out.suffix.casefold() == PAGE:
        shown = [Shown(p, p.name, labels, None) for p, labels in zip(photos, said, strict=True)]
        gallery(out, shown, f"{recipe}: predictions")
        return
    with out.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["photo", "said"])
        for photo, labels in zip(photos, said, strict=True):
            writer.writerow([str(photo), ";".join(labels)])
