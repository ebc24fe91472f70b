"""An annotation file that somebody changed: how it differs from the catalog; taking it in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagger.app.dialogs.words import count, listed, quoted
from tagger.library.annotation_read import AnnotationError, TakenIn, read_annotations, take_in
from tagger.library.annotations import render
from tagger.library.library import Library
from tagger.library.mirror import note_taken_in

_VERDICTS = ("confirmed", "rejected", "unsure")
_NAMED = 4

Said = set[tuple[str, str, str]]
"""(verdict, group, label)."""


@dataclass(frozen=True)
class Difference:
    """What the file says otherwise than the catalog.

    Attributes:
        photos: paths of the photos of which something else is said.
        added, removed: labels said of photos in the file alone, in the catalog alone.
        reviewed: photos whose reviews or split differ although the labels are the same.
        new_labels, lost_labels: `group/label` of the schema in the file alone, in the catalog
            alone.
        unknown: photos in the file that are not here.
    """

    photos: tuple[str, ...]
    added: int
    removed: int
    reviewed: int
    new_labels: tuple[str, ...]
    lost_labels: tuple[str, ...]
    unknown: int

    @property
    def is_empty(self) -> bool:
        """Whether both say the same."""
        return not (self.photos or self.reviewed or self.new_labels or self.unknown)


def compare_with_file(library: Library, path: Path) -> Difference:
    """Compare the annotation file with the catalog.

    Raises:
        AnnotationError: the file cannot be read.
    """
    theirs = read_annotations(path)
    library.catalog.flush()
    mine = json.loads("".join(render(library.catalog.reader)))
    try:
        return compare(mine, theirs)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise AnnotationError(
            f"{path} does not have the form of an annotation file ({error!r})."
        ) from error


def compare(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Difference:
    """Compare two annotation files of ours; photos are matched by id, else by path."""
    by_id = {photo["id"]: photo for photo in mine["photos"]}
    by_path = {photo["path"]: photo for photo in mine["photos"]}
    changed: list[str] = []
    added = removed = reviewed = unknown = 0
    for photo in theirs["photos"]:
        own = by_id.get(photo["id"], by_path.get(photo["path"]))
        if own is None:
            unknown += 1
            continue
        before, after = _said(own), _said(photo)
        added += len(after - before)
        removed += len(before - after)
        if before != after:
            changed.append(photo["path"])
        elif _rest(own, mine) != _rest(photo, theirs):
            reviewed += 1
    here, there = _schema(mine), _schema(theirs)
    return Difference(
        tuple(changed),
        added,
        removed,
        reviewed,
        tuple(sorted(there - here)),
        tuple(sorted(here - there)),
        unknown,
    )


def _said(photo: Mapping[str, Any]) -> Said:
    return {
        (verdict, group, label)
        for verdict in _VERDICTS
        for group, labels in photo.get(verdict, {}).items()
        for label in labels
    }


def _rest(photo: Mapping[str, Any], whole: Mapping[str, Any]) -> tuple[Any, Any]:
    sets = whole.get("label_sets", {})
    reviewed = {
        group: sorted(sets.get(short, {}).get(group, ()))
        for group, short in photo.get("reviewed", {}).items()
    }
    return reviewed, photo.get("split")


def _schema(whole: Mapping[str, Any]) -> set[str]:
    return {
        f"{group['name']}/{label['name']}"
        for group in whole["schema"]["groups"]
        for label in group["labels"]
    }


def difference_words(found: Difference) -> list[str]:
    """Say in sentences what the file says otherwise."""
    if found.is_empty:
        return ["Both say the same: only the form of the file differs."]
    lines = []
    if found.photos:
        names = listed([quoted(path) for path in found.photos], _NAMED)
        lines.append(f"{count(len(found.photos), 'photo').capitalize()} with other labels: {names}")
        lines.append(f"{count(found.added, 'label').capitalize()} more in the file")
        lines.append(f"{count(found.removed, 'label').capitalize()} missing in the file")
    if found.reviewed:
        lines.append(f"{count(found.reviewed, 'photo').capitalize()} with other reviews or splits")
    if found.new_labels:
        names = listed(list(found.new_labels), _NAMED)
        lines.append(f"{count(len(found.new_labels), 'new label').capitalize()}: {names}")
    if found.lost_labels:
        names = listed(list(found.lost_labels), _NAMED)
        number = count(len(found.lost_labels), "label").capitalize()
        lines.append(f"{number} of yours that the file does not know: {names}")
    if found.unknown:
        lines.append(f"{count(found.unknown, 'photo').capitalize()} in it that are not here")
    return lines


def take_annotations_in(library: Library, path: Path) -> TakenIn:
    """Make the catalog say what the file says, as one act on disk; the file may be written again.

    Raises:
        AnnotationError: the file cannot be read.
    """
    taken = take_in(library, path)
    if taken.act is not None:
        taken.act.saved.result()
    note_taken_in(library, path)
    return taken
