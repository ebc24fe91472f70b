"""Judge the active bundle on the labelled photos of a library, from its kept scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.core.metrics import (
    Floats,
    Targets,
    average_precision,
    counts_in_map,
    f_scores,
    has_average_precision,
    judged,
    mean_of,
    one_answer,
    support,
    top_accuracy,
)
from tagger.core.schema import Group, Label
from tagger.core.targets import NEGATIVE, POSITIVE, UNKNOWN, label_targets
from tagger.core.thresholds import Thresholds
from tagger.library.library import Library
from tagger.library.parts import assign_parts
from tagger.library.roles import TRAIN, Roles, read_roles, trained_signatures

DIGITS = 4


@dataclass(frozen=True)
class JudgedGroup:
    """What is known and said of one group on the judging photos.

    Attributes:
        group: the library's group.
        labels: those that are scored; of a single group all.
        targets: int8 [photos, labels]; unknown where the photo is not scored.
        logits: float32 [photos, labels]; −inf for a label that the bundle does not know.
        thresholds: float [labels], in logits.
        training_positives: int64 [labels].
    """

    group: Group
    labels: Sequence[Label]
    targets: Targets
    logits: NDArray[np.float32]
    thresholds: Floats
    training_positives: NDArray[np.int64]


def evaluate(library: Library, split: str = "val") -> dict[str, Any]:
    """Judge the scores of the library's active bundle.

    Gates are ignored; pairs that are unknown, unsure or not scored do not count, and neither do
    labels without a judged negative (such as those that are only implied), for there whatever is
    said is right; labels the bundle does not score are left out. Photos the bundle or an ancestor
    was trained on do not judge, unless the split is `train`.

    Args:
        library: with a bundle in use.
        split: name of the user's split that judges; `held-out` the photos drawn for judging,
            which `val` means too where the user has no such split; also `train` and `all`.

    Returns:
        `{"groups": {NAME: {...}}}`. Multi: `map` (labels with ≥ 20 training and ≥ 3 judged
        positives), `map_all` (all with one), `micro_f1`, `macro_f1`, `samples_f1` at the
        library's thresholds; single: `accuracy`, `top3` over photos with one confirmed label,
        `macro_f1`; both `support` (judged photos) and `labels` (`ap`, `f1`, `support`). Figures
        that cannot be measured are absent, and so are groups without a judged positive.

    Raises:
        NoSuchSplit: no photo has that split.
    """
    assign_parts(library)
    roles = read_roles(library)
    slots = judging_slots(library, roles, split)
    training = np.flatnonzero(roles.trains)
    found = {}
    for group in library.facts.schema.groups.values():
        known = judged_group(library, group, slots, training)
        if known is not None:
            measured = measure_group(known)
            if measured["support"]:
                found[group.name] = measured
    return {"groups": found}


def judging_slots(library: Library, roles: Roles, split: str) -> NDArray[np.int64]:
    """Return the slots of the photos that a split means, without those trained on.

    Raises:
        NoSuchSplit: no photo has that split.
    """
    chosen = roles.chosen(split)
    if split != TRAIN and library.bundle is not None:
        trained = trained_signatures([library.bundle])
        chosen &= ~np.isin(library.photos.signature[: len(chosen)], trained)
    return np.flatnonzero(chosen)


def judged_group(
    library: Library, group: Group, slots: NDArray[np.int64], training: NDArray[np.int64]
) -> JudgedGroup | None:
    """Gather targets and scores of a group; None where no label is both decided and scored."""
    facts = library.facts
    labels, columns = [], []
    for label in facts.schema.labels_of(group.num):
        column = facts.scores.logits(label.num, slots)
        if column is not None or group.kind == "single":
            labels.append(label)
            columns.append(column)
    scored = next((column for column in columns if column is not None), None)
    if scored is None or not len(slots):
        return None
    unknown = np.where(np.isnan(scored), np.nan, -np.inf)
    filled = [unknown if column is None else column for column in columns]
    logits = np.stack(filled, axis=1).astype(np.float32)
    nums = [label.num for label in labels]
    targets = judged(label_targets(facts, nums, slots), logits)
    if not (targets == POSITIVE).any():
        return None
    return JudgedGroup(
        group,
        labels,
        targets,
        logits,
        _thresholds(facts.thresholds, labels),
        support(label_targets(facts, nums, training)),
    )


def _thresholds(thresholds: Thresholds, labels: Sequence[Label]) -> Floats:
    return np.array([thresholds.of(label.num, label.group) for label in labels], np.float64)


def measure_group(known: JudgedGroup) -> dict[str, Any]:
    """Return the figures of one group: means, support (judged photos) and figures by label."""
    if known.group.kind == "single":
        return _measure_single(known)
    targets = known.targets
    precision = average_precision(targets, known.logits)
    answerable = np.where((targets == NEGATIVE).any(axis=0), targets, UNKNOWN).astype(np.int8)
    scores = f_scores(answerable, known.logits >= known.thresholds)
    in_map = counts_in_map(targets, known.training_positives)
    return _figures(
        map=mean_of(precision, in_map),
        map_all=mean_of(precision, has_average_precision(targets)),
        micro_f1=scores.micro,
        macro_f1=scores.macro,
        samples_f1=scores.samples,
    ) | {
        "support": int((targets >= NEGATIVE).any(axis=1).sum()),
        "labels": _by_label(known, targets, precision, scores.labels),
    }


def _measure_single(known: JudgedGroup) -> dict[str, Any]:
    """Judge the photos with one confirmed label; one the bundle does not know counts as wrong."""
    answers = one_answer(known.targets)
    rows = np.flatnonzero(answers >= 0)
    answers, logits = answers[rows], known.logits[rows]
    targets = np.zeros(logits.shape, np.int8)
    targets[np.arange(len(rows)), answers] = POSITIVE
    said = np.zeros(logits.shape, bool)
    said[np.arange(len(rows)), logits.argmax(axis=1)] = True
    precision = average_precision(targets, logits)
    scores = f_scores(targets, said)
    return _figures(
        accuracy=top_accuracy(answers, logits),
        top3=top_accuracy(answers, logits, 3),
        macro_f1=scores.macro,
    ) | {"support": len(rows), "labels": _by_label(known, targets, precision, scores.labels)}


def _by_label(
    known: JudgedGroup, targets: Targets, precision: Floats, f1: Floats
) -> dict[str, dict[str, Any]]:
    """Return figures of the labels with a judged positive, by name."""
    positives = support(targets)
    meaningful = has_average_precision(targets)
    found = {}
    for at, label in enumerate(known.labels):
        if positives[at] and np.isfinite(known.logits[:, at]).any():
            ap = _figures(ap=float(precision[at])) if meaningful[at] else {}
            found[label.name] = ap | _figures(f1=float(f1[at])) | {"support": int(positives[at])}
    return found


def _figures(**values: float) -> dict[str, Any]:
    """Round figures and leave out those that could not be measured."""
    return {name: round(value, DIGITS) for name, value in values.items() if not np.isnan(value)}
