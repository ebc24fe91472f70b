"""A label trusts the starter's opinion as far as it helps on photos left out."""

from dataclasses import replace

import numpy as np
import pytest
from test_quick_choices import make_task

from tagger.bundle.heads import Head
from trainer.quick.basis import make_basis
from trainer.quick.fitting import cross_validate, fit_final
from trainer.quick.folds import make_folds
from trainer.quick.problems import GroupInputs, Setting
from trainer.quick.task import RootPrior
from trainer.quick.trust import doubted, fit_trusting, weigh_root

PHOTOS, NUMBERS, SEEN = 600, 60, 150
ALL = np.ones(SEEN, bool)
USUAL = np.full(4, 2)


@pytest.fixture(scope="module")
def world():
    """Four labels: what the root says of them is right, noise, noise, and not there at all."""
    rng = np.random.default_rng(0)
    embeddings = rng.standard_normal((PHOTOS, NUMBERS)).astype(np.float32)
    truth = (embeddings @ rng.standard_normal((NUMBERS, 4)) / 4 - 1).astype(np.float32)
    targets = (truth + 0.3 * rng.standard_normal(truth.shape) > 0).astype(np.int8)
    root = 4 * truth
    root[:, 1:3] = 6 * rng.standard_normal((PHOTOS, 2))
    root[:, 3] = 0
    return embeddings, targets, root


def task_and_inputs(world):
    embeddings, targets, root = world
    head = Head("g", "linear", "identity", "multi", {}, {})
    prior = RootPrior(head, np.array([0, 1, 2, -1], np.int32), {})
    task = replace(make_task(targets[:SEEN]), root=prior)
    basis, x = make_basis(embeddings[:SEEN])
    return task, GroupInputs(x, basis.variances, root[:SEEN]), basis


def weighed(task, inputs):
    folds = make_folds(task.targets, np.arange(SEEN), 5)
    logits = cross_validate(task, inputs, folds, Setting(), lambda share: None)[2]
    return logits, *weigh_root(task, inputs, folds, ALL, Setting(), logits, lambda share: None)


def test_a_root_that_knows_is_trusted_and_one_that_guesses_is_not(world):
    task, inputs, _ = task_and_inputs(world)
    rooted, trust, both = weighed(task, inputs)
    assert trust.share[0] > 0.9
    assert (trust.share[1:3] < 0.2).all()
    assert trust.share[3] == 1  # nothing to trust: the usual fit
    assert np.array_equal(both[:, 3], rooted[:, 3])


def test_other_photos_are_told_better_than_with_the_root_as_it_is(world):
    embeddings, targets, root = world
    task, inputs, basis = task_and_inputs(world)
    _, trust, _ = weighed(task, inputs)
    others = basis.coordinates(embeddings[SEEN:])
    right = targets[SEEN:] == 1

    def loss(weights):
        z = weights.logits(others, root[SEEN:])
        return (np.logaddexp(0, z) - right * z).mean(axis=0)

    trusting = loss(fit_trusting(task, inputs, USUAL, Setting(), trust))
    believing = loss(fit_final(task, inputs, USUAL, Setting()))
    assert (trusting[1:3] < 0.95 * believing[1:3]).all()
    assert trusting[0] < 1.05 * believing[0]
    assert trusting[3] == pytest.approx(believing[3], abs=1e-6)


def test_a_label_that_was_only_rejected_keeps_to_the_root(world):
    task, _, _ = task_and_inputs(world)
    targets = task.targets.copy()
    targets[:, 1] = 0
    assert doubted(replace(task, targets=targets)).tolist() == [0, 2]
    single = replace(task, group=replace(task.group, kind="single"))
    assert not len(doubted(single))
