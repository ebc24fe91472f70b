"""What a run has to do: the photos compared with what is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.library.cache_problems import PASSING_KINDS, Problem
from tagger.suggest.photos import PhotoList
from tagger.suggest.workplace import Model, Workplace


@dataclass(frozen=True)
class Todo:
    """What a run has to do, as positions in the photo list, int64.

    Attributes:
        rescore: photos whose embedding is kept but whose scores are not.
        decode: photos that have to be opened.
        skipped: number of photos that have everything.
    """

    rescore: NDArray[np.int64]
    decode: NDArray[np.int64]
    skipped: int


def find_todo(place: Workplace, model: Model, photos: PhotoList) -> Todo:
    """Compare the photos with what is kept; scores of bytes that are gone are taken away."""
    embeddings, scores = place.embeddings(model.spec), place.scores(model.spec)
    embedded = embeddings.kept(photos.slots, photos.signatures)
    scored = scores.kept(photos.slots, photos.signatures)
    stale = ~scored & (scores.signatures(photos.slots) != 0)
    scores.forget(photos.slots[stale])
    hopeless = np.zeros(len(photos), bool)
    for problem in place.problems.all():
        at = photos.positions([problem.slot])
        if len(at) and _still_true(problem, int(photos.signatures[at[0]])):
            hopeless[at] = True
    positions = np.arange(len(photos))
    return Todo(
        rescore=positions[embedded & ~scored],
        decode=positions[~embedded & ~hopeless],
        skipped=int((embedded & scored).sum()),
    )


def _still_true(problem: Problem, signature: int) -> bool:
    return problem.signature == signature and problem.kind not in PASSING_KINDS
