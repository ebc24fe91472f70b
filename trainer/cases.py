"""Gather what the report compares: old and new model, group by group, on the library's photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.spec import BundleGroup
from tagger.core.schema import Group, Schema
from tagger.core.targets import NEGATIVE, POSITIVE, UNKNOWN, label_targets
from tagger.core.thresholds import logit
from tagger.core.verdict import ENOUGH_PHOTOS
from tagger.library.cache import EmbeddingStore
from tagger.library.library import Library
from trainer.ancestry import Ancestry, Model
from trainer.child import ChildGroup
from trainer.data import Dataset
from trainer.quick.heads import FittedGroup
from trainer.quick.learn import label_logits
from trainer.report.judge import GroupCase
from trainer.runs import read_out_of_fold
from trainer.scores import LabelScores, ReadEmbeddings, score_photos

SEED = 5
SAMPLE = 20_000
"""Photos on which suggestions are counted; of more, as many are drawn."""

SAME = 1e-3
"""Largest difference of logits of models that count as one: what float16 cannot tell apart."""

POOLED_MOST = 2000
"""Training photos whose out-of-fold scores are pooled in at most."""


@dataclass(frozen=True)
class Photos:
    """The photos that old and new model are compared on.

    Attributes:
        slots: int64 [n], ascending.
        signatures: uint64 [n].
        held_out: bool [n], may judge.
        trained: bool [n], training photos of the new model.
    """

    slots: NDArray[np.int64]
    signatures: NDArray[np.uint64]
    held_out: NDArray[np.bool_]
    trained: NDArray[np.bool_]

    def only(self, wanted: NDArray[np.bool_]) -> Photos:
        """Return those whose slot is wanted: bool [slots]."""
        rows = wanted[self.slots]
        return Photos(
            self.slots[rows], self.signatures[rows], self.held_out[rows], self.trained[rows]
        )


def photos_to_compare(
    library: Library, store: EmbeddingStore, dataset: Dataset, sample: int = SAMPLE
) -> Photos:
    """Choose all judging photos, and of the others with an embedding at most `sample`.

    Args:
        library: whose photos.
        store: embeddings of the old model's space.
        dataset: with the photos that have one.
        sample: how many others.
    """
    signatures = library.photos.signature
    slots = np.flatnonzero(library.photos.present)
    slots = slots[store.kept(slots, signatures[slots])]
    held_out = np.isin(slots, dataset.slots[dataset.judges])
    trained = np.isin(slots, dataset.slots[dataset.trains])
    if int((~held_out).sum()) > sample:
        rng = np.random.default_rng(SEED)
        drawn = rng.permutation(np.flatnonzero(~held_out))[:sample]
        chosen = held_out.copy()
        chosen[drawn] = True
        slots, held_out, trained = slots[chosen], held_out[chosen], trained[chosen]
    return Photos(slots, signatures[slots], held_out, trained)


def old_scores(library: Library, parent: Model, read: ReadEmbeddings, photos: Photos) -> Scores:
    """Score the photos by a model on disk, at the library's thresholds.

    For a model that the library does not use now those are the model's own.
    """
    active = library.active_bundle_id == parent.spec.bundle_id
    groups: dict[int, tuple[tuple[int, ...], BundleGroup]] = {}
    for group in parent.spec.groups:
        nums = tuple(parent.nums.get(label.id, -1) for label in group.labels)
        homes = [library.facts.schema.labels[num].group for num in nums if _known(library, num)]
        if homes and homes[0] not in groups:
            groups[homes[0]] = (nums, group)
    heads = {num: parent.heads[group.id] for num, (_, group) in groups.items()}
    logits = score_photos(heads, read, photos.slots)
    found = {}
    for num, (nums, described) in groups.items():
        at = [k for k, label in enumerate(nums) if _known(library, label, num)]
        kept = tuple(nums[k] for k in at)
        if active:
            thresholds = [library.facts.thresholds.of(label, num) for label in kept]
        else:
            defaults = {nums[k]: described.labels[k].default_threshold for k in at}
            thresholds = [float(logit(defaults[label])) for label in kept]
        found[num] = LabelScores(kept, logits[num][:, at], np.array(thresholds, np.float64))
    return found


Scores = dict[int, LabelScores]
"""Library group num → scores."""


def _known(library: Library, label: int, group: int | None = None) -> bool:
    found = library.facts.schema.labels.get(label)
    return found is not None and group in (None, found.group)


def new_scores(
    schema: Schema, children: Sequence[ChildGroup], read: ReadEmbeddings, photos: Photos
) -> Scores:
    """Score the photos by the new model, at its default thresholds."""
    homes = {schema.labels[child.nums[0]].group: child for child in children}
    logits = score_photos({num: child.head for num, child in homes.items()}, read, photos.slots)
    return {
        num: LabelScores(
            child.nums,
            logits[num],
            np.array([logit(x.default_threshold) for x in child.group.labels], np.float64),
        )
        for num, child in homes.items()
    }


def make_cases(
    library: Library,
    ancestry: Ancestry,
    photos: Photos,
    before: Scores,
    after: Scores,
    fitted: Mapping[int, FittedGroup],
    dataset: Dataset,
) -> list[GroupCase]:
    """Gather the cases of all groups that either model knows, in display order.

    Args:
        library: the library.
        ancestry: where the old model comes from.
        photos: that are compared.
        before: the old model's scores of them.
        after: the new one's.
        fitted: what was learned anew, by group num.
        dataset: what the new model was trained on.
    """
    cases = []
    for num, group in library.facts.schema.groups.items():
        if num not in before and num not in after:
            continue
        labels = {label.num: label for label in library.facts.schema.labels_of(num)}
        nums = tuple(labels)
        case = GroupCase(
            group=group,
            labels=labels,
            nums=nums,
            targets=_targets(library, group, nums, photos.slots),
            held_out=photos.held_out,
            pooled=np.zeros(len(photos.slots), bool),
            before=before.get(num),
            after=after.get(num),
            before_pooled=None,
            after_pooled=None,
            unchanged=_same(before.get(num), after.get(num)),
            learned=num in fitted,
        )
        if num in fitted and photos.held_out.sum() < 4 * ENOUGH_PHOTOS:
            case = _with_pooled(library, case, ancestry, photos, fitted[num], dataset)
        cases.append(case)
    return cases


def _targets(
    library: Library, group: Group, nums: Sequence[int], slots: NDArray[np.int64]
) -> NDArray[np.int8]:
    """Return targets; in a single group one confirmed label says that the others are wrong."""
    targets = label_targets(library.facts, nums, slots)
    if group.kind == "single":
        answered = (targets == POSITIVE).any(axis=1, keepdims=True)
        targets = np.where(answered & (targets == UNKNOWN), NEGATIVE, targets).astype(np.int8)
    return targets


def _same(before: LabelScores | None, after: LabelScores | None) -> bool:
    if before is None or after is None or before.nums != after.nums:
        return False
    return bool(np.allclose(before.logits, after.logits, atol=SAME, equal_nan=True))


def _with_pooled(
    library: Library,
    case: GroupCase,
    ancestry: Ancestry,
    photos: Photos,
    fitted: FittedGroup,
    dataset: Dataset,
) -> GroupCase:
    """Add out-of-fold scores of training photos where every model has leak-free ones."""
    if case.after is None:
        return case
    own = _spread(
        photos,
        dataset.signatures[fitted.fitted.rows],
        label_logits(fitted.fitted, fitted.out_of_fold),
        [label.num for label in fitted.fitted.labels],
        case.after,
    )
    ready = ~np.isnan(own.logits).any(axis=1)
    old = None
    if case.before is not None:
        old = _old_out_of_fold(library, case, ancestry, photos)
        if old is None:
            return case
        ready &= ~np.isnan(old.logits).any(axis=1)
    pooled = np.flatnonzero(ready & photos.trained & ~photos.held_out)
    pooled = np.random.default_rng(SEED).permutation(pooled)[:POOLED_MOST]
    if not len(pooled):
        return case
    mask = np.zeros(len(photos.slots), bool)
    mask[pooled] = True
    return replace(
        case,
        pooled=mask,
        before_pooled=_mixed(case.before, old, mask) if case.before and old else None,
        after_pooled=_mixed(case.after, own, mask),
    )


def _old_out_of_fold(
    library: Library, case: GroupCase, ancestry: Ancestry, photos: Photos
) -> LabelScores | None:
    """Return the old model's leak-free scores of training photos; NaN where there are none."""
    assert case.before is not None
    parent = ancestry.parent
    if ancestry.root is not None and ancestry.root.spec.bundle_id == parent.spec.bundle_id:
        return case.before  # it never saw this library
    kept = read_out_of_fold(str(parent.spec.dataset.get("run", "")), case.group.id)
    if kept is None:
        return None
    signatures, ids, logits = kept
    known = [library.facts.schema.label_by_id(label) for label in ids]
    nums = [-1 if label is None else label.num for label in known]
    return _spread(photos, signatures, logits, nums, case.before)


def _spread(
    photos: Photos,
    signatures: NDArray[np.uint64],
    logits: NDArray[np.float32],
    nums: Sequence[int],
    like: LabelScores,
) -> LabelScores:
    """Bring logits by signature and label to the rows and columns of other scores.

    Labels that only `like` has keep its scores: they are a root's, unchanged.
    """
    place = {signature: row for row, signature in enumerate(signatures.tolist())}
    rows = np.array([place.get(s, -1) for s in photos.signatures.tolist()], np.int64)
    out = np.where((rows >= 0)[:, None], like.logits, np.nan).astype(np.float32)
    for at, num in enumerate(like.nums):
        if num in nums and len(logits):
            column = logits[np.maximum(rows, 0), list(nums).index(num)]
            out[:, at] = np.where(rows >= 0, column, np.nan)
    return LabelScores(like.nums, out, like.thresholds)


def _mixed(scores: LabelScores, pooled: LabelScores, mask: NDArray[np.bool_]) -> LabelScores:
    logits = np.where(mask[:, None], pooled.logits, scores.logits).astype(np.float32)
    return replace(scores, logits=logits)
