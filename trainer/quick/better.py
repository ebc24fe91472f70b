"""*Better*: linear weights, small networks and neighbours together, mixed as it serves best.

The networks that judge photos out of fold are the networks of the model: each leaves out one fold,
and the model takes the mean of all. So out-of-fold scores cost nothing beside the training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.heads import Head
from tagger.core.targets import POSITIVE
from trainer.progress import Progress
from trainer.quick.basis import Basis, Floats
from trainer.quick.calibrate import calibrate
from trainer.quick.cores import shared_out
from trainer.quick.fitting import log_losses, loss_a_photo
from trainer.quick.mlp import Gradient, Mlp, averaged, train_mlp
from trainer.quick.neighbours import cross_neighbours, make_neighbours
from trainer.quick.problems import DOUBTING, MULTI, GroupInputs, Setting, known_columns
from trainer.quick.task import GroupTask
from trainer.quick.trust import Trust

MEMBERS = 5
FEWEST_PHOTOS = 100
"""Photos below which a group is learned as in the quick way."""


LEARNING = "loss on photos left out by pass"
"""The networks' curve: mean log-loss of a photo that a network leaves out, mean of the networks."""


@dataclass(frozen=True)
class Mix:
    """Shares of linear weights, networks and neighbours; they add up to 1."""

    linear: float
    networks: float
    neighbours: float


PLAIN = Mix(1.0, 0.0, 0.0)
MIXES = (
    PLAIN,
    Mix(0.5, 0.5, 0.0),
    Mix(0.7, 0.0, 0.3),
    Mix(0.5, 0.3, 0.2),
    Mix(0.3, 0.5, 0.2),
    Mix(0.3, 0.4, 0.3),
    Mix(0.2, 0.4, 0.4),
)


@dataclass(frozen=True)
class Extra:
    """What stands beside the linear weights of a group.

    Attributes:
        mix: the shares.
        root_share: float32 [L'], of the root's logits in the networks'.
        heads: networks and neighbours, for the columns that were fitted; shares in `mix`.
        taking_part: bool [L'], columns that they serve; the others are linear.
    """

    mix: Mix
    root_share: Floats
    heads: tuple[tuple[float, Head], ...]
    taking_part: NDArray[np.bool_]

    @property
    def linear(self) -> Floats:
        """Share of the linear weights by column: float32 [L']."""
        return np.where(self.taking_part, self.mix.linear, 1).astype(np.float32)

    def root_trust(self, own: Floats) -> Floats:
        """Return what the root's logits count in all, given what the linear weights give them."""
        networks = self.mix.networks * self.root_share * self.taking_part
        return (self.linear * own + networks).astype(np.float32)


def worthwhile(task: GroupTask, setting: Setting) -> bool:
    """Say whether a group has enough photos for more than linear weights.

    Not where a single group still trusts the root: what it never saw an example of would be lost.
    """
    if len(task.rows) < FEWEST_PHOTOS:
        return False
    trusting = task.group.kind == "single" and bool(known_columns(task).any())
    return not trusting or setting.single == DOUBTING


def mix_in(
    task: GroupTask,
    inputs: GroupInputs,
    basis: Basis,
    linear: Floats,
    folds: NDArray[np.int64],
    free: NDArray[np.bool_],
    setting: Setting,
    trust: Trust,
    progress: Progress,
) -> tuple[Floats, Extra | None]:
    """Train networks, remember neighbours, and choose how they are mixed with linear weights.

    Args:
        task: what to learn.
        inputs: of its photos.
        basis: of their coordinates.
        linear: float32 [n, L'], out-of-fold logits of the linear weights.
        folds: int64 [n], `MEMBERS` of them, with near twins together.
        free: bool [n], photos whose logits are free of leaks.
        setting: what was chosen for the group.
        trust: of each label in the root.
        progress: told the share done, and how the networks learn.

    Returns:
        out-of-fold logits of the best mix, float32 [n, L'], and what is mixed in, None where
        linear weights alone were best.
    """
    share = _root_share(task, setting) * trust.share
    members, networks = _cross_networks(task, inputs, share, folds, setting.weak, progress)
    neighbours = cross_neighbours(task, basis, inputs.x, setting.weak, folds)
    part = _taking_part(task)

    def mixed(mix: Mix) -> Floats:
        both = mix.networks * networks + mix.neighbours * neighbours
        return np.where(part, mix.linear * linear + both, linear).astype(np.float32)

    best = _best_mix(task, mixed, free, setting.weak, int(folds.max()) + 1)
    if best == PLAIN:
        return linear, None
    every = np.ones(len(inputs.x), bool)
    heads: list[tuple[float, Head]] = []
    if best.networks:
        heads.append((best.networks, _network_head(task, averaged(members), basis)))
    if best.neighbours:
        remembered = make_neighbours(task, basis, inputs.x, setting.weak, every)
        heads.append((best.neighbours, remembered))
    return mixed(best), Extra(best, share, tuple(heads), part)


def _root_share(task: GroupTask, setting: Setting) -> Floats:
    """Return what the networks add to: a share of the root's logits, as in the linear prior."""
    usual = MULTI.share if task.group.kind == "multi" else setting.single.share
    return (known_columns(task) * usual).astype(np.float32)


def _taking_part(task: GroupTask) -> NDArray[np.bool_]:
    """A label that was never confirmed stays linear: there it is near the root as it is."""
    if task.group.kind == "single":
        return np.ones(task.columns, bool)
    return task.positives > 0


def _cross_networks(
    task: GroupTask,
    inputs: GroupInputs,
    share: Floats,
    folds: NDArray[np.int64],
    weak: float,
    progress: Progress,
) -> tuple[list[Mlp], Floats]:
    """Train a network without each fold; return them, and the logits of what each left out."""
    x = inputs.x
    root = None if inputs.root is None else inputs.root * share
    gradient, bias = _loss(task, root, weak)
    count = int(folds.max()) + 1

    added = np.zeros((len(x), task.columns), np.float32) if root is None else root

    def one(fold: int) -> tuple[Mlp, list[float]]:
        seen, out = np.flatnonzero(folds != fold), folds == fold
        left_out = task.only(out)
        losses: list[float] = []

        def judge(member: Mlp) -> None:
            z = added[out] + member.logits(x[out])
            losses.append(loss_a_photo(left_out, z, weak))

        look = judge if progress.drawn is not None else None
        return train_mlp(
            x[seen], bias, lambda rows, z: gradient(seen[rows], z), seed=fold, look=look
        ), losses

    logits = added.copy()
    members, curves = [], []
    for fold, (member, losses) in enumerate(shared_out(one, range(count))):
        out = folds == fold
        logits[out] += member.logits(x[out])
        members.append(member)
        curves.append(losses)
        progress.tell("fit", (fold + 1) / count, f"Learning “{task.group.name}”: networks")
        if progress.drawn is not None:
            by_pass = enumerate(np.mean(curves, axis=0).tolist(), 1)
            progress.drawn(f"{LEARNING}/{task.group.name}", list(by_pass))
    return members, logits


def _loss(task: GroupTask, root: Floats | None, weak: float) -> tuple[Gradient, Floats]:
    """Return the loss's derivative by the logits of rows, and the biases to begin with."""
    if task.group.kind == "single":
        return _softmax_loss(task, root)
    weights = task.weights(weak)
    true = weights * (task.targets == POSITIVE)
    total = np.maximum(weights.sum(axis=0), 1)
    rate = np.clip(true.sum(axis=0) / total, 0.2 / total, 1 - 0.2 / total)
    bias = np.where(known_columns(task), 0, np.log(rate / (1 - rate))).astype(np.float32)

    def gradient(rows: NDArray[np.int64], z: Floats) -> Floats:
        z = np.clip(z if root is None else z + root[rows], -30, 30)
        np.negative(z, out=z)
        np.exp(z, out=z)
        z += 1
        return weights[rows] / z - true[rows]

    return gradient, bias


def _softmax_loss(task: GroupTask, root: Floats | None) -> tuple[Gradient, Floats]:
    answers, rejected = task.answers()
    answered = answers >= 0
    targets = np.zeros(rejected.shape, np.float32)
    targets[answered, answers[answered]] = 1
    no = rejected.astype(np.float32)
    times = (answered + no.sum(axis=1)).astype(np.float32)[:, None]

    def gradient(rows: NDArray[np.int64], z: Floats) -> Floats:
        z = z if root is None else z + root[rows]
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        each = no[rows] / np.maximum(1 - p, np.float32(1e-6))
        return times[rows] * p - targets[rows] - p * (each.sum(axis=1, keepdims=True) - each)

    return gradient, np.zeros(task.columns, np.float32)


def _best_mix(
    task: GroupTask,
    mixed: Callable[[Mix], Floats],
    free: NDArray[np.bool_],
    weak: float,
    folds: int,
) -> Mix:
    """Return the mix of the least out-of-fold loss, each calibrated as it would be."""
    judged = task.only(free)
    losses = []
    for mix in MIXES:
        logits = mixed(mix)
        logits = calibrate(task, logits, free, weak, folds).apply(logits)
        losses.append(float(log_losses(judged, logits[free], weak).sum()))
    return MIXES[int(np.argmin(losses))]


def _network_head(task: GroupTask, network: Mlp, basis: Basis) -> Head:
    """Return a network as a head for embeddings: axes, mean and scale folded into it."""
    w0, b0 = basis.to_head(network.w0, network.b0)
    arrays = {"w0": w0, "b0": b0, "w1": network.w1, "b1": network.b1}
    return Head(task.group.id, "mlp", basis.inputs.transform, task.group.kind, arrays)
