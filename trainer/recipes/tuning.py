"""Fine-tune a network from fitted heads, to be asked beside the frozen one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from trainer.deep.plan import training_side
from trainer.examples import Examples, GroupExamples
from trainer.feeding.augmentation import Augmentation
from trainer.feeding.pixels import PixelStore
from trainer.loop.fit import fit
from trainer.loop.settings import FitSettings, OptimiserSettings, Schedule
from trainer.losses.settings import LossSettings
from trainer.nets.heads import HeadSettings
from trainer.nets.net import Net, make_net
from trainer.recipes.contest import Contest, with_choice
from trainer.recipes.features import Looks, features_of
from trainer.recipes.forms.common import CHOICE, TRAIN
from trainer.recipes.frozen import FOLDS, FrozenFits, fit_heads, linear_layer, to_scores
from trainer.recipes.judge import compare
from trainer.recipes.linear import fit_linear
from trainer.recipes.maybe import Masks, objective_with
from trainer.recipes.saved import head_logits, logits_of, mean_logits
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
        larger: the size in which photos are looked at where time allows.
        epochs: at most so many; fewer if the seconds are over.
        rate, head_rate: largest learning rates.
        smoothing: of the targets of single groups.
        batch: photos a step.
        prior: share of the logarithm of an answer's frequency that is taken off (single groups).
    """

    size: int
    augmentation: Augmentation
    larger: int = 320
    epochs: float = 15
    rate: float = 3e-4
    head_rate: float = 1e-3
    smoothing: float = 0.05
    batch: int = 32
    prior: float = 1.0


@dataclass(frozen=True)
class Seen:
    """Training photos that were looked at: rows int64 [n], and embeddings float32 [n, D]."""

    rows: NDArray[np.int64]
    features: Floats

    def only(self, places: NDArray[np.int64]) -> Seen:
        """Return the chosen ones."""
        return Seen(self.rows[places], self.features[places])


@dataclass(frozen=True)
class Lesson:
    """What is learned: targets as *maybe* is treated, values left out, and the fitted heads."""

    examples: Examples
    unsure: Masks
    fits: FrozenFits
    maybe: str | None

    def groups(self, rows: NDArray[np.int64]) -> list[GroupExamples]:
        """Return what is known of rows."""
        return [group.only(rows) for group in self.examples.groups]

    def masks(self, rows: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
        """Return which values of rows nothing is learned of."""
        return {name: mask[rows] for name, mask in self.unsure.items()}


@dataclass(frozen=True)
class Tuned:
    """A fine-tuned network, and what it and the frozen one say together of photos set aside.

    Attributes:
        net, store: in the size in which photos are asked.
        held_out: the photos set aside, and their logits, float32 [n, L] by group.
        facts: of the training, as plain JSON values.
        is_kept: whether the frozen network is not better alone.
    """

    net: Net
    store: PixelStore
    held_out: tuple[Examples, dict[str, Floats]]
    facts: dict[str, Any]
    is_kept: bool


@dataclass(frozen=True)
class Tuning:
    """Fine-tunes the whole network, to be asked beside the frozen one."""

    contest: Contest
    setting: OurSetting
    seed: int
    run: Path | None

    def tune(self, frozen: Net, lesson: Lesson, seen: Seen, seconds: float) -> Tuned:
        """Tune within the seconds, without a part of training that then says what is better.

        Args:
            frozen: the backbone as it was, with the heads of the lesson, fitted to all of `seen`.
            lesson: what is learned.
            seen: the training photos looked at, with their embeddings by the frozen backbone.
            seconds: that are left.
        """
        began = time.monotonic()
        parted = with_choice(lesson.examples, self.seed)
        part = parted.parts[seen.rows]
        inside, aside = seen.only(_places(part, TRAIN)), seen.only(_places(part, CHOICE))
        fits = fit_heads(
            lesson.groups(inside.rows),
            inside.features,
            self.seed,
            lesson.masks(inside.rows),
            self.setting.prior,
        )
        heads = Net(frozen.backbone, {name: fit.head for name, fit in fits.groups.items()})
        alone = head_logits(heads, aside.features)
        left = seconds - (time.monotonic() - began) - FIGURES * len(aside.rows)
        net, facts = self._trained(lesson, parted, inside.rows, left)
        asked, store = self._opened(self.setting.size)
        asked.load_state_dict(net.backbone.state_dict())
        asked.to(next(net.parameters()).device)
        net = Net(asked, dict(zip(net.names, net.heads, strict=True)))
        together = mean_logits([alone, logits_of(net, store, aside.rows)])
        own = parted.only(aside.rows)
        prior = fits.prior(self.setting.prior)
        said = [to_scores(own.groups, logits, prior) for logits in (alone, together)]
        result = compare(own, said[:1], said[1:])
        kept = not result.difference.high < 0
        facts |= {
            "tuned_is_kept": kept,
            "set_aside": len(aside.rows),
            "inside_train": {
                "heads": round(result.original[0], 4),
                "together": round(result.ours[0], 4),
            },
        }
        return Tuned(net, store, (own, together), facts, kept)

    def _opened(self, size: int) -> tuple[Looks, PixelStore]:
        looks = Looks(self.contest.backbone.open(size))
        return looks, self.contest.pack(looks.preprocessing)

    def _trained(
        self, lesson: Lesson, parted: Examples, rows: NDArray[np.int64], seconds: float
    ) -> tuple[Net, dict[str, Any]]:
        """Train in a smaller size than is asked in, which is faster and no worse."""
        began = time.monotonic()
        looks, store = self._opened(training_side(self.setting.size))
        net = self._started(looks, lesson, Seen(rows, features_of(looks, store, rows)))
        parts = np.where(np.isin(np.arange(len(parted)), rows), TRAIN, "")
        left = seconds - (time.monotonic() - began)
        settings = _settings(self.setting, parted, self.seed, left)
        assert isinstance(settings.losses, dict)
        fitted = fit(
            net,
            parted.with_parts(parts),
            settings,
            self.run,
            objective=objective_with(parted, settings.losses, lesson.unsure),
            tell=self.contest.tell,
            store=store,
        )
        return net, _facts(fitted.facts) | {"tuned_at": training_side(self.setting.size)}

    def _started(self, looks: Looks, lesson: Lesson, inside: Seen) -> Net:
        """Return a network whose linear heads are fitted to the embeddings in its own size."""
        groups = lesson.groups(inside.rows)
        folds = np.random.default_rng(self.seed).permutation(len(inside.rows)) % FOLDS
        fitted = fit_linear(groups, inside.features, folds, lesson.masks(inside.rows))
        net = make_net(looks, lesson.examples.groups, HeadSettings(), seed=self.seed)
        for name, head in zip(net.names, net.heads, strict=True):
            cast(Any, head).layers[-1].load_state_dict(linear_layer(fitted[name]).state_dict())
        return net


def _places(part: NDArray[np.str_], wanted: str) -> NDArray[np.int64]:
    return np.flatnonzero(part == wanted).astype(np.int64)


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


def _facts(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "epochs": facts["epochs"],
        "epochs_at_most": facts["epochs_asked"],
        "tuning_s": facts["seconds"],
        "photos_per_s": facts["photos_per_s"],
        "device": facts["device"],
    }
