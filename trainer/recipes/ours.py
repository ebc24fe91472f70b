"""Our setting: heads fitted to the end on features, then the whole network fine-tuned from there.

The photos are looked at once, in a larger size if time allows; heads are fitted to the roots of the
embeddings (see `frozen`). If there are enough seconds left, the network is fine-tuned from linear
heads, so that its first step already knows the labels, with small shifts, crops and mirrored
photos; then both are asked and their logits averaged, unless a part of training set aside says that
this is worse. Scores of single groups are freed of how often each answer occurs, lest rare answers
be passed over.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.deep.plan import training_side
from trainer.examples import Examples
from trainer.feeding.pixels import PixelStore
from trainer.loop.predict import parameter_count
from trainer.nets.net import Net
from trainer.recipes.contest import Contest, Outcome, looking_order, without_choice
from trainer.recipes.features import BATCH, Looks, features_of
from trainer.recipes.figures import multi_thresholds
from trainer.recipes.frozen import FrozenFits, fit_heads, to_scores
from trainer.recipes.maybe import HALF, UNSURE, Masks, choose_treatment, marked, with_halves
from trainer.recipes.saved import Member, facts_of, logits_of, mean_logits
from trainer.recipes.source_method import LOOKING_SHARE
from trainer.recipes.tuning import Lesson, OurSetting, Seen, Tuning

Floats = NDArray[np.float32]

LARGE_SHARE = 0.6
"""Share of the seconds up to which looking at all photos in a larger size may take."""

STEP = 32
"""Pixels between the sizes that are weighed: networks halve their input five times."""

SLOWER = 4.0
"""A training step takes about so many times as long as looking at its photos."""

WANTED_EPOCHS = 1.5
"""Of fine-tuning, before photos are looked at in a larger size."""

LEAST_EPOCHS = 0.7
"""With less time nothing is fine-tuned: one epoch beside the frozen network is most of the gain
(garments .635 → .685, two epochs .692)."""

RESERVE = 0.05
"""Share of the seconds kept for what comes after the last step."""


def run_ours(contest: Contest, setting: OurSetting, seed: int, run: Path | None = None) -> Outcome:
    """Train one seed within the contest's seconds and score the judged photos."""
    examples = without_choice(contest.examples)
    rows = looking_order(examples, seed)
    contest.tell(0.0, "Looking at the photos once")
    look = _looked(contest, setting, rows)
    backbone, store, features = look.backbone, look.store, look.features
    looked_s = time.monotonic() - look.began
    began = look.began
    seen = Seen(rows[: len(features)], features)
    lesson = _fitted(contest, setting, examples, seen, seed)
    frozen = Net(backbone, {name: fit.head for name, fit in lesson.fits.groups.items()})
    frozen.backbone.requires_grad_(False)  # what was fitted counts as trained, and nothing else
    frozen.heads.requires_grad_(True)
    facts: dict[str, Any] = {
        "size": store.preprocessing.height,
        "features_s": round(looked_s, 2),
        "photos_looked_at": len(seen.rows),
        "heads_s": round(time.monotonic() - began - looked_s, 2),
        "heads": lesson.fits.kind,
        "out_of_fold": {kind: round(v, 4) for kind, v in lesson.fits.figures.items()},
        "maybe": lesson.maybe,
        "epochs": 0.0,
    }
    left = contest.seconds * (1 - RESERVE) - (time.monotonic() - began)
    answering = [(frozen, store)]
    out_of_fold = {name: fit.out_of_fold for name, fit in lesson.fits.groups.items()}
    unseen = lesson.examples.only(seen.rows), out_of_fold
    if left >= _tuning_s(look.pace * len(seen.rows), setting.size, LEAST_EPOCHS):
        tuned = Tuning(contest, setting, seed, run).tune(frozen, lesson, seen, left)
        facts |= tuned.facts
        if tuned.is_kept:
            answering.append((tuned.net, tuned.store))
            unseen = tuned.held_out
    facts["seconds"] = round(time.monotonic() - began, 2)
    facts["parameters"] = sum(parameter_count(net) for net, _ in answering)
    logits = mean_logits([logits_of(net, pixels, contest.judged) for net, pixels in answering])
    prior = lesson.fits.prior(setting.prior)
    held_out = unseen[0], to_scores(examples.groups, unseen[1], lesson.fits.prior(0))
    members = _members(contest, answering, prior, multi_thresholds(*held_out))
    return Outcome(to_scores(examples.groups, logits, prior), facts, members, held_out)


def _members(
    contest: Contest,
    answering: Sequence[tuple[Net, PixelStore]],
    prior: dict[str, Floats],
    thresholds: dict[str, NDArray[np.float64]],
) -> tuple[Member, ...]:
    """Return networks, each with its photos, as they are kept."""
    groups, name = contest.examples.groups, contest.backbone.name
    return tuple(
        Member(
            net,
            facts_of(
                net,
                groups,
                name=name,
                size=store.preprocessing.height,
                prior=prior,
                thresholds=thresholds,
            ),
        )
        for net, store in answering
    )


def _tuning_s(looking_s: float, size: int, epochs: float) -> float:
    """Return how long fine-tuning takes, from the seconds of looking at all photos once.

    In the size trained at, every photo is looked at once for the heads to start with.
    """
    return looking_s * (1 + SLOWER * epochs) * (training_side(size) / size) ** 2


@dataclass(frozen=True)
class Look:
    """What was seen of the first photos in a row.

    Attributes:
        backbone, store: that looked, and at which pixels.
        features: float32 [n, D].
        began: when (`time.monotonic`), the opening of networks and decoding not counted.
        pace: seconds a photo takes in the small size.
    """

    backbone: Looks
    store: PixelStore
    features: Floats
    began: float
    pace: float


def _looked(contest: Contest, setting: OurSetting, rows: NDArray[np.int64]) -> Look:
    """Look at photos in the largest size that the seconds suffice for, at least the small one.

    How long a look takes is measured on the first photos.
    """
    small = Looks(contest.backbone.open(setting.size))
    store = contest.pack(small.preprocessing)
    began = time.monotonic()
    until = began + LOOKING_SHARE * contest.seconds
    first = features_of(small, store, rows[:BATCH])
    warm = time.monotonic()
    second = features_of(small, store, rows[BATCH : 2 * BATCH])
    done = time.monotonic()
    pace = (done - warm) / len(second) if len(second) else (warm - began) / len(first)
    looking_s = pace * len(rows)
    size = _largest(setting, _affordable_s(contest.seconds, looking_s, setting.size) / looking_s)
    if size == setting.size:
        seen = [first, second]
        if done < until:
            seen.append(features_of(small, store, rows[2 * BATCH :], until=until))
        features = np.concatenate([part for part in seen if len(part)])
        return Look(small, store, features, began, pace)
    large = Looks(contest.backbone.open(size))
    pixels = contest.pack(large.preprocessing)
    began = time.monotonic() - (done - began)
    until = began + LOOKING_SHARE * contest.seconds
    return Look(large, pixels, features_of(large, pixels, rows, until=until), began, pace)


def _affordable_s(seconds: float, looking_s: float, size: int) -> float:
    """Return how long looking may take, so that time for fine-tuning is left if there is any."""
    spare = seconds * (1 - RESERVE) - _tuning_s(looking_s, size, WANTED_EPOCHS)
    most = LARGE_SHARE * seconds
    return min(most, spare) if spare >= looking_s else most


def _largest(setting: OurSetting, dearer: float) -> int:
    """Return the largest size that takes at most so many times as long as the small one."""
    fitting = [
        size
        for size in range(setting.size, setting.larger + 1, STEP)
        if (size / setting.size) ** 2 <= dearer
    ]
    return max(fitting, default=setting.size)


def _fitted(
    contest: Contest, setting: OurSetting, examples: Examples, seen: Seen, seed: int
) -> Lesson:
    """Fit the heads, with the treatment of *maybe* that is right more often out of fold."""
    found = marked(examples, contest.data.maybe)
    plain = Lesson(examples, found, _heads(setting, examples, seen, seed, found), None)
    if not found:
        return plain
    halved = replace(
        examples,
        groups=tuple(
            with_halves(group, found[group.name]) if group.name in found else group
            for group in examples.groups
        ),
    )
    half = Lesson(halved, {}, _heads(setting, halved, seen, seed, {}), HALF)
    right = {
        name: [lesson.fits.groups[group].right for group in found]
        for name, lesson in ((UNSURE, plain), (HALF, half))
    }
    return half if choose_treatment(right) == HALF else replace(plain, maybe=UNSURE)


def _heads(
    setting: OurSetting, examples: Examples, seen: Seen, seed: int, unsure: Masks
) -> FrozenFits:
    groups = [group.only(seen.rows) for group in examples.groups]
    masks = {name: mask[seen.rows] for name, mask in unsure.items()}
    return fit_heads(groups, seen.features, seed, masks, setting.prior)
