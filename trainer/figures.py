"""The figures of a model on held-out photos, as `tagger evaluate` would give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.core.metrics import judged, support
from tagger.core.schema import Group
from tagger.core.targets import POSITIVE, label_targets
from tagger.library.evaluation import JudgedGroup, measure_group
from tagger.library.library import Library
from trainer.cases import Photos, Scores
from trainer.data import Dataset
from trainer.scores import LabelScores


def measured(
    library: Library, photos: Photos, scores: Scores, dataset: Dataset
) -> dict[str, dict[str, Any]]:
    """Return the figures of a model by group name, without those by label.

    Args:
        library: whose decisions judge.
        photos: the photos that are scored.
        scores: of these, by group num.
        dataset: whose training positives say which labels count in `map`.
    """
    rows = np.flatnonzero(photos.held_out)
    training = dataset.slots[dataset.trains]
    found = {}
    for num, known in scores.items():
        group = library.facts.schema.groups[num]
        case = _judged_group(library, group, photos.slots[rows], known.rows(rows), training)
        if (case.targets == POSITIVE).any():
            figures = measure_group(case)
            figures.pop("labels")
            if figures["support"]:
                found[group.name] = figures
    return found


def _judged_group(
    library: Library,
    group: Group,
    slots: NDArray[np.int64],
    scores: LabelScores,
    training: NDArray[np.int64],
) -> JudgedGroup:
    """Gather what judges a group; a single group with all its labels, known to the model or not."""
    facts = library.facts
    nums: Sequence[int] = scores.nums
    if group.kind == "single":
        nums = [label.num for label in facts.schema.labels_of(group.num)]
    at = [list(nums).index(label) for label in scores.nums]
    logits = np.full((len(slots), len(nums)), -np.inf, np.float32)
    logits[:, at] = scores.logits
    thresholds = np.full(len(nums), np.inf)
    thresholds[at] = scores.thresholds
    return JudgedGroup(
        group=group,
        labels=[facts.schema.labels[label] for label in nums],
        targets=judged(label_targets(facts, nums, slots), logits),
        logits=logits,
        thresholds=thresholds,
        training_positives=support(label_targets(facts, nums, training)),
    )
