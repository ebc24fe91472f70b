"""Learn groups: choose, cross-validate, fit, calibrate, set thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.core.targets import POSITIVE, UNKNOWN
from tagger.core.thresholds import logit
from trainer.data import Dataset
from trainer.progress import Progress
from trainer.quick.basis import Basis, Floats, make_basis
from trainer.quick.better import MEMBERS, Extra, mix_in, worthwhile
from trainer.quick.calibrate import Calibration, calibrate, not_calibrated
from trainer.quick.fitting import (
    FREEDOMS,
    Tick,
    choose_freedoms,
    cross_validate,
    log_losses,
    loss_a_photo,
)
from trainer.quick.folds import SEED, make_folds
from trainer.quick.heads import FittedGroup, all_thresholds, make_head
from trainer.quick.problems import DOUBTING, TRUSTING, GroupInputs, Setting, known_columns
from trainer.quick.task import WEAK_WEIGHT, GroupTask
from trainer.quick.thresholds import AIMS, fit_thresholds
from trainer.quick.trust import Trust, fit_trusting, weigh_root, whole_trust

USUAL = 2
"""Index of the freedom taken where nothing can be cross-validated."""

MANY = 3000
"""Photos from which three folds do instead of five."""

CROSS_AT_MOST = 20_000
"""Photos that take part in cross-validation; of more, as many are drawn."""

FEWEST = 8
"""Photos below which there is nothing to cross-validate."""

DOUBTED_FROM = 5
"""Photos for each class the root knows from which a single group may doubt the root."""

CHOOSING = "loss on photos left out by freedom of the weights"
"""The curve of the choice of regularisation: mean log-loss of a photo, out of fold."""

REVIEWED_ENOUGH = 100
WEAK_WEIGHTS = (0.1, WEAK_WEIGHT, 1.0)


@dataclass(frozen=True)
class Material:
    """What the groups of one run share.

    Attributes:
        embeddings: float16 [photos of the dataset, D].
        basis: of the training photos.
        coordinates: float32 [training photos, K].
        place: int64 [photos], row in `coordinates`, −1 for judging photos.
        leak_free: bool [photos], the backbone was not fine-tuned on the photo.
        twins: int64 [photos].
    """

    embeddings: NDArray[np.float16]
    basis: Basis
    coordinates: Floats
    place: NDArray[np.int64]
    leak_free: NDArray[np.bool_]
    twins: NDArray[np.int64]


def prepare(
    dataset: Dataset, embeddings: NDArray[np.float16], deep: NDArray[np.uint64]
) -> Material:
    """Find the axes of the training photos.

    Args:
        dataset: with at least one training photo.
        embeddings: float16 [photos, D], of all its photos.
        deep: uint64, signatures of photos that the backbone was fine-tuned on.
    """
    training = np.flatnonzero(dataset.trains)
    basis, coordinates = make_basis(embeddings[training])
    place = np.full(len(dataset), -1, np.int64)
    place[training] = np.arange(len(training))
    leak_free = ~np.isin(dataset.signatures, deep)
    return Material(embeddings, basis, coordinates, place, leak_free, dataset.twins)


def learn_groups(
    tasks: Sequence[GroupTask], material: Material, progress: Progress, better: bool = False
) -> list[FittedGroup]:
    """Learn every task; `better` adds networks and neighbours where there are photos enough."""
    work = np.cumsum([0.0, *(len(task.rows) * task.columns for task in tasks)])
    found = []
    for at, task in enumerate(tasks):
        part = progress.part(work[at] / work[-1], work[at + 1] / work[-1])
        found.append(learn_group(task, material, part, better))
    return found


def learn_group(
    task: GroupTask, material: Material, progress: Progress, better: bool = False
) -> FittedGroup:
    """Learn one group."""
    stage, name = "fit", task.group.name
    core = task.core()
    inputs = _inputs(core, material)
    leak_free = material.leak_free[core.rows]
    mixing = material.basis if better else None
    crossed = _cross(core, inputs, material.twins[core.rows], leak_free, mixing, progress)
    progress.tell(stage, 0.9, f"Learning “{name}”")
    weights = fit_trusting(core, inputs, crossed.chosen, crossed.setting, crossed.trust)
    progress.tell(stage, 1.0, f"Learned “{name}”")
    return FittedGroup(
        task=task,
        head=make_head(task, weights, material.basis, crossed.calibration, crossed.extra),
        thresholds=all_thresholds(task, crossed.thresholds),
        calibration=crossed.calibration.facts,
        fitted=core,
        out_of_fold=crossed.logits,
        facts={
            "photos": len(core.rows),
            "labels": len(core.labels),
            "weak_weight": crossed.setting.weak,
            "root_prior": asdict(crossed.setting.single) if core.group.kind == "single" else None,
            "freedoms": [FREEDOMS[at] for at in crossed.chosen.tolist()],
            "root_trust": [round(float(share), 3) for share in crossed.trust.share],
            "root_share": [round(float(a), 3) for a in weights.a],
            "transform": material.basis.inputs.transform,
            "mix": None if crossed.extra is None else asdict(crossed.extra.mix),
        },
    )


def _inputs(task: GroupTask, material: Material) -> GroupInputs:
    root = None
    if task.root is not None and task.root.known.any():
        root = task.root.logits(material.embeddings[task.rows])
    x = material.coordinates[material.place[task.rows]]
    return GroupInputs(x, material.basis.variances, root)


@dataclass(frozen=True)
class _Crossed:
    """What cross-validation found: choices, calibration, thresholds, calibrated logits."""

    chosen: NDArray[np.int64]
    setting: Setting
    trust: Trust
    calibration: Calibration
    thresholds: dict[str, NDArray[np.float64]]
    logits: Floats
    extra: Extra | None = None


def _cross(
    task: GroupTask,
    inputs: GroupInputs,
    twins: NDArray[np.int64],
    leak_free: NDArray[np.bool_],
    mixing: Basis | None,
    progress: Progress,
) -> _Crossed:
    """Cross-validate; where `mixing` gives the basis, mix more than linear weights."""
    choosing = progress.part(0, 0.4 if mixing else 0.9)
    what = f"Learning “{task.group.name}”: choosing"
    tick, doubting = (choosing.part(*p).ticker("fit", what) for p in ((0, 0.8), (0.8, 1)))
    part = _drawn(len(task.rows))
    small, own, free = task.only(part), inputs.rows(part), leak_free[part]
    families = len(np.unique(twins[part]))
    if families < FEWEST or not (small.targets[free] == POSITIVE).any():
        return _uncrossed(task)
    count = 3 if len(small.rows) >= MANY else 5
    folds = make_folds(small.targets, twins[part], count)
    setting, logits, losses = _best_setting(small, own, folds, free, tick)
    _draw_choice(progress, small.only(free), logits[:, free], setting.weak)
    chosen = choose_freedoms(small, losses)
    picked = np.take_along_axis(logits, chosen[None, None, :], axis=0)[0]
    trust, picked = weigh_root(small, own, folds, free, setting, picked, doubting)
    extra = None
    if mixing is not None and worthwhile(small.only(free), setting):
        apart = make_folds(small.targets, twins[part], MEMBERS)
        rest = progress.part(0.4, 0.9)
        picked, extra = mix_in(small, own, mixing, picked, apart, free, setting, trust, rest)
    calibration = calibrate(small, picked, free, setting.weak, count)
    calibrated = calibration.apply(picked)
    thresholds = fit_thresholds(small, calibrated, free, setting.weak)
    every = np.full((len(task.rows), task.columns), np.nan, np.float32)
    every[np.flatnonzero(part)[free]] = calibrated[free]
    return _Crossed(chosen, setting, trust, calibration, thresholds, every, extra)


def _draw_choice(
    progress: Progress, task: GroupTask, logits: NDArray[np.float32], weak: float
) -> None:
    """Draw the loss out of fold for each freedom; `logits` are float32 [freedoms, n, L']."""
    if progress.drawn is not None:
        losses = [loss_a_photo(task, scores, weak) for scores in logits]
        points = list(zip(FREEDOMS, losses, strict=True))
        progress.drawn(f"{CHOOSING}/{task.group.name}", points)


def _best_setting(
    task: GroupTask,
    inputs: GroupInputs,
    folds: NDArray[np.int64],
    free: NDArray[np.bool_],
    tick: Tick,
) -> tuple[Setting, NDArray[np.float32], NDArray[np.float64]]:
    """Return the setting of the least out-of-fold loss, its logits and losses by freedom."""
    judged = task.only(free)
    best: tuple[Setting, NDArray[np.float32], NDArray[np.float64]] | None = None
    for setting in _settings(task, inputs, folds, free):
        logits = cross_validate(task, inputs, folds, setting, tick)
        losses = np.stack([log_losses(judged, scores[free], setting.weak) for scores in logits])
        if best is None or losses.sum(axis=1).min() < best[2].sum(axis=1).min():
            best = setting, logits, losses
    assert best is not None
    return best


def _settings(
    task: GroupTask, inputs: GroupInputs, folds: NDArray[np.int64], free: NDArray[np.bool_]
) -> list[Setting]:
    """Return the settings worth trying: a root is doubted only where there are photos enough."""
    if task.group.kind == "multi":
        return [Setting(weak=_weak_weight(task, inputs, folds, free))]
    known = int(known_columns(task).sum())
    if known and len(task.rows) >= DOUBTED_FROM * known:
        return [Setting(single=TRUSTING), Setting(single=DOUBTING)]
    return [Setting(single=TRUSTING)]


def _uncrossed(task: GroupTask) -> _Crossed:
    return _Crossed(
        chosen=np.full(task.columns, USUAL, np.int64),
        setting=Setting(),
        trust=whole_trust(task.columns),
        calibration=not_calibrated(task.columns, "too few photos to cross-validate"),
        thresholds={aim: np.zeros(len(task.labels)) for aim in AIMS},
        logits=np.full((len(task.rows), task.columns), np.nan, np.float32),
    )


def _drawn(photos: int) -> NDArray[np.bool_]:
    part = np.ones(photos, bool)
    if photos > CROSS_AT_MOST:
        part[np.random.default_rng(SEED).permutation(photos)[CROSS_AT_MOST:]] = False
    return part


def _weak_weight(
    task: GroupTask, inputs: GroupInputs, folds: NDArray[np.int64], free: NDArray[np.bool_]
) -> float:
    """Choose the weight of undecided pairs by log-loss on photos that were reviewed in full."""
    unknown = task.targets == UNKNOWN
    reviewed = ~unknown[:, task.positives > 0].any(axis=1) & free
    if not (unknown & task.touched[:, None]).any() or reviewed.sum() < REVIEWED_ENOUGH:
        return WEAK_WEIGHT
    halves = folds % 2
    judged = task.only(reviewed)
    losses = []
    for weak in WEAK_WEIGHTS:
        usual = FREEDOMS[USUAL : USUAL + 1]
        scores = cross_validate(task, inputs, halves, Setting(weak=weak), _silent, usual)
        losses.append(log_losses(judged, scores[0][reviewed], 0.0).sum())
    return WEAK_WEIGHTS[int(np.argmin(losses))]


def _silent(_share: float) -> None:
    return None


def label_logits(task: GroupTask, logits: Floats) -> Floats:
    """Return a head's logits as the cache keeps them: float32 [n, L], each label's logit(p)."""
    if task.group.kind == "multi":
        return logits
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return logit((powers / powers.sum(axis=1, keepdims=True))[:, : len(task.labels)])
