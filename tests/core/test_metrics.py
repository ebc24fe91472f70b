"""Metrics agree with scikit-learn, and what is unknown does not count."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, top_k_accuracy_score

from tagger.core.metrics import (
    average_precision,
    counts_in_map,
    f_beta,
    f_scores,
    has_average_precision,
    mean_of,
    one_answer,
    ranks,
    support,
    top_accuracy,
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def some_pairs(rng: np.random.Generator, photos: int = 200, labels: int = 12):
    targets = (rng.random((photos, labels)) < rng.random(labels) * 0.5).astype(np.int8)
    scores = np.round(rng.normal(size=(photos, labels)) + targets, 1).astype(np.float16)
    return targets, scores


def test_average_precision_is_that_of_scikit_learn_with_many_ties(rng):
    targets, scores = some_pairs(rng)
    ours = average_precision(targets, scores)
    theirs = [average_precision_score(targets[:, j], scores[:, j]) for j in range(12)]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


def test_unknown_unsure_and_unscored_pairs_do_not_count(rng):
    targets, scores = some_pairs(rng)
    masked = targets.copy()
    masked[rng.random(targets.shape) < 0.2] = -1
    masked[rng.random(targets.shape) < 0.1] = -2
    scores = scores.astype(np.float32)
    scores[rng.random(targets.shape) < 0.1] = np.nan
    ours = average_precision(masked, scores)
    for j in range(12):
        kept = (masked[:, j] >= 0) & ~np.isnan(scores[:, j])
        theirs = average_precision_score(masked[kept, j], scores[kept, j])
        assert ours[j] == pytest.approx(theirs, abs=1e-12)


def test_a_label_without_positives_has_no_average_precision():
    assert np.isnan(average_precision(np.zeros((4, 1), np.int8), np.zeros((4, 1)))[0])


def test_f1_means_are_those_of_scikit_learn(rng):
    targets, scores = some_pairs(rng)
    said = scores > 0.4
    found = f_scores(targets, said)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for average in ("micro", "macro", "samples"):
            theirs = f1_score(targets, said, average=average, zero_division=0)
            assert getattr(found, average) == pytest.approx(theirs, abs=1e-12), average
        np.testing.assert_allclose(found.labels, f1_score(targets, said, average=None), atol=1e-12)


def test_f1_leaves_unknown_pairs_out():
    targets = np.array([[1, -1], [0, -2], [1, 0]], np.int8)
    said = np.array([[True, True], [False, True], [False, True]])
    found = f_scores(targets, said)
    assert found.labels[0] == pytest.approx(2 / 3)
    assert found.labels[1] == 0.0
    assert found.micro == pytest.approx(2 * 1 / (2 * 1 + 1 + 1))
    assert found.macro == pytest.approx(2 / 3), "a label without a judged positive is not averaged"


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_f_beta_weighs_precision_and_recall(beta):
    precision, recall = 3 / 5, 3 / 4
    expected = (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
    assert f_beta(3, 5, 4, beta) == pytest.approx(expected)
    assert np.isnan(f_beta(0, 0, 0, beta))


def test_map_counts_labels_with_enough_training_and_judged_positives():
    targets = np.zeros((10, 4), np.int8)
    targets[:3, :3] = 1
    targets[:, 2] = np.where(targets[:, 2] == 1, 1, -1)  # no judged negative
    targets[:2, 3] = 1
    assert counts_in_map(targets, np.array([20, 19, 30, 90])).tolist() == [
        True,
        False,
        False,
        False,
    ]
    assert has_average_precision(targets).tolist() == [True, True, False, True]
    assert support(targets).tolist() == [3, 3, 3, 2]
    assert np.isnan(mean_of(np.ones(2), np.zeros(2, bool)))


def test_accuracy_and_top_three_are_those_of_scikit_learn(rng):
    answers = rng.integers(0, 6, 300)
    scores = rng.normal(size=(300, 6))
    for first in (1, 3):
        theirs = top_k_accuracy_score(answers, scores, k=first, labels=range(6))
        assert top_accuracy(answers, scores, first) == pytest.approx(theirs)


def test_an_answer_the_model_does_not_know_is_wrong():
    scores = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert top_accuracy(np.array([-1, 1]), scores, 1) == 0.5


def test_saying_the_same_of_every_label_is_not_being_right():
    assert ranks(np.array([0, 2]), np.zeros((2, 4))).tolist() == [2, 2]


def test_one_answer_needs_exactly_one_confirmed_label():
    targets = np.array([[1, 0], [1, 1], [0, 0], [-1, 1], [-2, 0]], np.int8)
    assert one_answer(targets).tolist() == [0, -1, -1, 1, -1]
