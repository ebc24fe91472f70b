"""Intervals cover what they should, and the fast bootstrap is the plain one."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from tagger.core.intervals import (
    interval,
    mean_over_labels,
    paired_means,
    resampled_precision,
    resamples,
    wilson,
)


def test_resampled_precision_is_scikit_learns_on_each_resample():
    rng = np.random.default_rng(3)
    targets = (rng.random(80) < 0.3).astype(np.int8)
    targets[rng.random(80) < 0.2] = -1
    scores = np.round(rng.normal(size=80) + targets, 1)
    weights = resamples(80)[:25]
    ours = resampled_precision(targets, scores, weights)
    for row, value in zip(weights, ours, strict=True):
        drawn = np.repeat(np.arange(80), row.astype(int))
        drawn = drawn[targets[drawn] >= 0]
        theirs = average_precision_score(targets[drawn], scores[drawn])
        assert value == pytest.approx(theirs, abs=1e-5)


def test_resamples_are_the_same_each_time_and_keep_the_size():
    assert (resamples(50) == resamples(50)).all()
    assert (resamples(50).sum(axis=1) == 50).all()


def test_a_resample_without_positives_is_left_out_of_the_mean():
    values = np.array([[0.5, np.nan], [0.7, np.nan]])
    means = mean_over_labels(values)
    assert means[0] == pytest.approx(0.6)
    assert np.isnan(means[1])
    assert interval(means, 0.6).low == pytest.approx(0.6)


def test_paired_interval_covers_the_true_difference_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    covered = 0
    weights = resamples(120)
    for _ in range(200):
        hard = rng.random(120)
        before = (hard + rng.random(120) * 0.4 < 0.7).astype(float)
        after = (hard + rng.random(120) * 0.4 < 0.8).astype(float)
        found = paired_means(before, after, weights)
        covered += found.low <= 0.1 <= found.high
    assert 0.90 <= covered / 200 <= 0.99


def test_wilson_gives_the_published_figures():
    low, high = wilson(10, 20)
    assert (low, high) == pytest.approx((0.2993, 0.7007), abs=5e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 10)[0] == 0.0
