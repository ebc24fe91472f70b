"""Figures of groups with several labels: the published worked examples, masks, intervals."""

import math

import numpy as np
import pytest

pytest.importorskip("torchmetrics")

from trainer.metrics.calibration import brier, calibration_error, reliability
from trainer.metrics.figure import difference, measured
from trainer.metrics.multi import (
    Multi,
    average_precision,
    f_beta,
    f_beta_of_labels,
    f_beta_of_photos,
    label_figures,
    mean_average_precision,
    multi_figures,
    precision,
    recall,
)
from trainer.metrics.roc import roc, roc_area

TRUTH = np.array([[1, 0, 1, 1, 0, 0]], float)
SAID = np.array([[1, 1, 0, 1, 1, 0]], float)


def of(targets, scores, weights=None):
    targets = np.asarray(targets, float)
    known = np.ones_like(targets) if weights is None else np.asarray(weights, float)
    return Multi.of(targets, known, np.asarray(scores, float))


def drawn(photos=200, labels=5, seed=0):
    rng = np.random.default_rng(seed)
    targets = (rng.random((photos, labels)) < 0.3).astype(float)
    scores = np.clip(0.25 + 0.3 * targets + rng.normal(0, 0.2, targets.shape), 0.001, 0.999)
    return of(targets, scores)


def test_the_satellite_example_has_two_hits_two_false_alarms_and_one_miss():
    data = of(TRUTH, SAID)
    assert precision(data, "samples") == pytest.approx(2 / 4)
    assert recall(data, "samples") == pytest.approx(2 / 3)
    expected = 5 * (1 / 2) * (2 / 3) / (4 * (1 / 2) + 2 / 3)
    assert f_beta(data, "samples", 2) == pytest.approx(expected)


def test_beta_goes_from_precision_to_recall():
    data = of(TRUTH, SAID)
    assert f_beta(data, "samples", 0) == pytest.approx(precision(data, "samples"))
    assert f_beta(data, "samples", 1e6) == pytest.approx(recall(data, "samples"))
    assert f_beta(data, "samples", math.inf) == pytest.approx(recall(data, "samples"))


def test_the_mean_over_photos_is_the_mean_of_their_own_figures():
    data = drawn()
    each = f_beta_of_photos(data, 2)
    assert each.shape == (200,)
    assert f_beta(data, "samples", 2) == pytest.approx(each.mean())


def test_what_is_not_known_counts_nowhere():
    data = drawn()
    weights = np.ones_like(data.scores)
    weights[:50] = 0
    masked = of(data.true, data.scores, weights)
    rest = data.only(np.arange(50, 200))
    assert mean_average_precision(masked) == pytest.approx(mean_average_precision(rest))
    for average in ("micro", "macro", "samples"):
        assert f_beta(masked, average) == pytest.approx(f_beta(rest, average))
    assert brier(masked) == pytest.approx(brier(rest))


def test_labels_without_both_kinds_of_photos_have_no_average_precision():
    data = of([[1, 1, 0], [0, 1, 0]], [[0.9, 0.5, 0.5], [0.1, 0.6, 0.4]])
    found = average_precision(data)
    assert found[0] == 1
    assert np.isnan(found[1:]).all()
    assert mean_average_precision(data) == 1
    assert np.isnan(f_beta_of_labels(data)[2])


def test_figures_come_with_support_and_an_interval_around_them():
    figures = multi_figures(drawn(), resamples=40)
    assert {"map", "f1/macro", "f2/samples", "recall/micro"} <= set(figures)
    for figure in figures.values():
        assert figure.low < figure.value < figure.high
        assert figure.support == drawn().positives.sum()
    small = multi_figures(drawn(40), resamples=30)["map"]
    large = multi_figures(drawn(800), resamples=30)["map"]
    assert small.high - small.low > large.high - large.low


def test_every_label_has_its_own_support():
    data = drawn(80, 3)
    for figure, positives in zip(label_figures(data, 20), data.positives, strict=True):
        assert figure["ap"].support == positives
        assert figure["ap"].low <= figure["ap"].value <= figure["ap"].high


def test_a_paired_difference_is_narrower_than_two_figures():
    better, worse = drawn(seed=1), drawn(seed=1)
    worse = of(worse.true, np.clip(worse.scores - 0.05 * worse.true, 0, 1))

    def map_of(data):
        return lambda rows: mean_average_precision(data.only(rows))

    gain = difference(map_of(worse), map_of(better), 200, 200, 60)
    alone = measured(map_of(better), 200, 200, 60)
    assert gain.low > 0
    assert gain.high - gain.low < alone.high - alone.low


def test_calibration_tells_sure_from_right():
    rng = np.random.default_rng(0)
    said = rng.random((4000, 1))
    honest = of(rng.random((4000, 1)) < said, said)
    boastful = of(honest.true, np.where(said > 0.5, 0.99, 0.01))
    assert calibration_error(honest) < 0.03 < calibration_error(boastful)
    assert brier(honest) < brier(boastful)
    curve = reliability(honest)
    assert np.abs(curve.said - curve.true).max() < 0.12


def test_roc_area_is_the_chance_of_putting_a_pair_right():
    data = of([[1], [0], [1], [0]], [[0.9], [0.8], [0.7], [0.1]])
    assert roc_area(data, 0, 0).value == pytest.approx(3 / 4)
    curve = roc(data, 0)
    assert (curve.false[0], curve.true[0]) == (0, 0)
    assert (curve.false[-1], curve.true[-1]) == (1, 1)
    assert roc(of([[1], [1]], [[0.9], [0.8]]), 0) is None
