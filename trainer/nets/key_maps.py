"""Tensors of published weight files under the names that a network gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

_PREFIXES = ("", "module.", "model.", "backbone.", "body.net.", "encoder.", "student.")


@dataclass(frozen=True)
class Matched:
    """What was found.

    Attributes:
        tensors: by the network's names.
        missing: names for which there is no tensor of the right shape.
        layout: `own`, `ordered` (torchvision's order) or `lite` (efficientnet_lite_pytorch).
    """

    tensors: dict[str, Tensor]
    missing: set[str]
    layout: str


def matched(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Matched:
    """Match tensors of a file with those a network wants.

    Tried in turn: the same names, also behind a common prefix; the names of
    `efficientnet_lite_pytorch`, whose tensors come in the same order as timm's; the same order
    and shapes without the classifier, which is how torchvision's and timm's networks of one
    architecture differ.
    """
    best = _by_name(tensors, wanted)
    if not best.missing:
        return best
    layout = "lite" if "_conv_stem.weight" in tensors else "ordered"
    ordered = _by_order(tensors, wanted, layout)
    return ordered if not ordered.missing else best


def _by_name(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Matched:
    candidates = []
    for prefix in _PREFIXES:
        found = {
            name: tensors[prefix + name]
            for name, like in wanted.items()
            if prefix + name in tensors and tensors[prefix + name].shape == like.shape
        }
        candidates.append(found)
    found = max(candidates, key=len)
    counters = {name: like for name, like in wanted.items() if name.endswith("batches_tracked")}
    found = counters | found
    return Matched(found, set(wanted) - set(found), "own")


def _by_order(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor], layout: str) -> Matched:
    def counts(name: str) -> bool:
        return not name.endswith("num_batches_tracked")

    given = [tensor for name, tensor in tensors.items() if counts(name)]
    names = [name for name in wanted if counts(name)]
    found = {name: like for name, like in wanted.items() if not counts(name)}
    for name, tensor in zip(names, given, strict=False):
        if tensor.shape == wanted[name].shape:
            found[name] = tensor
    return Matched(found, set(wanted) - set(found), layout)
