"""Label maps: which of ImageNet's 1000 rows make up a label, as curated files in `resources/`.

A map file lists the labels of one group. A label names its own rows by number, with the class
name beside for the reader (`"273 dingo"`, `"151-268 Chihuahua to Mexican hairless"`); both must
agree with `imagenet-classes.txt`. The rows of its children in the same group are added to them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.heads import Head
from tagger.bundle.spec import BundleGroup, BundleLabel
from tagger.core.errors import TaggerError
from tagger.core.names import fold_name

MAP_FORMAT = "tagger-starter-map"
MAP_VERSION = 1
CLASSES_FILE = "imagenet-classes.txt"
MAP_FILES = ("tags.json", "breed.json", "garment.json")

_ROWS = re.compile(r"(\d+)(?:-(\d+))? (.+)")


class MapError(TaggerError):
    """A label map of the program is damaged; the message names the file and the label."""


@dataclass(frozen=True)
class MapLabel:
    """One label of a map; `rows` are ImageNet rows, ascending, its children's included."""

    id: str
    name: str
    parent: str | None
    synonyms: tuple[str, ...]
    threshold: float
    rows: tuple[int, ...]


@dataclass(frozen=True)
class LabelMap:
    """One group of the starter.

    Attributes:
        id, name, kind, gate: as in the bundle.
        normalise: share the probability out among the rows of this group alone.
        has_null: what other rows got is the class *none of these*.
        labels: in output order.
    """

    id: str
    name: str
    kind: Literal["multi", "single"]
    gate: str | None
    normalise: bool
    has_null: bool
    labels: tuple[MapLabel, ...]


def starter_file(name: str) -> bytes:
    """Return the content of a file in `resources/starter`."""
    return resources.files("resources").joinpath("starter", name).read_bytes()


def imagenet_classes() -> tuple[str, ...]:
    """Return the names of ImageNet's 1000 classes in the order of the classifier's rows."""
    return tuple(starter_file(CLASSES_FILE).decode("utf-8").splitlines())


def read_maps() -> tuple[LabelMap, ...]:
    """Read the starter's maps in the order of the bundle's groups.

    Raises:
        MapError: a file contradicts itself, the class names, or another map.
    """
    classes = imagenet_classes()
    maps = tuple(parse_map(starter_file(name), classes, name) for name in MAP_FILES)
    _check_references(maps)
    return maps


def parse_map(content: bytes, classes: Sequence[str], where: str) -> LabelMap:
    """Read one map file.

    Args:
        content: the file, JSON in UTF-8.
        classes: class names by row.
        where: the file's name, for messages.

    Raises:
        MapError: the file contradicts itself or the class names.
    """
    try:
        data = json.loads(content)
        if (data["format"], data["version"]) != (MAP_FORMAT, MAP_VERSION):
            raise MapError(f"{where} is not a label map of version {MAP_VERSION}")
        own = {entry["id"]: _own_rows(entry, classes, where) for entry in data["labels"]}
        labels = tuple(_label(entry, data["labels"], own) for entry in data["labels"])
        made = LabelMap(
            id=data["id"],
            name=data["name"],
            kind=data["kind"],
            gate=data["gate"],
            normalise=data["normalise"],
            has_null=data["has_null"],
            labels=labels,
        )
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise MapError(f"{where} is not a readable label map: {error!r}") from error
    _check_labels(made, where)
    return made


def bundle_group(label_map: LabelMap) -> BundleGroup:
    """Return the group as the bundle describes it."""
    return BundleGroup(
        id=label_map.id,
        name=label_map.name,
        kind=label_map.kind,
        gate=label_map.gate,
        has_null=label_map.has_null,
        labels=tuple(
            BundleLabel(
                id=label.id,
                name=label.name,
                synonyms=label.synonyms,
                parent=label.parent,
                default_threshold=label.threshold,
            )
            for label in label_map.labels
        ),
    )


def bundle_head(
    label_map: LabelMap, weight: NDArray[np.float32], bias: NDArray[np.float32]
) -> Head:
    """Return the group's head: sums of the classifier's rows.

    A normalised group takes part with its own rows only, which is the same numbers in less
    space: a softmax over them is the softmax over all rows divided by their sum.

    Args:
        label_map: the group.
        weight: float32 [1280, 1000], the ImageNet classifier.
        bias: float32 [1000].
    """
    used = sorted({row for label in label_map.labels for row in label.rows})
    rows = np.zeros((len(bias), len(label_map.labels)), np.uint8)
    for column, label in enumerate(label_map.labels):
        rows[list(label.rows), column] = 1
    if label_map.normalise:
        weight, bias, rows = np.ascontiguousarray(weight[:, used]), bias[used], rows[used]
    return Head(
        group=label_map.id,
        type="softmax_sum",
        input="identity",
        kind=label_map.kind,
        arrays={"weight": weight, "bias": bias, "rows": rows},
        options={"has_null": label_map.has_null},
    )


def _own_rows(entry: dict[str, Any], classes: Sequence[str], where: str) -> frozenset[int]:
    found: set[int] = set()
    for text in entry["rows"]:
        match = _ROWS.fullmatch(text)
        if match is None:
            raise MapError(f"{where}: '{text}' of {entry['id']} is not a row number and its name")
        first, last = int(match[1]), int(match[2] or match[1])
        names = [classes[first], classes[last]] if last > first else [classes[first]]
        if match[3] != " to ".join(names):
            raise MapError(f"{where}: '{text}' of {entry['id']} should read {' to '.join(names)}")
        found.update(range(first, last + 1))
    return frozenset(found)


def _label(
    entry: dict[str, Any], entries: Sequence[dict[str, Any]], own: dict[str, frozenset[int]]
) -> MapLabel:
    return MapLabel(
        id=entry["id"],
        name=entry["name"],
        parent=entry["parent"],
        synonyms=tuple(entry["synonyms"]),
        threshold=float(entry["threshold"]),
        rows=tuple(sorted(_with_children(entry["id"], entries, own))),
    )


def _with_children(
    label_id: str, entries: Sequence[dict[str, Any]], own: dict[str, frozenset[int]]
) -> frozenset[int]:
    below = (e["id"] for e in entries if e["parent"] == label_id)
    return own[label_id].union(*(_with_children(child, entries, own) for child in below))


def _check_labels(label_map: LabelMap, where: str) -> None:
    taken: dict[str, str] = {}
    for label in label_map.labels:
        for name in (label.name, *label.synonyms):
            if taken.setdefault(fold_name(name), label.id) != label.id:
                raise MapError(f"{where}: '{name}' names two labels")
        if not label.rows or not 0.0 < label.threshold < 1.0:
            raise MapError(f"{where}: {label.id} has no rows or an impossible threshold")
    if label_map.kind == "single":
        rows = [row for label in label_map.labels for row in label.rows]
        if len(rows) != len(set(rows)):
            raise MapError(f"{where}: a row belongs to two labels of a single group")


def _check_references(maps: Iterable[LabelMap]) -> None:
    maps = tuple(maps)
    ids = [label.id for label_map in maps for label in label_map.labels]
    if len(ids) != len(set(ids)):
        raise MapError("the label maps use an id twice")
    named = {label.parent for label_map in maps for label in label_map.labels}
    named |= {label_map.gate for label_map in maps}
    missing = sorted(name for name in named - set(ids) if name is not None)
    if missing:
        raise MapError(f"the label maps refer to labels that do not exist: {', '.join(missing)}")
