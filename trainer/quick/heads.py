"""From fitted numbers to the head and the description of a bundle's group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.heads import Head
from tagger.core.thresholds import logit, sigmoid
from trainer.quick.basis import Basis, Floats
from trainer.quick.better import Extra
from trainer.quick.calibrate import Calibration
from trainer.quick.solver import Weights
from trainer.quick.task import GroupTask


@dataclass(frozen=True)
class FittedGroup:
    """A learned group, ready for a bundle.

    Attributes:
        task: what was learned.
        head: for `task.labels` in this order.
        thresholds: aim → logits float64 [L].
        calibration: as in bundle.json.
        fitted: the task with only the labels that were fitted (in a single group all).
        out_of_fold: float32 [n, columns of `fitted`], calibrated logits of its photos by fits that
            did not see them; NaN where the backbone itself has seen the photo.
        facts: what was chosen, for the run folder.
    """

    task: GroupTask
    head: Head
    thresholds: Mapping[str, NDArray[np.float64]]
    calibration: dict[str, Any]
    fitted: GroupTask
    out_of_fold: Floats
    facts: dict[str, Any]


def make_head(
    task: GroupTask,
    weights: Weights,
    basis: Basis,
    calibration: Calibration,
    extra: Extra | None = None,
) -> Head:
    """Return the head: a linear one, and where more takes part, an ensemble of all.

    Args:
        task: the whole task; labels that were not fitted are the root's unchanged.
        weights: of the fitted columns.
        basis: that they are in.
        calibration: of the fitted columns.
        extra: what is mixed in beside the linear weights.
    """
    slope = calibration.slope
    part = slope * (1 if extra is None else extra.linear)
    weight, bias = basis.to_head(weights.w * part, weights.b * part + calibration.shift)
    options = {"has_null": True} if task.has_null else {}
    alone = task.root is None and extra is None
    linear = Head(
        group=task.group.id,
        type="linear",
        input=basis.inputs.transform,
        kind=task.group.kind,
        arrays={"weight": weight, "bias": bias},
        options=options if alone else {},
    )
    if alone:
        return linear
    fitted = np.append(task.learned, np.ones(int(task.has_null), bool))
    own = np.full(task.columns, -1, np.int32)
    own[fitted] = np.arange(int(fitted.sum()), dtype=np.int32)
    members = [_Member(linear, own, fitted.astype(np.float32))]
    if extra is not None:
        for share, head in extra.heads:
            counted = slope * np.float32(share) * extra.taking_part
            members.append(_Member(head, own, _spread(counted, fitted)))
    if task.root is not None:
        trust = weights.a if extra is None else extra.root_trust(weights.a)
        shares = np.where(fitted, _spread(trust * slope, fitted), 1) * task.root.known
        head = renamed(task.root.head, task.group.id)
        members.insert(0, _Member(head, task.root.columns, shares))
    return Head(
        group=task.group.id,
        type="ensemble",
        input="identity",
        kind=task.group.kind,
        arrays={
            "columns": np.stack([member.columns for member in members]).astype(np.int32),
            "weights": np.stack([member.shares for member in members]).astype(np.float32),
            "bias": np.zeros(task.columns, np.float32),
        },
        options=options,
        members=tuple(member.head for member in members),
    )


@dataclass(frozen=True)
class _Member:
    """One head of an ensemble: its logit that feeds each column, −1 = none, and how much counts."""

    head: Head
    columns: NDArray[np.int32]
    shares: Floats


def _spread(values: Floats, fitted: NDArray[np.bool_]) -> Floats:
    """Bring numbers of the fitted columns to all columns, 0 elsewhere."""
    every = np.zeros(len(fitted), np.float32)
    every[fitted] = values
    return every


def renamed(head: Head, group: str) -> Head:
    """Return a head, its members included, as that of another group id."""
    members = tuple(renamed(member, group) for member in head.members)
    return Head(group, head.type, head.input, head.kind, head.arrays, head.options, members)


def all_thresholds(
    task: GroupTask, fitted: Mapping[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    """Return thresholds of all labels: the fitted ones, the root's own where nothing was confirmed.

    Args:
        task: the whole task.
        fitted: aim → float64 [fitted labels], logits.
    """
    known = task.root.thresholds if task.root is not None else {}
    root = np.array([logit(known.get(label.num, 0.5)) for label in task.labels], np.float64)
    confirmed = task.learned & ((task.positives > 0) | (task.group.kind == "single"))
    found = {}
    for aim, values in fitted.items():
        every = root.copy()
        every[task.learned] = values
        found[aim] = np.where(confirmed, every, root)
    return found


def probabilities(thresholds: NDArray[np.float64]) -> tuple[float, ...]:
    """Return thresholds in logits as probabilities, as a bundle stores them."""
    return tuple(round(float(value), 6) for value in sigmoid(thresholds))
