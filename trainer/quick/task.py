"""What one group has to learn: the new head's columns, their targets and weights, the prior."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.heads import Head, head_logits
from tagger.core.schema import Group, Label
from tagger.core.targets import NEGATIVE, POSITIVE, UNKNOWN
from trainer.ancestry import Model
from trainer.data import Dataset, GroupData
from trainer.quick.basis import Floats

WEAK_WEIGHT = 0.3
"""Weight of a pair that nobody decided, in a photo that somebody touched in the group."""

NO_LABEL = -1


@dataclass(frozen=True)
class RootPrior:
    """What the root says of a group.

    Attributes:
        head: the root's head.
        columns: int32 [L + null], the head's logit that feeds each column, −1 = none.
        thresholds: label num → threshold (probability) in the root.
    """

    head: Head
    columns: NDArray[np.int32]
    thresholds: dict[int, float]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which columns the root knows: bool [L + null]."""
        return self.columns >= 0

    def logits(self, embeddings: NDArray[np.floating]) -> Floats:
        """Return the root's logits by column, float32 [n, L + null]; 0 where it knows none."""
        own = head_logits(self.head, embeddings)
        return np.where(self.known, own[:, np.maximum(self.columns, 0)], 0).astype(np.float32)


@dataclass(frozen=True)
class GroupTask:
    """One group to be learned.

    Attributes:
        group: the library's group.
        labels: those that the new head scores, in display order.
        has_null: single group in which *none of these* occurs: one more class, the last.
        learned: bool [L], labels that have examples; the others are the root's unchanged (multi)
            or only pushed down (single).
        rows: int64 [n], training photos of the dataset that say something of the group.
        targets: int8 [n, L] of those photos.
        touched: bool [n], photos in which undecided pairs count as weak negatives.
        background: bool [n], photos that stand against labels without any photo without them.
        root: the prior, or None where the root knows nothing of the group.
    """

    group: Group
    labels: tuple[Label, ...]
    has_null: bool
    learned: NDArray[np.bool_]
    rows: NDArray[np.int64]
    targets: NDArray[np.int8]
    touched: NDArray[np.bool_]
    background: NDArray[np.bool_]
    root: RootPrior | None

    def core(self) -> GroupTask:
        """Return the task with only those labels that are fitted."""
        if self.group.kind == "single" or self.learned.all():
            return self
        return self.with_labels(np.flatnonzero(self.learned))

    def with_labels(self, at: NDArray[np.int64]) -> GroupTask:
        """Return the task with some of the labels of a multi group; `at` is int64."""
        root = self.root
        if root is not None:
            root = replace(root, columns=root.columns[at])
        return replace(
            self,
            labels=tuple(self.labels[k] for k in at),
            learned=self.learned[at],
            targets=self.targets[:, at],
            root=root,
        )

    def only(self, kept: NDArray[np.bool_]) -> GroupTask:
        """Return the task with the chosen photos; `kept` is bool [n]."""
        return replace(
            self,
            rows=self.rows[kept],
            targets=self.targets[kept],
            touched=self.touched[kept],
            background=self.background[kept],
        )

    @property
    def columns(self) -> int:
        """Number of logits: labels, and the null class."""
        return len(self.labels) + int(self.has_null)

    @property
    def positives(self) -> NDArray[np.int64]:
        """Number of training positives of each label: int64 [L]."""
        return (self.targets == POSITIVE).sum(axis=0)

    def weights(self, weak: float = WEAK_WEIGHT) -> Floats:
        """Return the weight of every pair of a multi group in the loss: float32 [n, L].

        A label without any positive learns from its rejections alone: else every label that
        nobody used yet would be pushed to zero by the photos in which it was not mentioned.
        """
        weights = (self.targets >= NEGATIVE).astype(np.float32)
        unknown = self.targets == UNKNOWN
        weights[unknown & self.touched[:, None] & (self.positives > 0)] = weak
        alone = (self.positives > 0) & ~((weights > 0) & (self.targets != POSITIVE)).any(axis=0)
        weights[unknown & self.background[:, None] & alone] = WEAK_WEIGHT
        return weights

    def answers(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the targets of a single group.

        Returns:
            int64 [n], the class (`len(labels)` is *none of these*), −1 where it is not known;
            bool [n, L + null], the rejected classes of those.
        """
        true = self.targets == POSITIVE
        answer = np.where(true.sum(axis=1) == 1, true.argmax(axis=1), NO_LABEL)
        no = self.targets == NEGATIVE
        if self.has_null:
            answer[_none_of_these(self.targets)] = len(self.labels)
            no = np.concatenate([no, np.zeros((len(no), 1), bool)], axis=1)
        return answer, no & (answer < 0)[:, None]


def make_task(dataset: Dataset, data: GroupData, root: Model | None) -> GroupTask | None:
    """Find out what a group can learn; None where it has no example that says anything.

    A label gets a column if it has a training positive, or if the root knows it.
    """
    rows = np.flatnonzero(dataset.trains & (data.informed | data.background))
    targets = data.targets[rows]
    prior_head = None if root is None else _head_of(root, data)
    columns = _root_columns(root, prior_head, data)
    positives = (targets == POSITIVE).sum(axis=0)
    kept = np.flatnonzero((positives > 0) | (columns >= 0))
    informative = data.explicit[kept] | (columns[kept] < 0)
    learned = _learned(data.group.kind, targets[:, kept], positives[kept], informative)
    if not learned.any():
        return None
    has_null = data.group.kind == "single" and bool(_none_of_these(targets[:, kept]).any())
    return GroupTask(
        group=data.group,
        labels=tuple(data.labels[at] for at in kept),
        has_null=has_null,
        learned=learned,
        rows=rows,
        targets=targets[:, kept],
        touched=data.touched[rows],
        background=data.background[rows],
        root=_prior(root, prior_head, columns[kept], data, kept, has_null),
    )


def _learned(
    kind: str,
    targets: NDArray[np.int8],
    positives: NDArray[np.int64],
    informative: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Say which columns have something to learn from: in a single group all or none.

    A label the root knows is learned only from decisions on itself (`informative`): photos that
    merely imply it (a cat implies an animal) would teach that all the others are not.
    """
    rejected = (targets == NEGATIVE).any(axis=0)
    if kind == "single":
        return np.full(len(positives), bool(positives.any() or rejected.any()))
    return ((positives > 0) | rejected) & informative


def _none_of_these(targets: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Say which photos were reviewed and none of the labels confirmed: bool [n]."""
    return (targets == NEGATIVE).all(axis=1) if targets.shape[1] else np.zeros(len(targets), bool)


def _head_of(root: Model, data: GroupData) -> Head | None:
    """Return the root's head that scores most of a group's labels, of the same kind."""
    nums = {label.num for label in data.labels}
    best, most = None, 0
    for group in root.spec.groups:
        mapped = sum(root.nums.get(label.id, NO_LABEL) in nums for label in group.labels)
        if mapped > most and group.kind == data.group.kind:
            best, most = root.heads[group.id], mapped
    return best


def _root_columns(root: Model | None, head: Head | None, data: GroupData) -> NDArray[np.int32]:
    columns = np.full(len(data.labels), NO_LABEL, np.int32)
    if root is None or head is None:
        return columns
    places = {
        root.nums[label.id]: at
        for at, label in reversed(list(enumerate(root.spec.group(head.group).labels)))
        if label.id in root.nums
    }
    for at, label in enumerate(data.labels):
        columns[at] = places.get(label.num, NO_LABEL)
    return columns


def _prior(
    root: Model | None,
    head: Head | None,
    columns: NDArray[np.int32],
    data: GroupData,
    kept: NDArray[np.int64],
    has_null: bool,
) -> RootPrior | None:
    if root is None or head is None or not (columns >= 0).any():
        return None
    labels = root.spec.group(head.group).labels
    thresholds = {
        data.labels[at].num: labels[column].default_threshold
        for at, column in zip(kept.tolist(), columns.tolist(), strict=True)
        if column >= 0
    }
    if has_null:
        null = len(labels) if head.has_null else NO_LABEL
        columns = np.append(columns, null).astype(np.int32)
    return RootPrior(head, columns, thresholds)
