"""Folds, thresholds and calibration follow the rules of learning."""

import numpy as np
import pytest

from tagger.core.schema import Group, Label
from trainer.quick.calibrate import calibrate
from trainer.quick.fitting import choose_freedoms, log_losses
from trainer.quick.folds import make_folds
from trainer.quick.task import GroupTask
from trainer.quick.thresholds import fit_thresholds


def make_task(targets, kind="multi", has_null=False, touched=None):
    targets = np.asarray(targets, np.int8)
    count = targets.shape[1]
    return GroupTask(
        group=Group(1, "g", "tags", kind),
        labels=tuple(Label(10 + at, f"l{at}", 1, f"label {at}") for at in range(count)),
        has_null=has_null,
        learned=np.ones(count, bool),
        rows=np.arange(len(targets)),
        targets=targets,
        touched=np.ones(len(targets), bool) if touched is None else touched,
        background=np.zeros(len(targets), bool),
        root=None,
    )


def logistic(z):
    return 1 / (1 + np.exp(-z))


def test_twins_share_a_fold_and_rare_labels_are_spread():
    targets = np.zeros((60, 2), np.int8)
    targets[:5, 0] = 1
    targets[:40, 1] = 1
    twins = np.arange(60)
    twins[50:58] = 50
    folds = make_folds(targets, twins, 5)
    assert len(set(folds[50:58].tolist())) == 1
    assert sorted(folds[:5].tolist()) == [0, 1, 2, 3, 4], "one example of the rare label each"


def test_threshold_is_shrunk_to_the_groups_by_support():
    rng = np.random.default_rng(0)
    often = rng.random(400) < 0.5
    rarely = np.zeros(400, bool)
    rarely[:2] = True
    logits = np.stack([np.where(often, 3.0, -3.0), np.where(rarely, -1.0, -6.0)], axis=1)
    logits = (logits + 0.01 * rng.random(logits.shape)).astype(np.float32)
    task = make_task(np.stack([often, rarely], axis=1))
    both = fit_thresholds(task, logits, np.ones(400, bool), 0.3)["balanced"]
    alone = [
        fit_thresholds(make_task(task.targets[:, [at]]), logits[:, [at]], np.ones(400, bool), 0.3)
        for at in range(2)
    ]
    own = [found["balanced"][0] for found in alone]
    group = (both[1] * 12 - own[1] * 2) / 10
    n = int(often.sum())
    assert both[0] == pytest.approx((n * own[0] + 10 * group) / (n + 10), abs=1e-6)
    assert own[1] == pytest.approx(-3.5, abs=0.1)


def test_aims_order_the_thresholds():
    rng = np.random.default_rng(1)
    targets = (rng.random((600, 3)) < 0.3).astype(np.int8)
    logits = (rng.normal(size=(600, 3)) + 2 * targets - 1).astype(np.float32)
    found = fit_thresholds(make_task(targets), logits, np.ones(600, bool), 0.3)
    assert (found["few_mistakes"] > found["balanced"]).all()
    assert (found["balanced"] > found["miss_little"]).all()


def test_a_label_that_cannot_be_told_is_not_suggested_for_everything():
    rng = np.random.default_rng(2)
    targets = np.zeros((200, 1), np.int8)
    targets[:8] = 1
    logits = rng.normal(size=(200, 1)).astype(np.float32)
    found = fit_thresholds(make_task(targets), logits, np.ones(200, bool), 0.3)
    assert (logits[:, 0] >= found["balanced"][0]).sum() <= 3 * 8 + 1


def test_photos_the_backbone_has_seen_set_no_threshold():
    targets = np.array([[1], [1], [0], [0]], np.int8)
    logits = np.array([[9], [1], [8], [-1]], np.float32)
    free = np.array([False, True, False, True])
    found = fit_thresholds(make_task(targets), logits, free, 0.3)["balanced"][0]
    assert -1 < found < 1


def test_calibration_makes_scores_mean_what_they_say():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=(3000, 4)) - 1
    targets = (rng.random((3000, 4)) < logistic(truth)).astype(np.int8)
    overconfident = (2.5 * truth + 1).astype(np.float32)
    task = make_task(targets)
    found = calibrate(task, overconfident, np.ones(3000, bool), 0.3, 5)
    assert found.facts == {"method": "platt", "data": "out-of-fold", "n": 3000, "folds": 5}
    assert found.slope[0] == pytest.approx(0.4, abs=0.04)
    fixed = found.apply(overconfident)
    assert log_losses(task, fixed, 0.3).sum() < log_losses(task, overconfident, 0.3).sum()
    assert np.abs(logistic(fixed).mean(axis=0) - targets.mean(axis=0)).max() < 0.02


def test_single_groups_get_a_temperature():
    rng = np.random.default_rng(4)
    truth = 2 * rng.normal(size=(2000, 3))
    p = np.exp(truth) / np.exp(truth).sum(axis=1, keepdims=True)
    answers = np.array([rng.choice(3, p=row) for row in p])
    targets = np.eye(3, dtype=np.int8)[answers]
    task = make_task(targets, kind="single")
    found = calibrate(task, (0.5 * truth).astype(np.float32), np.ones(2000, bool), 0.3, 5)
    assert found.facts["method"] == "temperature"
    assert found.slope[0] == pytest.approx(2.0, abs=0.25)


def test_too_few_examples_are_not_calibrated_and_said_to_be():
    found = calibrate(make_task([[1], [0]]), np.zeros((2, 1), np.float32), np.ones(2, bool), 0.3, 2)
    assert found.facts["method"] == "none"
    assert (found.apply(np.ones((2, 1), np.float32)) == 1).all()


def test_undecided_pairs_of_touched_photos_are_weak_negatives():
    targets = np.array([[1, -1], [0, -2], [-1, 1], [-1, -1]], np.int8)
    task = make_task(targets, touched=np.array([True, True, True, False]))
    expected = [[1, 0.3], [1, 0], [0.3, 1], [0, 0]]
    np.testing.assert_allclose(task.weights(0.3), np.array(expected, np.float32))


def test_a_label_without_positives_learns_from_rejections_alone():
    targets = np.array([[0, 1], [-1, 0], [-1, -1]], np.int8)
    weights = make_task(targets).weights(0.3)
    np.testing.assert_allclose(weights[:, 0], [1, 0, 0])


def test_common_labels_choose_for_themselves_and_rare_ones_by_their_like():
    targets = np.zeros((500, 3), np.int8)
    targets[:300, 0] = 1
    targets[:3, 1] = targets[3:6, 2] = 1
    losses = np.array([[100.0, 9.0, 12.0], [120.0, 10.0, 8.0]])
    chosen = choose_freedoms(make_task(targets), losses)
    assert chosen[0] == 0
    assert chosen[1] == chosen[2] == 1, "the two rare labels together prefer the second"


def test_reviewed_photos_with_nothing_confirmed_are_none_of_these():
    targets = np.array([[1, 0], [0, 0], [-1, 0], [1, 1]], np.int8)
    task = make_task(targets, kind="single", has_null=True)
    answers, rejected = task.answers()
    assert answers.tolist() == [0, 2, -1, -1]
    assert rejected[2].tolist() == [False, True, False]
