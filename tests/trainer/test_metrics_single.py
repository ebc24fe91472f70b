"""Figures of groups with one answer: masks, FashionAI's two scores, calibration."""

import numpy as np
import pytest

pytest.importorskip("torchmetrics")

from trainer.examples import MASKED, Examples, multi_group, single_group
from trainer.loop.predict import Predictions
from trainer.metrics.calibration import brier, calibration_error, calibration_figures
from trainer.metrics.monitor import MEAN, standard_measure
from trainer.metrics.single import (
    Single,
    accuracy,
    balanced_accuracy,
    basic_precision,
    commonest,
    confusion,
    count_weighted,
    mean_basic_precision,
    single_figures,
    top_accuracy,
)


def sure(columns, of=3, chance=0.8):
    scores = np.full((len(columns), of), (1 - chance) / (of - 1))
    scores[np.arange(len(columns)), columns] = chance
    return scores


def test_photos_without_an_answer_do_not_count():
    answers = np.array([0, 1, MASKED, 2, MASKED])
    data = Single.of(answers, sure([0, 1, 1, 0, 0]))
    assert len(data) == 3
    assert accuracy(data) == pytest.approx(2 / 3)
    assert np.isnan(accuracy(Single.of(np.array([MASKED]), sure([0]))))


def test_balanced_accuracy_is_not_impressed_by_the_commonest_value():
    answers = np.array([0] * 9 + [1])
    data = Single.of(answers, sure([0] * 10))
    assert accuracy(data) == pytest.approx(0.9)
    assert balanced_accuracy(data) == pytest.approx(0.5)
    assert commonest(data, single_group("g", ["a", "b", "c"], answers)) == pytest.approx(0.9)
    assert confusion(data).tolist() == [[9, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_the_answer_file_score_weighs_groups_by_how_often_they_occur():
    skirt = Single.of(np.array([0, 1]), sure([0, 0]))
    sleeve = Single.of(np.array([2, 2, MASKED]), sure([2, 2, 0]))
    nothing = Single.of(np.array([MASKED]), sure([0]))
    groups = {"skirt": skirt, "sleeve": sleeve, "lapel": nothing}
    counts = {"skirt": 9223, "sleeve": 13299, "lapel": 7034}
    expected = (0.5 * 9223 + 1.0 * 13299) / (9223 + 13299)
    assert count_weighted(groups, counts) == pytest.approx(expected)


def test_basic_precision_asks_whether_the_sure_answers_are_right():
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]])
    right_when_sure = Single(np.array([0, 0, 0, 0]), scores)
    assert basic_precision(right_when_sure) == pytest.approx((1 + 1 + 1 + 3 / 4) / 4)
    wrong_when_sure = Single(np.array([1, 0, 0, 1]), scores)
    assert basic_precision(wrong_when_sure) == pytest.approx((0 + 1 / 2 + 2 / 3 + 3 / 4) / 4)
    assert accuracy(right_when_sure) == accuracy(wrong_when_sure)
    both = {"a": right_when_sure, "b": wrong_when_sure}
    expected = (basic_precision(right_when_sure) + basic_precision(wrong_when_sure)) / 2
    assert mean_basic_precision(both) == pytest.approx(expected)


def test_the_first_few_columns_may_hold_the_answer():
    data = Single(np.array([1, 0]), np.array([[0.5, 0.4, 0.1], [0.2, 0.3, 0.5]]))
    assert top_accuracy(data, 1) == 0
    assert top_accuracy(data, 2) == 0.5


def test_single_figures_have_intervals_and_calibration():
    rng = np.random.default_rng(0)
    answers = rng.integers(0, 3, 300)
    said = np.where(rng.random(300) < 0.7, answers, rng.integers(0, 3, 300))
    honest = Single.of(answers, sure(said))
    boastful = Single.of(answers, sure(said, chance=0.999))
    assert calibration_error(honest) < 0.06 < calibration_error(boastful)
    assert brier(honest) < brier(boastful)
    for figure in (single_figures(honest, 40) | calibration_figures(honest, 40)).values():
        assert figure.low <= figure.value <= figure.high
        assert figure.support == 300


def test_a_training_is_judged_by_the_mean_over_its_groups():
    groups = (
        multi_group("tags", ["a", "b"], [[1, 0], [0, 1], [1, 1], [0, 0]]),
        single_group("kind", ["x", "y"], np.array([0, 1, MASKED, 1])),
    )
    parts = np.array(["val"] * 4)
    examples = Examples(tuple(b"x" for _ in range(4)), groups, parts)
    logits = {
        "tags": np.array([[2, -1], [-2, 3], [1, 2], [-1, -2]], np.float32),
        "kind": np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32),
    }
    said = Predictions(np.arange(4), np.zeros((4, 1), np.float32), logits)
    figures = standard_measure(said, examples)
    assert figures["map tags"] == 1
    assert figures["balanced accuracy kind"] == pytest.approx(0.75)
    assert figures[MEAN] == pytest.approx(0.875)
