"""Neighbours: a photo gets the labels of training photos like it, the more alike the more.

Photos of a library come in series, and of a series some are labelled already. What is remembered
of a photo are 128 numbers, its direction in the first principal axes, from which no picture can
be made again.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.heads import FULL, Head, head_logits
from tagger.core.targets import NEGATIVE, POSITIVE
from trainer.quick.basis import Basis, Floats
from trainer.quick.folds import SEED
from trainer.quick.task import GroupTask

AXES = 128
"""Out-of-fold mAP of everyday with weight .4: .574 with 64 axes, .578 with 128, .577 with 256."""

SHARPNESS = 20.0
"""Likeness (cosine) times this goes through a softmax: .03 less alike weighs about half."""

DOUBT = 0.02
"""How much the usual frequency of a label counts beside all neighbours together."""

REMEMBERED_AT_MOST = 4096
"""More would make a model grow and re-scoring slow down with the library; of more, as many are
drawn."""


def make_neighbours(
    task: GroupTask, basis: Basis, x: Floats, weak: float, rows: NDArray[np.bool_]
) -> Head:
    """Return a head that remembers photos.

    Args:
        task: whose photos.
        basis: of their coordinates.
        x: float32 [n, K].
        weak: weight of undecided pairs.
        rows: bool [n], the photos that may be remembered.
    """
    drawn = _drawn(rows)
    axes = min(AXES, x.shape[1])
    near = x[drawn][:, :axes]
    unit = near / np.maximum(np.linalg.norm(near, axis=1, keepdims=True), 1e-6)
    said, known = _votes(task, weak)
    said, known = said[drawn], known[drawn]
    usual = (said.sum(axis=0) + 0.2) / (known.sum(axis=0) + 1)
    weight = basis.axes[:, :axes] / np.float32(basis.inputs.scale)
    arrays = {
        "axes": weight,
        "shift": -(basis.inputs.mean @ weight),
        "photos": unit.astype(np.float32),
        "said": _bytes(said),
        "usual": np.clip(usual, 1e-4, 1 - 1e-4).astype(np.float32),
    }
    if (known < 1).any():
        arrays["known"] = _bytes(known)
    return Head(
        group=task.group.id,
        type="neighbours",
        input=basis.inputs.transform,
        kind=task.group.kind,
        arrays=arrays,
        options={"sharpness": SHARPNESS, "doubt": DOUBT},
    )


def cross_neighbours(
    task: GroupTask,
    basis: Basis,
    x: Floats,
    weak: float,
    folds: NDArray[np.int64],
) -> Floats:
    """Return out-of-fold logits float32 [n, L']: photos of the own fold have no vote."""
    logits = np.zeros((len(x), task.columns), np.float32)
    for fold in range(int(folds.max()) + 1):
        out = folds == fold
        head = _in_coordinates(make_neighbours(task, basis, x, weak, ~out), x.shape[1])
        logits[out] = head_logits(head, x[out])
    return logits


def _in_coordinates(head: Head, size: int) -> Head:
    """Return a head that takes coordinates float32 [n, size] instead of embeddings."""
    count = head.arrays["axes"].shape[1]
    identity: Literal["identity"] = "identity"
    arrays = head.arrays | {
        "axes": np.eye(size, count, dtype=np.float32),
        "shift": np.zeros(count, np.float32),
    }
    return Head(head.group, head.type, identity, head.kind, arrays, head.options)


def _drawn(rows: NDArray[np.bool_]) -> NDArray[np.int64]:
    found = np.flatnonzero(rows)
    if len(found) > REMEMBERED_AT_MOST:
        found = np.sort(np.random.default_rng(SEED).permutation(found)[:REMEMBERED_AT_MOST])
    return found


def _votes(task: GroupTask, weak: float) -> tuple[Floats, Floats]:
    """Return what photos say of the columns and how much they know: float32 [n, L'] each, 0–1."""
    if task.group.kind == "multi":
        weights = task.weights(weak)
        return weights * (task.targets == POSITIVE), weights
    answers, _ = task.answers()
    said = np.zeros((len(answers), task.columns), np.float32)
    answered = answers >= 0
    said[answered, answers[answered]] = 1
    known = np.repeat(answered[:, None], task.columns, axis=1).astype(np.float32)
    known[:, : len(task.labels)] += (task.targets == NEGATIVE) & ~answered[:, None]
    return said, known


def _bytes(votes: Floats) -> NDArray[np.uint8]:
    return np.rint(votes * FULL).astype(np.uint8)
