"""Scores from kept embeddings: a matrix product, no photo is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.heads import Head, head_scores
from tagger.library.cache import EmbeddingStore, ScoreStore
from tagger.suggest.work import Gate

CHUNK = 2048
"""Photos at a time: 10 MB of embeddings of size 1280, about 0.1 s."""


def rescore(
    slots: NDArray[np.int64],
    embeddings: EmbeddingStore,
    heads: Sequence[Head],
    scores: ScoreStore,
    gate: Gate,
    on_chunk: Callable[[NDArray[np.int64]], None],
) -> None:
    """Compute the scores of photos whose embeddings are kept, in the order given.

    Args:
        slots: int64 [n], all with an embedding.
        embeddings: where those are.
        heads: one per group of the bundle.
        scores: where the scores go, vouched for by the embeddings' own signatures.
        gate: asked before each chunk.
        on_chunk: told the slots of each chunk that is stored.
    """
    for start in range(0, len(slots), CHUNK):
        with gate.step() as go_on:
            if not go_on:
                return
            chunk = slots[start : start + CHUNK]
            rows = embeddings.read(chunk).astype(np.float32)
            found = {head.group: head_scores(head, rows) for head in heads}
            scores.write(chunk, found, embeddings.signatures(chunk))
        on_chunk(chunk)
