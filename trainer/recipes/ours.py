"""Our setting: heads fitted to the end on features, then the whole network fine-tuned from there.

The photos are looked at once (if time allows also mirrored); linear heads are fitted to the roots
of the embeddings with a regularisation chosen by cross-validation. The network starts from these
heads, so that the first step already knows the labels, and is fine-tuned for the seconds that are
left with small shifts, crops and mirrored photos, if there are enough of them; whether that is kept
is decided on a part of training set aside. Scores are the mean over both ways round; those
of single groups are freed of how often each answer occurs, lest rare answers be passed over.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trainer.examples import Examples
from trainer.feeding.augmentation import Augmentation
from trainer.feeding.pixels import PixelStore
from trainer.loop.fit import fit
from trainer.loop.predict import parameter_count, probabilities
from trainer.loop.settings import FitSettings, OptimiserSettings, Schedule
from trainer.losses.settings import LossSettings
from trainer.nets.heads import HeadSettings
from trainer.nets.net import Net, make_net
from trainer.recipes.contest import Contest, Outcome, with_choice, without_choice
from trainer.recipes.features import Rooted, features_of
from trainer.recipes.figures import multi_thresholds
from trainer.recipes.forms.common import CHOICE, TRAIN
from trainer.recipes.judge import Scores, judged_figure
from trainer.recipes.linear import LinearHead, fit_heads
from trainer.recipes.maybe import (
    HALF,
    UNSURE,
    Masks,
    choose_treatment,
    marked,
    objective_with,
    with_halves,
)
from trainer.recipes.saved import facts_of, logits_of
from trainer.recipes.source_method import LOOKING_SHARE, NOBODY

Floats = NDArray[np.float32]

MIRROR_SHARE = 0.15
"""Share of the seconds up to which looking at the photos may take for them to be looked at
mirrored as well."""

SLOWER = 4.0
"""A training step takes about so many times as long as looking at its photos."""

LEAST_EPOCHS = 2.0
"""Of fine-tuning; with less time the heads alone are better (a third of an epoch: .55 for .65)."""

FIGURES = 0.005
"""Seconds kept for each photo that is set aside to choose by."""

RESERVE = 0.05
"""Share of the seconds kept for what comes after the last step."""


@dataclass(frozen=True)
class OurSetting:
    """What differs between recipes.

    Attributes:
        size: side of the input in pixels.
        augmentation: of photos while fine-tuning.
        epochs: at most so many; fewer if the seconds are over.
        rate, head_rate: largest learning rates.
        smoothing: of the targets of single groups.
        batch: photos a step.
        prior: share of the logarithm of an answer's frequency that is taken off (single groups).
    """

    size: int
    augmentation: Augmentation
    epochs: float = 15
    rate: float = 3e-4
    head_rate: float = 1e-3
    smoothing: float = 0.05
    batch: int = 32
    prior: float = 1.0


def run_ours(contest: Contest, setting: OurSetting, seed: int, run: Path | None = None) -> Outcome:
    """Train one seed within the contest's seconds and score the judged photos."""
    backbone = Rooted(contest.backbone.open(setting.size))
    store = contest.pack(backbone.preprocessing)
    examples = without_choice(contest.examples)
    began = time.monotonic()
    rows = np.random.default_rng(seed).permutation(examples.rows(TRAIN))
    contest.tell(0.0, "Looking at the photos once")
    seen = _look(contest, backbone, store, rows, began)
    looked_s = time.monotonic() - began
    rows = rows[: len(seen[0])]
    lesson = _fitted(contest, examples, rows, seen, seed)
    net = make_net(backbone, examples.groups, HeadSettings(), seed=seed)
    start_from(net, lesson.heads)
    facts: dict[str, Any] = {
        "features_s": round(looked_s, 2),
        "photos_looked_at": len(rows),
        "heads_s": round(time.monotonic() - began - looked_s, 2),
        "penalties": {name: head.penalty for name, head in lesson.heads.items()},
        "maybe": lesson.maybe,
        "epochs": 0.0,
    }
    left = contest.seconds * (1 - RESERVE) - (time.monotonic() - began)
    speed = len(rows) * len(seen) / looked_s / SLOWER
    if left * speed >= LEAST_EPOCHS * len(rows):
        chosen = _Tuning(contest, setting, store, seed, run)
        facts |= chosen.tune(net, lesson, rows, seen, left)
    facts["seconds"] = round(time.monotonic() - began, 2)
    facts["parameters"] = parameter_count(net)
    held_out = _held_out(net, store, lesson, rows, seed, bool(facts.get("tuned_is_kept")))
    logits = logits_of(net, store, contest.judged, mirrored=True)
    prior = {name: setting.prior * head.prior for name, head in lesson.heads.items()}
    saved = facts_of(
        net,
        examples.groups,
        name=contest.backbone.name,
        size=setting.size,
        mirrored=True,
        rooted=True,
        prior=prior,
        thresholds=multi_thresholds(*held_out),
    )
    return Outcome(to_scores(examples, logits, prior), facts, net, saved, held_out)


def _held_out(
    net: Net,
    store: PixelStore,
    lesson: _Lesson,
    rows: NDArray[np.int64],
    seed: int,
    tuned: bool,
) -> tuple[Examples, Scores]:
    """Return training photos with scores of fits that did not see them, to fit thresholds on."""
    none = {name: np.zeros_like(head.prior) for name, head in lesson.heads.items()}
    if tuned:
        own = with_choice(lesson.examples, seed).rows(CHOICE)
        logits = logits_of(net, store, own, mirrored=True)
        return lesson.examples.only(own), to_scores(lesson.examples, logits, none)
    logits = {name: head.out_of_fold[: len(rows)] for name, head in lesson.heads.items()}
    return lesson.examples.only(rows), to_scores(lesson.examples, logits, none)


def _look(
    contest: Contest,
    backbone: Rooted,
    store: PixelStore,
    rows: NDArray[np.int64],
    began: float,
) -> list[Floats]:
    """Return embeddings of as many photos as the time allows, and of them mirrored."""
    until = began + LOOKING_SHARE * contest.seconds
    seen = [features_of(backbone, store, rows, until=until)]
    if time.monotonic() - began < MIRROR_SHARE * contest.seconds:
        seen.append(features_of(backbone, store, rows[: len(seen[0])], mirrored=True))
    return seen


@dataclass(frozen=True)
class _Lesson:
    """What is learned: targets as *maybe* is treated, values left out, and the fitted heads."""

    examples: Examples
    unsure: Masks
    heads: dict[str, LinearHead]
    maybe: str | None


@dataclass(frozen=True)
class _Tuning:
    """Fine-tunes the whole network, and keeps that only if it is better inside train."""

    contest: Contest
    setting: OurSetting
    store: PixelStore
    seed: int
    run: Path | None

    def tune(
        self,
        net: Net,
        lesson: _Lesson,
        rows: NDArray[np.int64],
        seen: Sequence[Floats],
        seconds: float,
    ) -> dict[str, Any]:
        """Tune within the seconds; the network ends tuned, or as it was.

        Args:
            net: with the heads of the lesson, fitted to all of `rows`.
            lesson: what is learned.
            rows: int64, the training photos looked at.
            seen: their embeddings, once for every way round.
            seconds: that are left.
        """
        began = time.monotonic()
        parted = with_choice(lesson.examples, self.seed)
        part = parted.parts[rows]
        inside = np.flatnonzero(part == TRAIN)
        before = copy.deepcopy(net.state_dict())
        heads = self._heads(lesson, rows[inside], [one[inside] for one in seen])
        start_from(net, heads)
        frozen = self._figure(net, parted, heads)
        left = seconds - (time.monotonic() - began) - FIGURES * (len(part) - len(inside))
        settings = _settings(self.setting, parted, self.seed, left)
        assert isinstance(settings.losses, dict)
        tuned = fit(
            net,
            parted,
            settings,
            self.run,
            objective=objective_with(parted, settings.losses, lesson.unsure),
            tell=self.contest.tell,
            store=self.store,
        )
        after = self._figure(net, parted, heads)
        if not after > frozen:
            net.load_state_dict(before)
        return _tuned(tuned.facts) | {
            "tuned_is_kept": bool(after > frozen),
            "inside_train": {"heads": round(frozen, 4), "tuned": round(after, 4)},
        }

    def _heads(
        self, lesson: _Lesson, rows: NDArray[np.int64], seen: Sequence[Floats]
    ) -> dict[str, LinearHead]:
        photos = np.tile(rows, len(seen))
        groups = [group.only(photos) for group in lesson.examples.groups]
        masks = {name: mask[photos] for name, mask in lesson.unsure.items()}
        return fit_heads(groups, np.concatenate(seen), photos, self.seed, masks)

    def _figure(self, net: Net, parted: Examples, heads: dict[str, LinearHead]) -> float:
        """Return the judged figure on the part of training that was set aside."""
        rows = parted.rows(CHOICE)
        logits = logits_of(net, self.store, rows, mirrored=False)
        prior = {name: self.setting.prior * head.prior for name, head in heads.items()}
        return judged_figure(parted.only(rows), to_scores(parted, logits, prior))


def _fitted(
    contest: Contest,
    examples: Examples,
    rows: NDArray[np.int64],
    seen: Sequence[Floats],
    seed: int,
) -> _Lesson:
    """Fit the heads, with the treatment of *maybe* that is right more often out of fold."""
    features, photos = np.concatenate(seen), np.tile(rows, len(seen))
    found = marked(examples, cast(Masks, contest.data.facts.get("maybe", {})))
    if not found:
        groups = [group.only(photos) for group in examples.groups]
        return _Lesson(examples, {}, fit_heads(groups, features, photos, seed), None)
    halved = replace(
        examples,
        groups=tuple(
            with_halves(group, found[group.name]) if group.name in found else group
            for group in examples.groups
        ),
    )
    masks = {name: mask[photos] for name, mask in found.items()}
    heads = {}
    for name, chosen, unsure in ((UNSURE, examples, masks), (HALF, halved, None)):
        groups = [group.only(photos) for group in chosen.groups]
        heads[name] = fit_heads(groups, features, photos, seed, unsure)
    right = {name: [one[group].right for group in found] for name, one in heads.items()}
    best = choose_treatment(right)
    if best == HALF:
        return _Lesson(halved, {}, heads[HALF], HALF)
    return _Lesson(examples, found, heads[UNSURE], UNSURE)


def start_from(net: Net, heads: dict[str, LinearHead]) -> None:
    """Give a network's linear heads the fitted weights."""
    for name, head in zip(net.names, net.heads, strict=True):
        layer = cast(nn.Linear, cast(Any, head).layers[-1])
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(heads[name].weight.T.copy()))
            layer.bias.copy_(torch.from_numpy(heads[name].bias))


def to_scores(examples: Examples, logits: dict[str, Floats], prior: dict[str, Floats]) -> Scores:
    """Return probabilities, those of single groups freed of the answers' frequencies."""
    return {
        group.name: probabilities(
            (logits[group.name] - prior[group.name]).astype(np.float32), group.kind
        )
        for group in examples.groups
    }


def _settings(setting: OurSetting, examples: Examples, seed: int, seconds: float) -> FitSettings:
    single = LossSettings(smoothing=setting.smoothing)
    losses = {g.name: single if g.kind == "single" else LossSettings() for g in examples.groups}
    return FitSettings(
        epochs=setting.epochs,
        batch=setting.batch,
        optimiser=OptimiserSettings(
            "adamw", rate=setting.rate, head_rate=setting.head_rate, clip=1.0
        ),
        schedule=Schedule("one-cycle"),
        losses=losses,
        augmentation=setting.augmentation,
        batch_norm="frozen",
        seconds=seconds,
        train_part=TRAIN,
        judge_part=NOBODY,
        keep="last",
        seed=seed,
    )


def _tuned(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "epochs": facts["epochs"],
        "epochs_at_most": facts["epochs_asked"],
        "tuning_s": facts["seconds"],
        "photos_per_s": facts["photos_per_s"],
        "device": facts["device"],
    }
