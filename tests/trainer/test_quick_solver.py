"""The solver finds the optimum that scikit-learn finds, and respects what is unknown."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from trainer.quick.basis import inputs_for, make_basis, transformed
from trainer.quick.losses import Logistic, Softmax
from trainer.quick.solver import Problem, first_weights, minimise


@pytest.fixture
def embeddings():
    """300 rectified embeddings of 40 numbers with 5 directions that matter."""
    rng = np.random.default_rng(5)
    latent = rng.normal(size=(300, 5))
    mixed = latent @ rng.normal(size=(5, 40)) + 0.5 * rng.normal(size=(300, 40))
    return np.maximum(mixed, 0).astype(np.float16), latent


def problem(x, variances, penalty, root=None):
    labels = len(penalty)
    zeros = np.zeros(labels, np.float32)
    pull = np.asarray(penalty, np.float32)
    return Problem(x, variances, root, pull, zeros + 1e-3, zeros, zeros, zeros)


def test_logistic_optimum_is_scikit_learns(embeddings):
    rows, latent = embeddings
    positive = np.stack([latent[:, 0] > 0.5, latent[:, 1] > 1.2], axis=1)
    basis, x = make_basis(rows, least=0)
    freedom = 0.05
    task = problem(x, basis.variances, np.full(2, 1 / (freedom * len(x))))
    loss = Logistic(positive, np.ones(positive.shape, np.float32))
    start = first_weights(task, np.zeros(2, np.float32))
    found = minimise(task, loss, start, steps=100, tolerance=1e-10)
    weight, bias = basis.to_head(found.w, found.b)
    z = transformed(rows, basis.inputs.transform) @ weight + bias
    for label in range(2):
        scaled = basis.inputs.apply(rows)
        theirs = LogisticRegression(C=freedom, tol=1e-9, max_iter=5000)
        theirs.fit(scaled, positive[:, label])
        np.testing.assert_allclose(z[:, label], theirs.decision_function(scaled), atol=5e-3)


def test_softmax_optimum_is_scikit_learns(embeddings):
    rows, latent = embeddings
    answers = latent[:, :4].argmax(axis=1)
    basis, x = make_basis(rows, least=0)
    freedom = 0.05
    task = problem(x, basis.variances, np.full(4, 1 / (freedom * len(x))))
    loss = Softmax(answers, np.zeros((len(x), 4), bool))
    start = first_weights(task, np.zeros(4, np.float32))
    found = minimise(task, loss, start, steps=200, tolerance=1e-11)
    scaled = basis.inputs.apply(rows)
    theirs = LogisticRegression(C=freedom, tol=1e-9, max_iter=5000).fit(scaled, answers)
    ours, expected = found.logits(x, None), theirs.decision_function(scaled)
    centred = [z - z.mean(axis=1, keepdims=True) for z in (ours, expected)]
    np.testing.assert_allclose(*centred, atol=5e-3)


def test_fewer_photos_than_numbers_give_the_same_optimum(embeddings):
    rows, latent = embeddings
    positive = (latent[:30, :1] > 0).astype(bool)
    basis, x = make_basis(rows[:30], least=0)
    assert x.shape[1] < 40
    task = problem(x, basis.variances, [1 / (0.1 * 30)])
    loss = Logistic(positive, np.ones((30, 1), np.float32))
    found = minimise(
        task, loss, first_weights(task, np.zeros(1, np.float32)), steps=100, tolerance=1e-10
    )
    scaled = basis.inputs.apply(rows[:30])
    theirs = LogisticRegression(C=0.1, tol=1e-9, max_iter=5000).fit(scaled, positive[:, 0])
    np.testing.assert_allclose(
        found.logits(x, None)[:, 0], theirs.decision_function(scaled), atol=5e-3
    )


def test_pairs_without_weight_do_not_matter(embeddings):
    rows, latent = embeddings
    basis, x = make_basis(rows, least=0)
    rng = np.random.default_rng(0)
    known = rng.random((300, 1)) < 0.7
    results = []
    for noise in (0, 1):
        positive = (latent[:, :1] > 0).astype(bool)
        positive[~known] = rng.random(int((~known).sum())) < noise
        task = problem(x, basis.variances, [1e-2])
        loss = Logistic(positive, known.astype(np.float32))
        start = first_weights(task, np.zeros(1, np.float32))
        results.append(minimise(task, loss, start, steps=50).w)
    np.testing.assert_allclose(results[0], results[1], atol=1e-6)


def test_gradients_are_those_of_the_losses():
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(6, 4)).astype(np.float32)
    answers = np.array([0, 3, -1, -1, 2, -1])
    rejected = np.zeros((6, 4), bool)
    rejected[2, 1] = rejected[3, [0, 2]] = True

    def value(z):
        z = z.astype(np.float64)
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        total = -np.log(p[[0, 1, 4], [0, 3, 2]]).sum()
        total -= np.log(1 - p[2, 1]) + np.log(1 - p[3, 0]) + np.log(1 - p[3, 2])
        return total / 5

    gradient = Softmax(answers, rejected).slope(logits).gradient
    for row in range(6):
        for column in range(4):
            step = np.zeros_like(logits)
            step[row, column] = 1e-3
            numeric = (value(logits + step) - value(logits - step)) / 2e-3
            assert gradient[row, column] == pytest.approx(numeric, abs=2e-5)


def test_root_share_is_learned_where_the_root_is_right(embeddings):
    rows, latent = embeddings
    basis, x = make_basis(rows, least=0)
    positive = np.stack([latent[:, 0] > 0, latent[:, 1] > 0], axis=1)
    rng = np.random.default_rng(1)
    root = np.stack([6 * latent[:, 0], rng.normal(size=300)], axis=1).astype(np.float32)
    task = Problem(
        x,
        basis.variances,
        root,
        np.full(2, 1.0, np.float32),
        np.full(2, 0.01, np.float32),
        np.full(2, 0.5, np.float32),
        np.zeros(2, np.float32),
        np.zeros(2, np.float32),
    )
    loss = Logistic(positive, np.ones((300, 2), np.float32))
    start = first_weights(task, np.zeros(2, np.float32))
    found = minimise(task, loss, start, steps=100)
    assert found.a[0] > 0.5
    assert abs(found.a[1]) < 0.3


def test_rectified_embeddings_get_the_root_and_others_do_not():
    rng = np.random.default_rng(0)
    assert inputs_for(rng.random((10, 4))).transform == "sqrt"
    assert inputs_for(rng.normal(size=(10, 4))).transform == "identity"
    np.testing.assert_allclose(
        transformed(np.array([-4.0, 9.0]), "sqrt"), [-2, 3], rtol=0, atol=1e-6
    )
