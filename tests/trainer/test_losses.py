"""Losses: the published worked example, masks, and batches that may be taken apart."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from trainer.examples import Examples, multi_group, single_group, unknown_as_negative  # noqa: E402
from trainer.losses.group_loss import GroupLoss, LossError, balance_weights  # noqa: E402
from trainer.losses.objective import make_objective  # noqa: E402
from trainer.losses.settings import LossSettings  # noqa: E402
from trainer.nets.outputs import Outputs  # noqa: E402

TRUTH = [[1, 0, 1, 1, 0, 0]]
SAID = np.array([[0.2, 0.3, 0.4, 0.7, 0.9, 0.2]])
NAMES = [f"label {at}" for at in range(6)]


def logits(shares):
    shares = np.asarray(shares, np.float64)
    return torch.from_numpy(np.log(shares / (1 - shares)).astype(np.float32))


def loss(group, z, settings=None):
    rows = torch.arange(len(group))
    made = GroupLoss(group, settings or LossSettings(), np.arange(len(group)))
    return float(made(z, rows, made.total(rows)))


def some(photos=12, labels=4, seed=0):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 2, (photos, labels))
    weights = rng.integers(0, 3, (photos, labels)) / 2
    z = torch.from_numpy(rng.normal(size=(photos, labels)).astype(np.float32))
    return multi_group("tags", list("abcd"[:labels]), targets, weights), z


def test_cross_entropy_of_the_satellite_example():
    expected = -sum(map(math.log, (0.2, 0.7, 0.4, 0.7, 0.1, 0.8))) / 6
    assert loss(multi_group("tags", NAMES, TRUTH), logits(SAID)) == pytest.approx(expected)
    assert expected == pytest.approx(0.96, abs=0.03)


def test_what_is_not_known_has_no_gradient_and_no_share():
    group, z = some()
    hidden = torch.from_numpy(group.weights == 0)
    z.requires_grad_(True)
    rows = torch.arange(12)
    for name in ("cross-entropy", "asymmetric", "focal", "soft-f1"):
        made = GroupLoss(group, LossSettings(name, focus=1.0), np.arange(12))
        (gradient,) = torch.autograd.grad(made(z, rows, made.total(rows)), z)
        assert (gradient[hidden] == 0).all()
        assert (gradient[~hidden] != 0).any()
        moved = torch.where(hidden, z + 5, z)
        before, after = (made(each, rows, made.total(rows)).item() for each in (z, moved))
        assert before == pytest.approx(after, abs=1e-6)


def test_half_a_target_is_cheapest_when_half_sure():
    group = multi_group("tags", ["perhaps"], [[0.5]])
    losses = [loss(group, logits([[share]])) for share in (0.2, 0.5, 0.8)]
    assert losses[1] < min(losses[0], losses[2])
    soft = single_group("kind", ["a", "b"], np.array([[0.5, 0.5]]))
    assert loss(soft, torch.tensor([[0.0, 0.0]])) == pytest.approx(math.log(2))


def test_single_groups_leave_out_photos_without_an_answer():
    z = torch.tensor([[2.0, 0.0], [0.0, 3.0], [1.0, 1.0]])
    whole = single_group("kind", ["a", "b"], np.array([0, -1, 1]))
    known = single_group("kind", ["a", "b"], np.array([0, 1]))
    assert loss(whole, z) == pytest.approx(loss(known, z[[0, 2]]))


def test_the_parts_of_a_batch_add_up_to_the_batch():
    group, z = some()
    other = single_group("kind", ["x", "y"], np.arange(12) % 3 - 1)
    examples = Examples(tuple([b""] * 12), (group, other), np.array(["train"] * 12))
    objective = make_objective(examples, np.arange(12), LossSettings(per_base_rate=True))
    rows = torch.arange(12)
    totals = objective.totals(rows)

    def of(part):
        said = {"tags": z[part], "kind": z[part][:, :2]}
        return float(objective(Outputs(torch.zeros(len(part), 1), said), part, totals))

    assert of(rows[:5]) + of(rows[5:]) == pytest.approx(of(rows), rel=1e-5)


def test_asymmetric_loss_forgives_easy_negatives_and_keeps_positives():
    group = multi_group("tags", ["a"], [[0.0]])
    ours = LossSettings("asymmetric", focus=0.0, focus_negative=4.0, margin=0.05)
    assert loss(group, logits([[0.04]]), ours) == pytest.approx(0, abs=1e-6), "below the margin"
    hard, easy = loss(group, logits([[0.9]]), ours), loss(group, logits([[0.2]]), ours)
    assert hard > 100 * easy
    positive = multi_group("tags", ["a"], [[1.0]])
    plain = loss(positive, logits([[0.3]]))
    assert loss(positive, logits([[0.3]]), ours) == pytest.approx(plain)
    exact = 0.85**4 * -math.log(1 - 0.85)
    assert loss(group, logits([[0.9]]), ours) == pytest.approx(exact, rel=1e-4)


def test_focal_loss_is_cross_entropy_times_how_wrong_it_was():
    group = multi_group("tags", ["a"], [[1.0]])
    focal = loss(group, logits([[0.8]]), LossSettings("focal", focus=2.0))
    assert focal == pytest.approx(0.2**2 * -math.log(0.8), rel=1e-4)
    single = single_group("kind", ["a", "b"], np.array([0]))
    z = torch.tensor([[math.log(4.0), 0.0]])
    assert loss(single, z, LossSettings("focal", focus=2.0)) == pytest.approx(focal, rel=1e-4)


def test_soft_f1_is_one_minus_the_f1_of_summed_probabilities():
    group = multi_group("tags", ["a", "b"], [[1, 0], [1, 1], [0, 1]])
    said = np.array([[0.9, 0.2], [0.6, 0.7], [0.3, 0.4]])
    f1 = []
    for at, true in enumerate(np.array([[1, 1, 0], [0, 1, 1]])):
        hits, false = (said[:, at] * true).sum(), (said[:, at] * (1 - true)).sum()
        missed = ((1 - said[:, at]) * true).sum()
        f1.append(2 * hits / (2 * hits + false + missed))
    assert loss(group, logits(said), LossSettings("soft-f1")) == pytest.approx(
        1 - np.mean(f1), rel=1e-5
    )


def test_smoothing_keeps_a_network_from_being_quite_sure():
    group = multi_group("tags", ["a"], [[1.0]])
    smooth = LossSettings(smoothing=0.1)
    best = min((loss(group, logits([[share]]), smooth), share) for share in (0.9, 0.95, 0.999))
    assert best[1] == 0.95


def test_rare_labels_weigh_more_where_classes_are_balanced():
    group = single_group("kind", ["common", "rare", "never"], np.array([0] * 90 + [1] * 10))
    inverse = balance_weights(group, LossSettings(balance="inverse"))
    effective = balance_weights(group, LossSettings(balance="effective"))
    assert inverse[1] / inverse[0] == pytest.approx(9)
    assert 1 < effective[1] / effective[0] < 9.01
    assert inverse[:2].mean() == pytest.approx(1)
    assert inverse[2] == 1


def test_partly_labelled_groups_can_take_the_unknown_for_absent_at_a_weight():
    group, z = some()
    filled = unknown_as_negative(group, 0.3)
    unknown = group.weights == 0
    assert (filled.weights[unknown] == np.float32(0.3)).all()
    assert (filled.targets[unknown] == 0).all()
    assert np.array_equal(filled.weights[~unknown], group.weights[~unknown])
    assert loss(filled, z) != pytest.approx(loss(group, z))


def test_losses_for_several_labels_are_refused_for_single_groups():
    group = single_group("kind", ["a", "b"], np.array([0]))
    with pytest.raises(LossError, match="asymmetric"):
        GroupLoss(group, LossSettings("asymmetric"), np.arange(1))
