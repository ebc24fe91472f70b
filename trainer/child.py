"""The groups of a new bundle: learned ones beside those kept from its ancestors."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tagger.bundle.heads import Head
from tagger.bundle.spec import BundleGroup, BundleLabel
from tagger.core.schema import Label, Schema
from trainer.ancestry import Model
from trainer.quick.heads import FittedGroup, probabilities, renamed


@dataclass(frozen=True)
class ChildGroup:
    """One group of the new bundle.

    Attributes:
        group: as in bundle.json; parents and gates are those of the library.
        head: its head.
        nums: num of the library's label, by column.
        learned: False where it is the parent's, unchanged.
    """

    group: BundleGroup
    head: Head
    nums: tuple[int, ...]
    learned: bool


def learned_group(fitted: FittedGroup, schema: Schema, aim: str) -> ChildGroup:
    """Describe a learned group; `aim` is the operating point that becomes the default."""
    task = fitted.task
    points = {name: probabilities(values) for name, values in fitted.thresholds.items()}
    labels = tuple(
        _label(schema, label, threshold, positives)
        for label, threshold, positives in zip(
            task.labels, points[aim], task.positives.tolist(), strict=True
        )
    )
    group = BundleGroup(
        id=task.group.id,
        name=task.group.name,
        kind=task.group.kind,
        labels=labels,
        gate=_id_of(schema, task.group.gate),
        operating_points=points,
        calibration=fitted.calibration,
        has_null=task.has_null,
    )
    return ChildGroup(group, fitted.head, tuple(label.num for label in task.labels), True)


def kept_groups(model: Model, schema: Schema, wanted: Container[int], aim: str) -> list[ChildGroup]:
    """Describe groups of an earlier bundle as they are, by the library's ids and names.

    Labels that the library deleted or merged since are left out.

    Args:
        model: whose groups.
        schema: the library's.
        wanted: nums of the library groups to take.
        aim: operating point for the default thresholds, where a group has one.
    """
    found: dict[int, ChildGroup] = {}
    for group in model.spec.groups:
        kept = _kept_columns(model, group, schema)
        if kept:
            num = schema.labels[kept[0][1]].group
            if num in wanted and num not in found:
                found[num] = _kept_group(model, group, schema, kept, aim)
    return list(found.values())


def _kept_columns(parent: Model, group: BundleGroup, schema: Schema) -> list[tuple[int, int]]:
    """Return (column, label num) of a parent's group, of one library group, each label once."""
    found: list[tuple[int, int]] = []
    for at, label in enumerate(group.labels):
        num = parent.nums.get(label.id, -1)
        if num not in schema.labels or num in [other for _, other in found]:
            continue
        home = schema.labels[num].group
        if found and schema.labels[found[0][1]].group != home:
            continue
        if schema.groups[home].kind == group.kind:
            found.append((at, num))
    return found


def _kept_group(
    parent: Model,
    group: BundleGroup,
    schema: Schema,
    kept: Sequence[tuple[int, int]],
    aim: str,
) -> ChildGroup:
    home = schema.groups[schema.labels[kept[0][1]].group]
    columns = [at for at, _ in kept]
    points = {
        name: tuple(values[at] for at in columns) for name, values in group.operating_points.items()
    }
    defaults = points.get(aim) or tuple(group.labels[at].default_threshold for at in columns)
    labels = tuple(
        _label(schema, schema.labels[num], threshold, group.labels[at].positives)
        for (at, num), threshold in zip(kept, defaults, strict=True)
    )
    described = replace(
        group,
        id=home.id,
        name=home.name,
        gate=_id_of(schema, home.gate),
        labels=labels,
        operating_points=points,
    )
    head = renamed(parent.heads[group.id], home.id)
    if columns != list(range(len(group.labels))):
        head = _with_columns(head, columns)
    return ChildGroup(described, head, tuple(num for _, num in kept), False)


def _with_columns(head: Head, columns: Sequence[int]) -> Head:
    """Return a head that gives only the chosen labels (and the null class) of another."""
    chosen = [*columns, head.outputs - 1] if head.has_null else list(columns)
    return Head(
        group=head.group,
        type="ensemble",
        input="identity",
        kind=head.kind,
        arrays={
            "columns": np.array([chosen], np.int32),
            "weights": np.ones((1, len(chosen)), np.float32),
            "bias": np.zeros(len(chosen), np.float32),
        },
        options={k: v for k, v in head.options.items() if k in ("has_null", "link")},
        members=(head,),
    )


def _label(schema: Schema, label: Label, threshold: float, positives: int | None) -> BundleLabel:
    return BundleLabel(
        id=label.id,
        name=label.name,
        synonyms=label.synonyms,
        parent=_id_of(schema, label.parent),
        default_threshold=threshold,
        positives=positives,
    )


def _id_of(schema: Schema, num: int | None) -> str | None:
    return schema.labels[num].id if num is not None and num in schema.labels else None


def consistent(groups: Sequence[ChildGroup]) -> list[ChildGroup]:
    """Drop parents and gates that name labels which are not in the bundle."""
    known = {label.id for child in groups for label in child.group.labels}
    return [replace(child, group=_without_strangers(child.group, known)) for child in groups]


def _without_strangers(group: BundleGroup, known: set[str]) -> BundleGroup:
    labels = tuple(
        label if label.parent in known else replace(label, parent=None) for label in group.labels
    )
    return replace(group, labels=labels, gate=group.gate if group.gate in known else None)
