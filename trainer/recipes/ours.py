"""Our setting: heads fitted to the end on features, then the whole network fine-tuned from there.

The photos are looked at once, and mirrored once; linear heads are fitted to both with a
regularisation chosen by cross-validation. The network starts from these heads, so that the first
step already knows the labels, and is fine-tuned for the seconds that are left with small shifts,
crops and mirrored photos. Scores are the mean over both ways round; those of single groups are
freed of how often each answer occurs, so that rare answers are not passed over.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trainer.examples import Examples
from trainer.feeding.augmentation import Augmentation
from trainer.loop.fit import fit
from trainer.loop.predict import parameter_count, probabilities
from trainer.loop.settings import FitSettings, OptimiserSettings, Schedule
from trainer.losses.settings import LossSettings
from trainer.nets.heads import HeadSettings
from trainer.nets.net import Net, make_net
from trainer.recipes.contest import Contest, Outcome, without_choice
from trainer.recipes.features import features_of
from trainer.recipes.forms.common import TRAIN
from trainer.recipes.judge import Scores
from trainer.recipes.linear import LinearHead, fit_heads
from trainer.recipes.saved import facts_of, logits_of
from trainer.recipes.source_method import NOBODY

Floats = NDArray[np.float32]

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
    backbone = contest.backbone.open(setting.size)
    store = contest.pack(backbone.preprocessing)
    examples = without_choice(contest.examples)
    began = time.monotonic()
    rows = examples.rows(TRAIN)
    contest.tell(0.0, "Looking at the photos once")
    both = [features_of(backbone, store, rows, mirrored=way) for way in (False, True)]
    looked = time.monotonic() - began
    twice = np.concatenate([rows, rows])
    groups = [group.only(twice) for group in examples.groups]
    heads = fit_heads(groups, np.concatenate(both), seed)
    net = make_net(backbone, examples.groups, HeadSettings(), seed=seed)
    start_from(net, heads)
    fitted_s = time.monotonic() - began
    left = contest.seconds * (1 - RESERVE) - fitted_s
    frozen = logits_of(net, store, contest.judged, mirrored=True)
    facts: dict[str, Any] = {
        "features_s": round(looked, 2),
        "heads_s": round(fitted_s - looked, 2),
        "penalties": {name: head.penalty for name, head in heads.items()},
        "epochs": 0.0,
    }
    if left > 1:
        settings = _settings(setting, examples, seed, left)
        facts |= _tuned(fit(net, examples, settings, run, tell=contest.tell, store=store).facts)
    logits = logits_of(net, store, contest.judged, mirrored=True)
    logits = {name: (z + frozen[name]) / 2 for name, z in logits.items()}
    facts["seconds"] = round(fitted_s + facts.get("tuning_s", 0.0), 2)
    facts["parameters"] = parameter_count(net)
    scores = to_scores(examples, logits, heads, setting.prior)
    saved = facts_of(
        net,
        examples.groups,
        name=contest.backbone.name,
        size=setting.size,
        mirrored=True,
        prior={name: np.float32(setting.prior) * head.prior for name, head in heads.items()},
    )
    return Outcome(scores, facts, net, saved)


def start_from(net: Net, heads: dict[str, LinearHead]) -> None:
    """Give a network's linear heads the fitted weights."""
    for name, head in zip(net.names, net.heads, strict=True):
        layer = cast(nn.Linear, cast(Any, head).layers[-1])
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(heads[name].weight.T.copy()))
            layer.bias.copy_(torch.from_numpy(heads[name].bias))


def to_scores(
    examples: Examples, logits: dict[str, Floats], heads: dict[str, LinearHead], prior: float
) -> Scores:
    """Return probabilities, those of single groups freed of the answers' frequencies."""
    return {
        group.name: probabilities(
            logits[group.name] - np.float32(prior) * heads[group.name].prior, group.kind
        )
        for group in examples.groups
    }


def _settings(setting: OurSetting, examples: Examples, seed: int, seconds: float) -> FitSettings:
    single = LossSettings(smoothing=setting.smoothing)
    losses = {g.name: single if g.kind == "single" else LossSettings() for g in examples.groups}
    return FitSettings(
        epochs=setting.epochs,
        batch=setting.batch,
        optimiser=OptimiserSettings("adamw", rate=setting.rate, head_rate=setting.head_rate),
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
