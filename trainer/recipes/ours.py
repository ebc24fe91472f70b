"""Our setting: heads fitted to the end on features, then the whole network fine-tuned from there.

The photos are looked at once (if time allows also mirrored); linear heads are fitted to the roots
of the embeddings with a regularisation chosen by cross-validation. The network starts from these
heads, so that the first step already knows the labels, and is fine-tuned for the seconds that are
left with small shifts, crops and mirrored photos, if there are enough of them; whether that is kept
is decided on a part of training set aside. Scores are the mean over both ways round; those
of single groups are freed of how often each answer occurs, lest rare answers be passed over.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.examples import Examples
from trainer.feeding.pixels import PixelStore
from trainer.loop.predict import parameter_count
from trainer.nets.heads import HeadSettings
from trainer.nets.net import Net, make_net
from trainer.recipes.contest import (
    Contest,
    Outcome,
    looking_order,
    with_choice,
    without_choice,
)
from trainer.recipes.features import Rooted, features_of
from trainer.recipes.figures import multi_thresholds
from trainer.recipes.forms.common import CHOICE
from trainer.recipes.judge import Scores
from trainer.recipes.linear import fit_heads
from trainer.recipes.maybe import HALF, UNSURE, choose_treatment, marked, with_halves
from trainer.recipes.saved import facts_of, logits_of
from trainer.recipes.source_method import LOOKING_SHARE
from trainer.recipes.tuning import Lesson, OurSetting, Tuning, start_from, to_scores

Floats = NDArray[np.float32]

MIRROR_SHARE = 0.15
"""Share of the seconds up to which looking at the photos may take for them to be looked at
mirrored as well."""

SLOWER = 4.0
"""A training step takes about so many times as long as looking at its photos."""

LEAST_EPOCHS = 2.0
"""Of fine-tuning; with less time the heads alone are better (a third of an epoch: .55 for .65)."""

RESERVE = 0.05
"""Share of the seconds kept for what comes after the last step."""


def run_ours(contest: Contest, setting: OurSetting, seed: int, run: Path | None = None) -> Outcome:
    """Train one seed within the contest's seconds and score the judged photos."""
    backbone = Rooted(contest.backbone.open(setting.size))
    store = contest.pack(backbone.preprocessing)
    examples = without_choice(contest.examples)
    began = time.monotonic()
    rows = looking_order(examples, seed)
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
        chosen = Tuning(contest, setting, store, seed, run)
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
    lesson: Lesson,
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


def _fitted(
    contest: Contest,
    examples: Examples,
    rows: NDArray[np.int64],
    seen: Sequence[Floats],
    seed: int,
) -> Lesson:
    """Fit the heads, with the treatment of *maybe* that is right more often out of fold."""
    features, photos = np.concatenate(seen), np.tile(rows, len(seen))
    found = marked(examples, contest.data.maybe)
    if not found:
        groups = [group.only(photos) for group in examples.groups]
        return Lesson(examples, {}, fit_heads(groups, features, photos, seed), None)
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
        return Lesson(halved, {}, heads[HALF], HALF)
    return Lesson(examples, found, heads[UNSURE], UNSURE)
