"""Groups and labels of a foreign model, with permanent ids and names that do not meet."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.foreign.labels import ForeignLabel
from tagger.bundle.foreign.model import Category, ForeignModel
from tagger.bundle.spec import BundleGroup, BundleLabel, Kind
from tagger.bundle.spec_rules import unique_key
from tagger.core.names import clean_name

MULTI_THRESHOLD = 0.5
SINGLE_THRESHOLD = 0.3
"""Where nobody gives one: in a single group many labels share the whole."""


@dataclass(frozen=True)
class ForeignGroup:
    """One group and the outputs of the foreign model that its labels are.

    Attributes:
        group: as it will stand in the bundle.
        columns: int32 [L], index of each label among the model's outputs.
    """

    group: BundleGroup
    columns: NDArray[np.int32]


def foreign_groups(
    labels: Sequence[ForeignLabel], foreign: ForeignModel, kind: Kind, digest: str
) -> list[ForeignGroup]:
    """Make groups of the labels, one per category, in the order of first appearance.

    Args:
        labels: in the order of the model's outputs.
        foreign: names, kinds and thresholds of categories.
        kind: kind of groups that do not say.
        digest: names the ONNX file, so that ids are the same whenever it comes in again.
    """
    members: dict[str, list[int]] = {}
    for at, label in enumerate(labels):
        key = "" if foreign.drop_categories or label.category is None else label.category
        members.setdefault(key, []).append(at)
    names: set[str] = set()
    made = []
    for key, columns in members.items():
        category = _category(key, foreign)
        group_kind: Kind = category.kind or kind
        threshold = next(
            value
            for value in (
                category.threshold,
                foreign.threshold,
                MULTI_THRESHOLD if group_kind == "multi" else SINGLE_THRESHOLD,
            )
            if value is not None
        )
        name = _free_name(category.name, names)
        group = BundleGroup(
            id=_id(digest, "group", key),
            name=name,
            kind=group_kind,
            labels=_labels([(at, labels[at]) for at in columns], threshold, digest),
        )
        made.append(ForeignGroup(group, np.asarray(columns, dtype=np.int32)))
    return made


def _category(key: str, foreign: ForeignModel) -> Category:
    if not key:
        return Category(foreign.group_name)
    return foreign.categories.get(key) or Category(f"category {key}" if key.isdigit() else key)


def _labels(
    numbered: Sequence[tuple[int, ForeignLabel]], threshold: float, digest: str
) -> tuple[BundleLabel, ...]:
    names: set[str] = set()
    return tuple(
        BundleLabel(
            id=_id(digest, "label", str(at), label.name),
            name=_free_name(label.name, names),
            synonyms=label.synonyms,
            default_threshold=threshold if label.threshold is None else label.threshold,
        )
        for at, label in numbered
    )


def _free_name(name: str, taken: set[str]) -> str:
    """Return the name, numbered where it is taken (ImageNet has two cranes)."""
    wanted = clean_name(name)
    count = 1
    while unique_key(wanted) in taken:
        count += 1
        wanted = f"{clean_name(name)} ({count})"
    taken.add(unique_key(wanted))
    return wanted


def _id(digest: str, *parts: str) -> str:
    return hashlib.sha256("\0".join(("foreign", digest, *parts)).encode()).hexdigest()[:32]
