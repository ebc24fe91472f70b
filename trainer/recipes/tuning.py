"""Fine-tune a network from fitted heads, and keep that only if it is better inside train."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass
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
from trainer.loop.predict import probabilities
from trainer.loop.settings import FitSettings, OptimiserSettings, Schedule
from trainer.losses.settings import LossSettings
from trainer.nets.net import Net
from trainer.recipes.contest import Contest, with_choice
from trainer.recipes.forms.common import CHOICE, TRAIN
from trainer.recipes.judge import Scores, judged_figure
from trainer.recipes.linear import LinearHead, fit_heads
from trainer.recipes.maybe import Masks, objective_with
from trainer.recipes.saved import logits_of
from trainer.recipes.source_method import NOBODY

Floats = NDArray[np.float32]

FIGURES = 0.005
"""Seconds kept for each photo that is set aside to choose by."""


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


@dataclass(frozen=True)
class Lesson:
    """What is learned: targets as *maybe* is treated, values left out, and the fitted heads."""

    examples: Examples
    unsure: Masks
    heads: dict[str, LinearHead]
    maybe: str | None


@dataclass(frozen=True)
class Tuning:
    """Fine-tunes the whole network, and keeps that only if it is better inside train."""

    contest: Contest
    setting: OurSetting
    store: PixelStore
    seed: int
    run: Path | None

    def tune(
        self,
        net: Net,
        lesson: Lesson,
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
        self, lesson: Lesson, rows: NDArray[np.int64], seen: Sequence[Floats]
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
