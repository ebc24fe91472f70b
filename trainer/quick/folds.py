"""Folds for cross-validation: near twins together, rare labels spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagger.core.targets import POSITIVE

SEED = 9


def make_folds(
    targets: NDArray[np.int8], twins: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Deal photos into folds.

    Twins stay together. Photos are dealt in the order of their rarest label, so that each fold
    gets its share of every label, as far as that goes.

    Args:
        targets: int8 [n, L].
        twins: int64 [n], near twins share a number.
        count: number of folds.

    Returns:
        int64 [n], 0 to count − 1.
    """
    positive = targets == POSITIVE
    support = positive.sum(axis=0)
    by_rarity = np.where(positive, support, len(targets) + 1)
    rarest = by_rarity.argmin(axis=1) if targets.shape[1] else np.zeros(len(targets), np.int64)
    shuffled = np.random.default_rng(SEED).permutation(len(targets))
    _, leaders, families = np.unique(twins, return_index=True, return_inverse=True)
    order = np.lexsort((shuffled[leaders], rarest[leaders], by_rarity.min(axis=1)[leaders]))
    fold_of_family = np.empty(len(leaders), np.int64)
    fold_of_family[order] = np.arange(len(leaders)) % count
    return fold_of_family[families]
