"""Thresholds set by hand keep the share of photos they suggest when the model changes."""

import numpy as np
import pytest

from tagger.library.carry_over import equal_share


@pytest.mark.parametrize("threshold", [-9.0, -1.0, 0.0, 1.5, 9.0])
def test_the_same_share_of_photos_is_suggested(threshold):
    rng = np.random.default_rng(1)
    old = rng.normal(0, 2, 400).astype(np.float16)
    new = rng.normal(-3, 0.5, 400).astype(np.float16)
    moved = equal_share(old, new, threshold)
    before = (old.astype(np.float32) >= threshold).mean()
    assert (new.astype(np.float32) >= moved).mean() == pytest.approx(before, abs=0.01)


def test_photos_without_scores_do_not_count():
    old = np.full(100, np.nan, np.float16)
    old[:10] = 1
    assert equal_share(old, old, 0.0) is None
    assert equal_share(None, old, 0.0) is None
