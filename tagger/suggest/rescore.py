"""Scores from kept embeddings: a matrix product, no photo is opened."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.head_bank import HeadBank
from tagger.bundle.heads import Head, scores_from_logits
from tagger.core.thresholds import logit
from tagger.library.cache import EmbeddingStore, ScoreStore
from tagger.suggest.plan import core_count
from tagger.suggest.work import Gate

FIRST = 256
"""Photos of the first chunks: those on screen, which are to be seen at once."""

CHUNK = 2048
"""Photos at a time: 10 MB of embeddings of size 1280, about 0.03 s."""

MOST_LANES = 4
"""More threads wait for each other in the matrix product, which takes all cores by itself."""


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
        on_chunk: told the slots of each chunk that is stored; never by two threads at once.

    Raises:
        Whatever stopped it: an error of the disk, or of the callback.
    """
    bank = HeadBank(heads)
    chunks = iter(_chunks(slots))
    taking, storing = threading.Lock(), threading.Lock()
    failures: list[BaseException] = []

    def work() -> None:
        while not failures:
            with gate.step() as go_on:
                with taking:
                    chunk = next(chunks, None) if go_on else None
                if chunk is None:
                    return
                rows = embeddings.read(chunk).astype(np.float32)
                found = stored_logits(bank, rows)
                with storing:
                    scores.write_logits(chunk, found, embeddings.signatures(chunk))
                    on_chunk(chunk)

    def lane() -> None:
        try:
            work()
        except BaseException as error:  # handed to whoever waits for the scores
            failures.append(error)

    threads = [
        threading.Thread(target=lane, name=f"rescore-{number}", daemon=True)
        for number in range(min(core_count(), MOST_LANES))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def stored_logits(
    bank: HeadBank, embeddings: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """Return group id → logits of the scores, float32 [N, labels], for embeddings [N, D]."""
    found = bank.logits(embeddings)
    return {head.group: _of_scores(head, found[head.group]) for head in bank.heads}


def _of_scores(head: Head, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    if head.link == "sigmoid":  # the head's own logits, of which scores would only lose digits
        return logits[:, :-1] if head.has_null else logits
    return logit(scores_from_logits(head, logits))


def _chunks(slots: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    sizes = itertools.chain([0, FIRST], itertools.repeat(CHUNK))
    ends = list(itertools.takewhile(lambda end: end < len(slots), itertools.accumulate(sizes)))
    return [
        slots[start:end] for start, end in itertools.pairwise([*ends, len(slots)]) if end > start
    ]
