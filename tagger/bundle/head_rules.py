"""What must hold of heads: arrays of the right shapes, finite numbers, the spec's labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.errors import BundleError
from tagger.bundle.heads import LINKS, Head, layer_count
from tagger.bundle.spec import HEADS_ARRAYS_FILE, HEADS_FILE, BundleGroup, BundleSpec


def check_heads(heads: Sequence[Head], spec: BundleSpec) -> None:
    """Check that there is one sound head per group of the spec, in any order.

    Raises:
        BundleError: what is wrong, naming the file and the array.
    """
    by_group = {head.group: head for head in heads}
    if len(by_group) != len(heads):
        raise BundleError(f"{HEADS_FILE}: a group has two heads")
    for group in spec.groups:
        if group.id not in by_group:
            raise BundleError(f"{HEADS_FILE}: group {group.id} ({group.name}) has no head")
        head = by_group.pop(group.id)
        check_head(head, spec.embedding_size)
        _check_against(head, group)
    if by_group:
        raise BundleError(f"{HEADS_FILE}: group {next(iter(by_group))} is not in bundle.json")


def check_head(head: Head, embedding_size: int, prefix: str = "") -> int:
    """Check one head alone and return the number of its logits.

    Args:
        head: the head.
        embedding_size: length of the embeddings it gets.
        prefix: where its arrays stand in `heads.npz`, for messages.

    Raises:
        BundleError: an array is missing, misshapen or not finite, or an option is unknown.
    """
    arrays = _Arrays(head, prefix or head.group)
    if head.link not in LINKS:
        raise BundleError(f"{HEADS_FILE}: options.link of {arrays.prefix} is {head.link!r}")
    if head.type == "linear":
        outputs = _check_linear(arrays, embedding_size)
    elif head.type == "softmax_sum":
        outputs = _check_softmax_sum(arrays, embedding_size)
    elif head.type == "mlp":
        outputs = _check_mlp(arrays, embedding_size)
    elif head.type == "neighbours":
        outputs = _check_neighbours(arrays, embedding_size)
    else:
        outputs = _check_ensemble(arrays, embedding_size)
    if outputs <= int(head.has_null):
        raise BundleError(f"{HEADS_ARRAYS_FILE}: {arrays.prefix} scores no label")
    return outputs


class _Arrays:
    """The arrays of one head, fetched by name with their shape checked."""

    def __init__(self, head: Head, prefix: str) -> None:
        self.head = head
        self.prefix = prefix

    def get(self, name: str, *shape: int | None, kinds: str = "f") -> NDArray[Any]:
        """Return an array; None in `shape` means any length."""
        where = f"{HEADS_ARRAYS_FILE}: {self.prefix}/{name}"
        array = self.head.arrays.get(name)
        if array is None:
            raise BundleError(f"{where} is missing")
        if array.dtype.kind not in kinds:
            raise BundleError(f"{where} has numbers of type {array.dtype}")
        if array.ndim != len(shape) or any(
            want not in (None, have) for want, have in zip(shape, array.shape, strict=True)
        ):
            raise BundleError(f"{where} has shape {_text(array.shape)}, not {_text(shape)}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise BundleError(f"{where} has numbers that are not finite (NaN or infinity)")
        return array


def _check_linear(arrays: _Arrays, size: int) -> int:
    outputs = len(arrays.get("bias", None))
    if "select" in arrays.head.arrays:
        select = arrays.get("select", outputs, kinds="iu")
        if ((select < 0) | (select >= size)).any():
            raise BundleError(f"{HEADS_ARRAYS_FILE}: {arrays.prefix}/select leaves the embedding")
    else:
        arrays.get("weight", size, outputs)
    return outputs


def _check_softmax_sum(arrays: _Arrays, size: int) -> int:
    weight = arrays.get("weight", size, None)
    arrays.get("bias", weight.shape[1])
    rows = arrays.get("rows", weight.shape[1], None, kinds="biu")
    where = f"{HEADS_ARRAYS_FILE}: {arrays.prefix}/rows"
    if ((rows != 0) & (rows != 1)).any():
        raise BundleError(f"{where} has numbers other than 0 and 1")
    if arrays.head.kind == "single" and (rows.sum(axis=1, dtype=np.int64) > 1).any():
        raise BundleError(f"{where} gives one class to two labels of a single group")
    if arrays.head.has_null and (arrays.head.kind == "multi" or arrays.head.normalise):
        raise BundleError(f"{HEADS_FILE}: options.has_null of {arrays.prefix} makes no sense")
    return int(rows.shape[1]) + int(arrays.head.has_null)


def _check_mlp(arrays: _Arrays, size: int) -> int:
    layers = layer_count(arrays.head)
    if not layers:
        raise BundleError(f"{HEADS_ARRAYS_FILE}: {arrays.prefix}/w0 is missing")
    for layer in range(layers):
        size = arrays.get(f"w{layer}", size, None).shape[1]
        arrays.get(f"b{layer}", size)
    return size


def _check_neighbours(arrays: _Arrays, size: int) -> int:
    head = arrays.head
    for option in ("sharpness", "doubt"):
        value = head.options.get(option)
        if not isinstance(value, int | float) or not 0 < value < float("inf"):
            raise BundleError(f"{HEADS_FILE}: options.{option} of {arrays.prefix} is {value!r}")
    length = arrays.get("axes", size, None).shape[1]
    arrays.get("shift", length)
    photos = len(arrays.get("photos", None, length))
    said = arrays.get("said", photos, None, kinds="u")
    usual = arrays.get("usual", said.shape[1])
    known = arrays.get("known", *said.shape, kinds="u") if "known" in head.arrays else None
    where = f"{HEADS_ARRAYS_FILE}: {arrays.prefix}"
    if not photos:
        raise BundleError(f"{where}/photos is empty")
    if ((usual <= 0) | (usual >= 1)).any():
        raise BundleError(f"{where}/usual has numbers that are not between 0 and 1")
    if known is not None and (said > known).any():
        raise BundleError(f"{where}/said says more than is known")
    return int(said.shape[1])


def _check_ensemble(arrays: _Arrays, size: int) -> int:
    head = arrays.head
    outputs = len(arrays.get("bias", None))
    if not head.members or head.input != "identity":
        raise BundleError(
            f"{HEADS_FILE}: the ensemble {arrays.prefix} needs members and the input identity"
        )
    columns = arrays.get("columns", len(head.members), outputs, kinds="i")
    arrays.get("weights", len(head.members), outputs)
    for at, (member, fed) in enumerate(zip(head.members, columns, strict=True)):
        member_outputs = check_head(member, size, f"{arrays.prefix}/{at}")
        if fed.min() < -1 or fed.max() >= member_outputs:
            raise BundleError(
                f"{HEADS_ARRAYS_FILE}: {arrays.prefix}/columns names a column "
                f"that member {at} does not have"
            )
    return outputs


def _check_against(head: Head, group: BundleGroup) -> None:
    if head.kind != group.kind:
        raise BundleError(
            f"{HEADS_FILE}: group {group.id} is {head.kind} here, {group.kind} in bundle.json"
        )
    if head.has_null != group.has_null:
        raise BundleError(f"{HEADS_FILE}: options.has_null of {group.id} is not bundle.json's")
    if head.labels != len(group.labels):
        raise BundleError(
            f"{HEADS_ARRAYS_FILE}: the head of group {group.id} gives {head.labels} scores, "
            f"but bundle.json lists {len(group.labels)} labels"
        )


def _text(shape: Sequence[int | None]) -> str:
    return "[" + ", ".join("any" if length is None else str(length) for length in shape) + "]"
