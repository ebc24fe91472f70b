"""The files of a library, read without the program's own readers, as another program would."""

from __future__ import annotations

import base64
import csv
import ctypes
import json
import os
from pathlib import Path

import apsw

ANNOTATIONS = "tagger-annotations.json"
VERDICTS = {1: "confirmed", 2: "rejected", 3: "unsure"}

Decisions = dict[tuple[bytes, str, str], str]
"""(path, group, label) → confirmed, rejected or unsure."""


def annotations(folder: Path, name: str = ANNOTATIONS) -> dict:
    """Read an annotation file, checking what every one must hold."""
    return as_annotations((folder / name).read_text("utf-8"))


def as_annotations(text: str) -> dict:
    """Parse an annotation file's text."""
    found = json.loads(text)
    assert (found["format"], found["version"]) == ("tagger-annotations", 1)
    assert text.endswith("\n")
    return found


def path_of(photo: dict) -> bytes:
    """Return the path of a photo of the annotation file."""
    if "path_bytes" in photo:
        return base64.b64decode(photo["path_bytes"])
    return photo["path"].encode()


def decided_in(file: dict) -> Decisions:
    """Return what an annotation file says was decided."""
    return {
        (path_of(photo), group, label): verdict
        for photo in file["photos"]
        for verdict in VERDICTS.values()
        for group, labels in photo.get(verdict, {}).items()
        for label in labels
    }


def decided_in_catalog(data: Path) -> Decisions:
    """Return what the catalog in a library's data folder says was decided."""
    connection = apsw.Connection(str(data / "catalog.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return {
            (path, group, label): VERDICTS[verdict]
            for path, group, label, verdict in connection.execute(
                "SELECT path, grp.name, label.name, verdict FROM decision "
                "JOIN photo ON photo = slot JOIN label ON label = label.num "
                "JOIN grp ON grp = grp.num"
            )
        }
    finally:
        connection.close()


def confirmed_in_csv(path: Path) -> dict[str, dict[str, set[str]]]:
    """Return what a wide CSV export says: photo → column → labels."""
    with path.open(newline="", encoding="utf-8") as file:
        return {
            row.pop("photo"): {name: set(cell.split(";")) - {""} for name, cell in row.items()}
            for row in csv.DictReader(file)
        }


def temporary_files(folder: Path) -> list[str]:
    """Return the half-written files in a folder."""
    return [name for name in os.listdir(folder) if name.endswith(".tmp")]


def without_root_powers() -> None:
    """Make file permissions count for root too; for `preexec_fn` of a child process."""
    drop_from_bounding_set, read_and_write_anything, read_anything = 24, 1, 2
    if os.geteuid() == 0:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        for power in (read_and_write_anything, read_anything):
            if prctl(drop_from_bounding_set, power, 0, 0, 0):
                raise OSError(ctypes.get_errno(), "root's powers cannot be dropped here")
