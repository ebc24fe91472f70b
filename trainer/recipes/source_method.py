"""Train as a source did: its network, head, loss, optimiser, augmentation, sizes and epochs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from trainer.examples import Examples
from trainer.feeding.augmentation import NONE
from trainer.feeding.pixels import PixelStore
from trainer.loop.fit import fit
from trainer.loop.judge import Measure
from trainer.loop.predict import parameter_count, predict
from trainer.loop.settings import FitSettings
from trainer.nets.heads import HeadSettings
from trainer.nets.net import Net, make_net
from trainer.recipes.contest import (
    Contest,
    Outcome,
    looking_order,
    with_choice,
    without_choice,
)
from trainer.recipes.features import FeatureStore, NoBackbone, features_of
from trainer.recipes.forms.common import CHOICE, TRAIN
from trainer.recipes.judge import Scores
from trainer.recipes.saved import Member, facts_of

NOBODY = "nobody"
LEAST_SECONDS = 0.5

LOOKING_SHARE = 0.75
"""Share of the seconds after which a method that looks at every photo once does with those it has
seen; the same for both sides."""


@dataclass(frozen=True)
class SourceSetting:
    """A source's training.

    Attributes:
        backbone: its network, a preset; "" = `network`.
        size: side of the input in pixels.
        head: on top.
        fit: everything else, with its own number of epochs.
        photos: how many it trained on; a smaller folder gets as many steps, if time allows.
        chooses: whether it keeps the best weights by a validation part.
        aside: whether such a part is set aside all the same, to fit thresholds on.
        pool: how the last map becomes one row; "" = as the preset has it.
        measure: figures to choose by, beside the loss.
        network: makes a network that starts from nothing, of the input's size.
    """

    backbone: str
    size: int
    head: HeadSettings
    fit: FitSettings
    photos: int
    chooses: bool
    aside: bool = False
    pool: str = ""
    measure: Measure | None = None
    network: Callable[[int], nn.Module] | None = None


def run_source(
    contest: Contest, setting: SourceSetting, seed: int, run: Path | None = None
) -> Outcome:
    """Train one seed within the contest's seconds and score the judged photos.

    Args:
        contest: photos, backbone and seconds.
        setting: of the source.
        seed: of first weights, order, augmentation and what is set aside to choose by.
        run: folder for checkpoints, curves and TensorBoard's logs.
    """
    began = time.monotonic()
    backbone = (
        setting.network(setting.size)
        if setting.network
        else contest.backbone.open(setting.size, pool=setting.pool)
    )
    net = make_net(backbone, contest.examples.groups, setting.head, seed=seed)
    store = contest.pack(net.preprocessing)
    examples = _parted(contest.examples, setting, seed)
    spent = time.monotonic() - began
    if setting.fit.freeze == "all" and setting.fit.augmentation == NONE:
        return _on_features(contest, setting, examples, net, store, seed, run)
    fitted = fit(
        net,
        examples,
        _settings(setting, examples, seed, contest.seconds),
        run,
        measure=setting.measure,
        tell=contest.tell,
        store=store,
    )
    said = predict(net, examples, contest.judged, store=store)
    facts = _facts(setting, fitted.facts, fitted.best_epoch, net) | {"opening_s": round(spent, 2)}
    kept_out = _held_out(net, examples, store)
    return Outcome(said.scores(examples), facts, _member(contest, setting, net), kept_out)


def _on_features(
    contest: Contest,
    setting: SourceSetting,
    examples: Examples,
    net: Net,
    store: PixelStore,
    seed: int,
    run: Path | None,
) -> Outcome:
    """Ask the frozen backbone once, then train the heads; both within the seconds."""
    began = time.monotonic()
    rows = looking_order(examples, seed)
    contest.tell(0.0, "Looking at the photos once")
    until = began + LOOKING_SHARE * contest.seconds
    features = features_of(net.backbone, store, rows, until=until)
    took = time.monotonic() - began
    examples, rows = _looked_at(examples, rows, len(features)), rows[: len(features)]
    whole = np.zeros((len(examples), features.shape[1]), np.float32)
    whole[rows] = features
    known = FeatureStore(whole, net.preprocessing)
    heads = Net(NoBackbone(features.shape[1], net.preprocessing), dict(_heads(net)))
    settings = _settings(setting, examples, seed, max(LEAST_SECONDS, contest.seconds - took))
    fitted = fit(
        heads, examples, settings, run, measure=setting.measure, tell=contest.tell, store=known
    )
    whole[contest.judged] = features_of(net.backbone, store, contest.judged)
    said = predict(heads, examples, contest.judged, store=known)
    facts = _facts(setting, fitted.facts, fitted.best_epoch, heads)
    facts["seconds"] = round(facts["seconds"] + took, 2)
    facts["features_s"] = round(took, 2)
    facts["photos_looked_at"] = len(rows)
    kept_out = _held_out(heads, examples, known)
    return Outcome(said.scores(examples), facts, _member(contest, setting, net), kept_out)


def _looked_at(examples: Examples, rows: NDArray[np.int64], count: int) -> Examples:
    """Let only the first photos take part: the others were not looked at in time."""
    parts = examples.parts.copy()
    parts[rows[count:]] = ""
    return examples.with_parts(parts)


def _held_out(net: Net, examples: Examples, store: PixelStore) -> tuple[Examples, Scores] | None:
    """Score the photos that were kept out of training."""
    rows = examples.rows(CHOICE)
    if not len(rows):
        return None
    return examples.only(rows), predict(net, examples, rows, store=store).scores(examples)


def _member(contest: Contest, setting: SourceSetting, net: Net) -> tuple[Member]:
    if setting.network is not None:
        return (Member(net, None),)
    facts = facts_of(
        net,
        contest.examples.groups,
        name=contest.backbone.name,
        size=setting.size,
        pool=setting.pool,
    )
    return (Member(net, facts),)


def _heads(net: Net) -> list[tuple[str, nn.Module]]:
    return list(zip(net.names, net.heads, strict=True))


def _parted(examples: Examples, setting: SourceSetting, seed: int) -> Examples:
    if setting.chooses or setting.aside:
        return with_choice(examples, seed)
    return without_choice(examples)


def _settings(setting: SourceSetting, examples: Examples, seed: int, seconds: float) -> FitSettings:
    """Return the source's settings with as many steps as it took, squeezed into the seconds."""
    here = max(1, len(examples.rows(TRAIN)))
    return replace(
        setting.fit,
        epochs=setting.fit.epochs * max(1.0, setting.photos / here),
        seconds=seconds,
        train_part=TRAIN,
        judge_part=CHOICE if setting.chooses else NOBODY,
        keep="best" if setting.chooses else "last",
        seed=seed,
    )


def _facts(
    setting: SourceSetting, facts: dict[str, Any], best: float, net: nn.Module
) -> dict[str, Any]:
    """Return what a report says of the training, the scaling of its epochs first of all."""
    return {
        "epochs_of_the_source": setting.fit.epochs,
        "photos_of_the_source": setting.photos,
        "epochs_for_as_many_steps": round(facts["epochs_asked"], 1),
        "epochs": facts["epochs"],
        "share_of_the_sources_steps": facts["epoch_scale"],
        "best_epoch": round(best, 3) if setting.chooses else None,
        "seconds": facts["seconds"],
        "photos_per_s": facts["photos_per_s"],
        "device": facts["device"],
        "parameters": parameter_count(net),
        "trained_parameters": parameter_count(net, trained_only=True),
    }
