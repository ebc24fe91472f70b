"""Thresholds set by hand move to a new bundle, by equal share of photos suggested (DESIGN §2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.spec import BundleSpec
from tagger.library.cache import ScoreStore
from tagger.library.library import Library
from tagger.library.model_link import LibraryScores, load_scores

_LEAST_PHOTOS = 20
"""With fewer scored photos a share says nothing, and the bundle's own threshold is better."""


def carry_over_thresholds(library: Library, before: BundleSpec) -> int:
    """Set the thresholds that were set by hand for the bundle before; returns how many.

    Call it when the active bundle's scores are complete. Labels that have a threshold set by
    hand already keep it.
    """
    if library.bundle is None or library.bundle.bundle_id == before.bundle_id:
        return 0
    now = library.facts.scores
    if not isinstance(now, LibraryScores):
        return 0
    store = ScoreStore.open(library.places.cache, before)
    old = load_scores(library.catalog, store, before, library.facts.slots)
    carried = 0
    sql = "SELECT label, logit FROM threshold WHERE bundle = ?"
    for label, logit in list(library.catalog.rows(sql, (before.bundle_id,))):
        if label in library.facts.thresholds.hand:
            continue
        moved = equal_share(old.logits(label, None), now.logits(label, None), logit)
        if moved is not None:
            library.set_threshold(label, moved)
            carried += 1
    return carried


def equal_share(
    old: NDArray[np.float16] | None, new: NDArray[np.float16] | None, threshold: float
) -> float | None:
    """Return the logit that as many photos reach in `new` as reach `threshold` in `old`.

    Both are stored logits [photos] with NaN where not computed; photos scored by both count.
    None where there are too few of them.
    """
    if old is None or new is None:
        return None
    both = ~np.isnan(old) & ~np.isnan(new)
    if both.sum() < _LEAST_PHOTOS:
        return None
    before = old[both].astype(np.float32)
    share = float((before < threshold).mean())
    ranked = np.sort(new[both].astype(np.float32))
    at = round(share * len(ranked))
    if at == 0:
        return float(ranked[0])
    if at == len(ranked):
        return float(ranked[-1]) + 0.01
    return float((ranked[at - 1] + ranked[at]) / 2)
