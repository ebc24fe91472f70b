"""Scores of old and new model on the same photos, by the library's labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.heads import Head, head_scores
from tagger.core.thresholds import logit

CHUNK = 4096

ReadEmbeddings = Callable[[NDArray[np.int64]], NDArray[np.floating]]
"""Slots int64 [n] to embeddings float [n, D]: `EmbeddingStore.read`, or newly computed ones."""


@dataclass(frozen=True)
class LabelScores:
    """Logits of one library group by one model.

    Attributes:
        nums: library labels, one per column.
        logits: float32 [photos, labels]; NaN where it may not be used.
        thresholds: logits float64 [labels].
    """

    nums: tuple[int, ...]
    logits: NDArray[np.float32]
    thresholds: NDArray[np.float64]

    def of(self, nums: Sequence[int]) -> LabelScores:
        """Return the columns of these labels, in this order; all must be known."""
        at = [self.nums.index(num) for num in nums]
        return LabelScores(tuple(nums), self.logits[:, at], self.thresholds[at])

    def rows(self, rows: NDArray[np.int64]) -> LabelScores:
        """Return the chosen photos."""
        return LabelScores(self.nums, self.logits[rows], self.thresholds)


def score_photos(
    heads: Mapping[int, Head], read: ReadEmbeddings, slots: NDArray[np.int64]
) -> dict[int, NDArray[np.float32]]:
    """Score photos from their kept embeddings, as the suggester would.

    Args:
        heads: by a key of the caller's.
        read: gives the embeddings of slots.
        slots: int64 [n], all with an embedding.

    Returns:
        key → logits float32 [n, L].
    """
    found: dict[int, list[NDArray[np.float32]]] = {key: [] for key in heads}
    for at in range(0, len(slots), CHUNK):
        rows = read(slots[at : at + CHUNK]).astype(np.float32)
        for key, head in heads.items():
            found[key].append(logit(head_scores(head, rows)))
    return {
        key: np.concatenate([np.empty((0, heads[key].labels), np.float32), *parts])
        for key, parts in found.items()
    }
