"""Several heads on the same embeddings: what they have in common is computed once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.heads import Head, class_shares, head_logits, logits_of_shares

_Memo = dict[tuple[Any, ...], NDArray[np.float32]]


class HeadBank:
    """The heads of a bundle, computed together.

    The starter's groups, for instance, are sums over the same thousand classes.

    Attributes:
        heads: equal arrays of them are one array.
    """

    def __init__(self, heads: Sequence[Head]) -> None:
        known: dict[bytes, NDArray[Any]] = {}
        self.heads = tuple(_interned(head, known) for head in heads)

    def logits(self, embeddings: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Return group id → what `head_logits` gives, for embeddings float32 [N, D]."""
        memo: _Memo = {}
        return {head.group: _logits(head, embeddings, memo) for head in self.heads}


def _interned(head: Head, known: dict[bytes, NDArray[Any]]) -> Head:
    arrays = {name: known.setdefault(_digest(array), array) for name, array in head.arrays.items()}
    members = tuple(_interned(member, known) for member in head.members)
    return replace(head, arrays=arrays, members=members)


def _digest(array: NDArray[Any]) -> bytes:
    digest = hashlib.blake2b(f"{array.dtype} {array.shape}".encode(), digest_size=16)
    digest.update(array.tobytes())
    return digest.digest()


def _logits(head: Head, x: NDArray[np.float32], memo: _Memo) -> NDArray[np.float32]:
    if head.type == "ensemble" and head.input == "identity":
        total = np.repeat(head.arrays["bias"][None, :], len(x), axis=0)
        for member, columns, weights in zip(
            head.members, head.arrays["columns"], head.arrays["weights"], strict=True
        ):
            fed = np.flatnonzero(columns >= 0)
            total[:, fed] += _logits(member, x, memo)[:, columns[fed]] * weights[fed]
        return total
    if head.type == "softmax_sum":
        shares = ("shares", head.input, id(head.arrays["weight"]), id(head.arrays["bias"]))
        if shares not in memo:
            memo[shares] = class_shares(head, x)
        return logits_of_shares(head, memo[shares]).astype(np.float32, copy=False)
    arrays = tuple(sorted((name, id(array)) for name, array in head.arrays.items()))
    key = (head.type, head.input, head.kind, repr(sorted(head.options.items())), arrays)
    if head.members:
        return head_logits(head, x)
    if key not in memo:
        memo[key] = head_logits(head, x)
    return memo[key]
