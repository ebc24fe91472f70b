"""Quick retraining measured: seconds and mAP, plain and better, each as the product fits it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.heads import head_logits
from tagger.core.metrics import average_precision, counts_in_map
from tagger.core.targets import NEGATIVE, POSITIVE, UNKNOWN
from trainer.bench.labelled import LabelledGroup
from trainer.progress import Silence
from trainer.quick.basis import Floats, make_basis
from trainer.quick.fitting import FREEDOMS, fit_final
from trainer.quick.heads import FittedGroup
from trainer.quick.learn import Material, learn_groups
from trainer.quick.problems import GroupInputs, Setting
from trainer.quick.task import GroupTask

SEED = 1


@dataclass(frozen=True)
class Fit:
    """What was fitted, in how many seconds, and the mAP on photos that were not fitted."""

    groups: list[FittedGroup]
    seconds: float
    map: float


def tasks_of(groups: Sequence[LabelledGroup], rows: NDArray[np.int64]) -> list[GroupTask]:
    """Return what is to be learned of the groups from some photos, without any root.

    Args:
        groups: as read.
        rows: int64 [n], photos to learn from.
    """
    tasks = []
    for each in groups:
        targets = each.targets[rows]
        seen = np.flatnonzero((targets == POSITIVE).any(axis=0))
        targets = _informed(each.group.kind, targets[:, seen])
        if not len(seen):
            continue
        answered = (targets == NEGATIVE).all(axis=1)
        tasks.append(
            GroupTask(
                group=each.group,
                labels=tuple(each.labels[at] for at in seen),
                has_null=each.group.kind == "single" and bool(answered.any()),
                learned=np.ones(len(seen), bool),
                rows=np.arange(len(rows)),
                targets=targets,
                touched=(targets != UNKNOWN).any(axis=1),
                background=np.zeros(len(rows), bool),
                root=None,
            )
        )
    return tasks


def _informed(kind: str, targets: NDArray[np.int8]) -> NDArray[np.int8]:
    """In a single group one confirmed label says that the others are wrong."""
    if kind == "multi":
        return targets
    answered = (targets == POSITIVE).any(axis=1, keepdims=True)
    return np.where(answered & (targets == UNKNOWN), NEGATIVE, targets).astype(np.int8)


def fit_groups(
    groups: Sequence[LabelledGroup],
    embeddings: NDArray[np.float16],
    train: NDArray[np.int64],
    judge: NDArray[np.int64],
    *,
    better: bool,
) -> Fit:
    """Learn groups with everything a retraining does: choice, calibration, thresholds, fit.

    Args:
        groups: as read.
        embeddings: float16 [photos, D].
        train: int64, rows of the photos to learn from.
        judge: int64, rows of those to judge on.
        better: with networks and neighbours.
    """
    tasks = tasks_of(groups, train)
    began = time.monotonic()
    basis, coordinates = make_basis(embeddings[train])
    every = np.arange(len(train))
    trusted = np.ones(len(train), bool)
    material = Material(embeddings[train], basis, coordinates, every, trusted, every)
    fitted = learn_groups(tasks, material, Silence(), better)
    seconds = time.monotonic() - began
    scores = [head_logits(group.head, embeddings[judge]) for group in fitted]
    return Fit(fitted, seconds, mean_precision(groups, tasks, judge, scores))


def final_fit_seconds(embeddings: NDArray[np.float16], fitted: Sequence[FittedGroup]) -> float:
    """Return how long the final fit takes, axes included, with the regularisation chosen.

    Args:
        embeddings: float16 [n, D], of the training photos.
        fitted: what was chosen for them.
    """
    began = time.monotonic()
    basis, coordinates = make_basis(embeddings)
    for group in fitted:
        task = group.fitted
        inputs = GroupInputs(coordinates[task.rows], basis.variances, None)
        chosen = np.array([FREEDOMS.index(value) for value in group.facts["freedoms"]])
        fit_final(task, inputs, chosen, Setting(weak=group.facts["weak_weight"]))
    return time.monotonic() - began


def mean_precision(
    groups: Sequence[LabelledGroup],
    tasks: Sequence[GroupTask],
    judge: NDArray[np.int64],
    scores: Sequence[Floats],
) -> float:
    """Return the mean average precision over the labels of all groups that can be judged.

    Labels count that have 20 training positives, 3 judged ones and a judged negative (in a set
    where none has, all with a judged positive and negative). A single group's labels are ordered
    by probability.
    """
    found: list[NDArray[np.float64]] = []
    counting: list[NDArray[np.bool_]] = []
    by_num = {each.group.num: each for each in groups}
    for task, logits in zip(tasks, scores, strict=True):
        whole = by_num[task.group.num]
        at = [whole.labels.index(label) for label in task.labels]
        targets = _informed(task.group.kind, whole.targets[judge][:, at])
        if task.group.kind == "single":
            logits = logits - np.logaddexp.reduce(logits, axis=1)[:, None]
        found.append(average_precision(targets, logits[:, : len(at)]))
        counting.append(counts_in_map(targets, task.positives))
    values, counted = np.concatenate(found), np.concatenate(counting)
    chosen = values[counted] if counted.any() else values[~np.isnan(values)]
    return float(chosen.mean()) if len(chosen) else float("nan")


def folds_of(photos: int, count: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield rows to train on and rows to judge on, for each of `count` seeded folds."""
    order = np.random.default_rng(SEED).permutation(photos)
    fold = np.empty(photos, np.int64)
    fold[order] = np.arange(photos) % count
    for at in range(count):
        yield np.flatnonzero(fold != at), np.flatnonzero(fold == at)
