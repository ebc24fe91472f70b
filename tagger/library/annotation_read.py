"""Reading an annotation file of ours back, whole: after a move, or when somebody changed it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tagger.core.decisions import VERDICT_NAMES
from tagger.core.errors import TaggerError
from tagger.core.parts import DRAWN_PARTS
from tagger.core.schema import Schema
from tagger.library.annotations import FORMAT, VERSION
from tagger.library.draft import CommittedAct, Draft
from tagger.library.library import Library
from tagger.library.schema_edit import add_group, add_label

_VERDICTS = {name: int(verdict) for verdict, name in VERDICT_NAMES.items()}


class AnnotationError(TaggerError):
    """The annotation file cannot be read."""


def is_ours(path: Path) -> bool:
    """Say whether a file claims to be an annotation file of this program, by its first bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(200)
    except OSError:
        return False
    return head.lstrip(b"\xef\xbb\xbf \r\n\t{").startswith(b'"format"') and (
        FORMAT.encode() in head
    )


def read_annotations(path: Path) -> dict[str, Any]:
    """Read and check an annotation file.

    Raises:
        AnnotationError: no JSON, not of this format, or of a newer version.
    """
    try:
        data = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise AnnotationError(f"{path} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise AnnotationError(
            f"{path} is not complete JSON ({error}). Restore it from a copy, or delete it: the "
            f"tagger writes it anew from its catalog."
        ) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise AnnotationError(f"{path} is not an annotation file of this program.")
    if not isinstance(data.get("version"), int) or data["version"] > VERSION:
        raise AnnotationError(
            f"{path} was written by a newer version of the tagger. Update the program to read it."
        )
    return data


@dataclass(frozen=True)
class TakenIn:
    """What taking an annotation file in did.

    Attributes:
        act: the act, or None if nothing differed.
        photos: number of photos of the file found here.
        missing: paths in the file that are not here.
    """

    act: CommittedAct | None
    photos: int
    missing: list[str]


def take_in(library: Library, path: Path, description: str = "") -> TakenIn:
    """Make the catalog say what an annotation file says, as one act.

    Schema, decisions with their origin, reviews and splits are taken over; what the file no
    longer has is taken away from the photos it names. Photos are found by path, else by id,
    else by fingerprint.

    Raises:
        AnnotationError: see `read_annotations`.
    """
    data = read_annotations(path)
    draft = library.draft(description or f"Take in {path.name}", f"import:{path.name}", True)
    try:
        groups = _schema(library, draft, data)
        found, missing = _find_photos(library, data)
        sets = _label_sets(library, draft, data, groups)
        for slot, entry in found:
            _photo(library, draft, slot, entry, groups, sets)
        _splits(library, draft, found)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise AnnotationError(
            f"{path} does not have the form of an annotation file ({error!r})."
        ) from error
    act = None if draft.is_empty else draft.commit()
    return TakenIn(act, len(found), missing)


def _schema(library: Library, draft: Draft, data: dict[str, Any]) -> dict[str, int]:
    """Make sure that every group and label of the file exists; returns group name → num."""
    groups: dict[str, int] = {}
    parents: list[tuple[int, dict[str, str]]] = []
    for wanted in data["schema"]["groups"]:
        schema = library.facts.schema
        known = schema.group_by_id(wanted["id"]) or schema.group_named(wanted["name"])
        if known is None or known.kind != wanted["kind"]:
            known = add_group(
                library,
                draft,
                wanted["name"],
                wanted["kind"],
                group_id=wanted["id"],
                learned=wanted.get("learned", True),
            )
        elif not known.adopted:
            draft.put_group(replace(known, adopted=True))
        groups[wanted["name"]] = known.num
        for entry in wanted["labels"]:
            label = schema.label_by_id(entry["id"])
            if label is None or label.group != known.num:
                label = _label_named(draft, known.num, entry["name"])
            if label is None:
                label = add_label(
                    library,
                    draft,
                    known.num,
                    entry["name"],
                    synonyms=entry.get("synonyms", ()),
                    label_id=entry["id"],
                )
            elif not label.adopted:
                draft.put_label(replace(label, adopted=True))
            if "parent" in entry:
                parents.append((label.num, entry["parent"]))
    for num, reference in parents:
        parent = _label_named(draft, groups[reference["group"]], reference["label"])
        if parent is not None and draft.labels[num].parent is None:
            draft.put_label(replace(draft.labels[num], parent=parent.num))
    for wanted in data["schema"]["groups"]:
        gate = wanted.get("gate")
        group = draft.groups[groups[wanted["name"]]]
        if gate and group.gate is None and gate["group"] in groups:
            label = _label_named(draft, groups[gate["group"]], gate["label"])
            if label is not None:
                draft.put_group(replace(group, gate=label.num))
    return groups


def _label_named(draft: Draft, group: int, name: str) -> Any:
    return Schema(draft.groups.values(), draft.labels.values()).label_named(group, name)


def _find_photos(
    library: Library, data: dict[str, Any]
) -> tuple[list[tuple[int, dict[str, Any]]], list[str]]:
    by_path: dict[bytes, int] = {}
    by_id: dict[str, int] = {}
    by_print: dict[str, list[int]] = {}
    for slot, pid, path, print_ in library.catalog.rows(
        "SELECT slot, id, path, fingerprint FROM photo WHERE NOT missing"
    ):
        by_path[path] = slot
        by_id[pid] = slot
        by_print.setdefault(print_.hex(), []).append(slot)
    found, missing = [], []
    for entry in data["photos"]:
        path = entry["path"].encode("utf-8", "surrogateescape")
        if "path_bytes" in entry:
            path = base64.b64decode(entry["path_bytes"])
        alike = by_print.get(entry.get("fingerprint", ""), [])
        slot = by_path.get(path, by_id.get(entry["id"], alike[0] if len(alike) == 1 else None))
        if slot is None:
            missing.append(entry["path"])
        else:
            found.append((slot, entry))
    return found, missing


def _label_sets(
    library: Library, draft: Draft, data: dict[str, Any], groups: dict[str, int]
) -> dict[str, dict[str, int]]:
    """Store the file's label sets; returns short name → group name → number."""
    stored: dict[str, dict[str, int]] = {}
    schema = Schema(draft.groups.values(), draft.labels.values())
    for short, content in data.get("label_sets", {}).items():
        for group, names in content.items():
            labels = [schema.label_named(groups[group], name) for name in names]
            nums = [label.num for label in labels if label is not None]
            stored.setdefault(short, {})[group] = library.label_set(groups[group], nums)
    return stored


def _photo(
    library: Library,
    draft: Draft,
    slot: int,
    entry: dict[str, Any],
    groups: dict[str, int],
    sets: dict[str, dict[str, int]],
) -> None:
    wanted: dict[int, list[Any]] = {}
    why = {(group, label): rest for group, label, *rest in entry.get("why", [])}
    for name, verdict in _VERDICTS.items():
        for group, labels in entry.get(name, {}).items():
            for text in labels:
                label = _label_in(draft, groups[group], text)
                source, time, author, bundle, score = (
                    *why.get((group, text), (draft.source, draft.time, "")),
                    None,
                    None,
                )[:5]
                wanted[label] = [verdict, source, author, time, bundle, score]
    present = library.facts.decisions.of_photo(slot)[0].tolist()
    for label in {*present, *wanted}:
        draft.put_row("decision", slot, label, wanted.get(label))
    for group, short in entry.get("reviewed", {}).items():
        value = [sets[short][group], draft.source, library.author, draft.time]
        draft.put_row("reviewed", slot, groups[group], value)


def _splits(library: Library, draft: Draft, found: list[tuple[int, dict[str, Any]]]) -> None:
    """Take splits over: the user's own, or, where all are ours, the parts drawn by the tagger."""
    given = [(slot, entry["split"]) for slot, entry in found if "split" in entry]
    if any(split not in DRAWN_PARTS for _, split in given):
        draft.set_split([slot for slot, _ in given], [split for _, split in given])
        return
    rows = [(split, slot) for slot, split in given]
    library.catalog.write(
        lambda connection: connection.executemany(
            "UPDATE photo SET part = ? WHERE slot = ? AND part IS NULL", rows
        )
    ).result()


def _label_in(draft: Draft, group: int, name: str) -> int:
    cache = draft.name_cache
    if (group, name) not in cache:
        label = _label_named(draft, group, name)
        if label is None:
            raise ValueError(f"label {name!r} is not in the schema")
        cache[group, name] = label.num
    return cache[group, name]
