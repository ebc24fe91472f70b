"""Heads on the embeddings of a frozen backbone: planes, likeness, or the mean of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainer.examples import Examples, GroupExamples
from trainer.loop.predict import probabilities
from trainer.recipes.judge import Scores, judged_figure
from trainer.recipes.kernel import MOST_ROWS, KernelFit, KernelHead, fit_kernels
from trainer.recipes.linear import LinearHead, fit_linear, log_prior

Floats = NDArray[np.float32]

FOLDS = 4

FEW = 2500
"""Rows up to which one thread fits heads: beside other programs several wait for each other."""
LINEAR, KERNEL, BOTH = "linear", "kernel", "both"


class FrozenHead(nn.Module):
    """Logits float [N, L] of embeddings [N, D]: the mean of the parts it has.

    Attributes:
        linear, kernel: its parts; at least one.
    """

    def __init__(self, linear: nn.Linear | None, kernel: KernelHead | None) -> None:
        super().__init__()
        self.linear, self.kernel = linear, kernel

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        said = [part(x) for part in (self.linear, self.kernel) if part is not None]
        return sum(said[1:], said[0]) / len(said)

    @classmethod
    def shaped_like(cls, tensors: Mapping[str, Tensor]) -> FrozenHead:
        """Return a head of zeros that these tensors fit, by name."""
        linear, kernel = None, None
        if "linear.weight" in tensors:
            labels, width = tensors["linear.weight"].shape
            linear = nn.Linear(width, labels)
        if "kernel.known" in tensors:
            photos, width = tensors["kernel.known"].shape
            kernel = KernelHead(photos, width, len(tensors["kernel.base"]))
        return cls(linear, kernel)


@dataclass(frozen=True)
class FrozenFit:
    """The head of one group.

    Attributes:
        head: what was chosen.
        prior: float32 [L], logarithms of how often each answer of a single group occurs (0 in a
            multi group).
        right: share of known answers of a single group that are right out of fold.
        out_of_fold: float32 [rows, L], logits of each row by a fit that did not see it.
    """

    head: FrozenHead
    prior: Floats
    right: float
    out_of_fold: Floats


@dataclass(frozen=True)
class FrozenFits:
    """The heads of all groups, of one kind, and the judged figure of each kind out of fold."""

    kind: str
    groups: dict[str, FrozenFit]
    figures: dict[str, float]

    def prior(self, share: float) -> dict[str, Floats]:
        """Return what is taken off the logits of each group: float32 [L]."""
        return {name: np.float32(share) * fit.prior for name, fit in self.groups.items()}


def to_scores(
    groups: Sequence[GroupExamples], logits: Mapping[str, Floats], prior: Mapping[str, Floats]
) -> Scores:
    """Return probabilities, those of single groups freed of the answers' frequencies."""
    return {
        group.name: probabilities(
            (logits[group.name] - prior[group.name]).astype(np.float32), group.kind
        )
        for group in groups
    }


def fit_heads(
    groups: Sequence[GroupExamples],
    features: Floats,
    seed: int = 0,
    unsure: Mapping[str, NDArray[np.bool_]] | None = None,
    share: float = 1.0,
) -> FrozenFits:
    """Fit linear and kernel heads; take kernels or the mean of both, what is best out of fold.

    Linear heads alone are taken only where there are too many photos for kernels: one draw of folds
    may put them first by chance, several draws never did (docs/recipes.md).

    Args:
        groups: what is known of the rows.
        features: float32 [rows, D].
        seed: of the folds.
        unsure: bool [rows, labels] by group, values that nothing is learned of.
        share: of the prior that is taken off when the kinds are compared.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if len(features) <= FEW else threads)
    try:
        return _fitted(groups, features, seed, dict(unsure or {}), share)
    finally:
        torch.set_num_threads(threads)


def _fitted(
    groups: Sequence[GroupExamples],
    features: Floats,
    seed: int,
    masks: dict[str, NDArray[np.bool_]],
    share: float,
) -> FrozenFits:
    folds = np.random.default_rng(seed).permutation(len(features)) % FOLDS
    linear = fit_linear(groups, features, folds, masks)
    said = {LINEAR: {name: head.out_of_fold for name, head in linear.items()}}
    kernels: dict[str, KernelFit] = {}
    if FOLDS <= len(features) <= MOST_ROWS:
        kernels = fit_kernels(groups, features, folds, masks)
        said[KERNEL] = {name: fit.out_of_fold for name, fit in kernels.items()}
        said[BOTH] = {
            name: (said[LINEAR][name] + said[KERNEL][name]) / np.float32(2) for name in linear
        }
    prior = {group.name: log_prior(group) for group in groups}
    taken = {name: np.float32(share) * own for name, own in prior.items()}
    rows = Examples(("",) * len(features), tuple(groups), np.full(len(features), ""))
    figures = {
        kind: judged_figure(rows, to_scores(groups, own, taken)) for kind, own in said.items()
    }
    likely = [kind for kind in said if kind != LINEAR] or [LINEAR]
    best = max(likely, key=lambda kind: np.nan_to_num(figures[kind], nan=-1))
    made = {}
    for group in groups:
        name, own = group.name, said[best][group.name]
        known = group.answers >= 0 if group.kind == "single" else np.zeros(len(features), bool)
        right = (own.argmax(axis=1) == group.answers) & known if known.any() else known
        head = FrozenHead(
            None if best == KERNEL else linear_layer(linear[name]),
            None if best == LINEAR else kernels[name].head,
        )
        share_right = float(right.sum() / max(1, known.sum()))
        made[name] = FrozenFit(head, prior[name], share_right, own)
    return FrozenFits(best, made, figures)


def linear_layer(head: LinearHead) -> nn.Linear:
    """Return a fitted head as a layer."""
    layer = nn.Linear(*head.weight.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(head.weight.T.copy()))
        layer.bias.copy_(torch.from_numpy(head.bias))
    return layer
