"""The training loop: it learns, keeps the best, keeps to its time, and mends itself."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from tagger.library.runs import read_curves
from tests.trainer.loop_makers import USUAL, small_examples, small_net
from trainer.feeding.augmentation import NONE
from trainer.loop.average import WeightAverage
from trainer.loop.checkpoint import CheckpointError
from trainer.loop.fit import NothingToTrainOn, fit
from trainer.loop.predict import predict
from trainer.loop.schedule import rate_factor
from trainer.loop.settings import Schedule
from trainer.loop.step import OutOfMemory
from trainer.losses.objective import make_objective
from trainer.losses.settings import LossSettings
from trainer.metrics.monitor import standard_measure


@pytest.fixture
def examples(test_data):
    return small_examples(test_data / "scenes" / "images")


def weights_of(net):
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])


def test_a_network_learns_and_its_curve_is_kept(examples, tmp_path):
    net = small_net(examples)
    settings = replace(USUAL, epochs=6, monitor="mean", batch_norm="train")
    fitted = fit(net, examples, settings, tmp_path, measure=standard_measure)
    assert fitted.judged["loss"][-1] < fitted.judged["loss"][0]
    assert fitted.figures["mean"] == max(fitted.judged["mean"]) > 0.5
    assert fitted.facts["epochs"] == 6
    assert fitted.facts["epoch_scale"] == 1
    curves = {curve["name"]: curve["points"] for curve in read_curves(tmp_path)}
    assert [x for x, _ in curves["mean on photos kept out"]] == [1, 2, 3, 4, 5, 6]
    assert len(curves["loss"]) == 18
    assert len(curves["loss/kept out"]) == 6
    assert len(curves["rate"]) == 18
    assert any((tmp_path / "tensorboard").iterdir())


def test_the_weights_that_are_left_are_the_best_ones(examples, tmp_path):
    net = small_net(examples)
    wild = replace(USUAL.optimiser, rate=0.05, head_rate=0.3)
    settings = replace(USUAL, epochs=5, optimiser=wild)
    fitted = fit(net, examples, settings, tmp_path)
    said = predict(net, examples, examples.rows("val"))
    objective = make_objective(examples, examples.rows("train"))
    rows = torch.from_numpy(said.rows)
    from trainer.nets.outputs import Outputs

    logits = {name: torch.from_numpy(z) for name, z in said.logits.items()}
    outputs = Outputs(torch.from_numpy(said.embedding), logits)
    loss = float(objective(outputs, rows, objective.totals(rows)))
    assert loss == pytest.approx(min(fitted.judged["loss"]), rel=1e-4)
    assert fitted.figures["loss"] == min(fitted.judged["loss"])


def test_running_out_of_memory_halves_the_batch_and_changes_nothing(examples, monkeypatch):
    def train(limit):
        net = small_net(examples)
        whole = net.forward

        def forward(images):
            if net.training and len(images) > limit:
                raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return whole(images)

        monkeypatch.setattr(net, "forward", forward)
        return net, fit(net, examples, replace(USUAL, epochs=1))

    (plain, _), (halved, fitted) = train(99), train(5)
    assert fitted.facts["piece"] == 4
    assert torch.allclose(weights_of(plain), weights_of(halved), atol=2e-5)
    with pytest.raises(OutOfMemory, match="does not hold 1 photo"):
        train(0)


def test_a_training_keeps_to_its_seconds_and_says_how_it_was_scaled(examples):
    settings = replace(USUAL, epochs=500, seconds=2.0)
    fitted = fit(small_net(examples), examples, settings)
    assert fitted.facts["seconds"] < 6
    assert fitted.facts["epochs"] < 500
    assert fitted.facts["epoch_scale"] == pytest.approx(fitted.facts["epochs"] / 500, abs=1e-3)
    longer = fit(
        small_net(examples), examples, replace(USUAL, epochs=0.1, seconds=1.5, fill_time=True)
    )
    assert longer.facts["epochs"] > 0.1


def test_a_frozen_backbone_is_asked_once_and_stays_as_it_is(examples):
    net, plain = small_net(examples), small_net(examples)
    settings = replace(USUAL, epochs=4, freeze="all", augmentation=NONE)
    called = []
    net.backbone.register_forward_hook(lambda module, inputs, output: called.append(len(output)))
    fitted = fit(net, examples, settings)
    assert sum(called) == 64, "every photo once, whatever the epochs"
    before, after = plain.backbone.state_dict(), net.backbone.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert fitted.judged["loss"][-1] < fitted.judged["loss"][0]


def test_gradual_unfreezing_leaves_the_stem_alone_at_first(examples):
    net, plain = small_net(examples), small_net(examples)
    fit(
        net,
        examples,
        replace(USUAL, freeze="gradual", epochs=2, seconds=0, judge_every=1, patience=1),
    )
    stem = next(iter(net.backbone.parameters()))
    assert torch.equal(stem, next(iter(plain.backbone.parameters())))
    assert not torch.equal(net.heads[0].layers[0].weight, plain.heads[0].layers[0].weight)


def test_training_stops_when_nothing_gets_better(examples):
    still = replace(USUAL.optimiser, rate=1e-12, head_rate=1e-12)
    settings = replace(USUAL, epochs=9, optimiser=still, patience=2, monitor="mean")
    fitted = fit(small_net(examples), examples, settings, measure=standard_measure)
    assert fitted.facts["epochs"] == 3


def test_the_weights_before_training_win_where_training_harms(examples):
    net, plain = small_net(examples), small_net(examples)
    wild = replace(USUAL.optimiser, rate=0.5, head_rate=5.0)
    fitted = fit(net, examples, replace(USUAL, epochs=1, optimiser=wild, judge_first=True))
    assert fitted.best_epoch == 0
    assert torch.allclose(weights_of(net), weights_of(plain))


@pytest.mark.parametrize("loss", ["asymmetric", "focal", "soft-f1"])
def test_every_loss_trains(examples, loss):
    losses = {"tags": LossSettings(loss, focus=1.0), "third": LossSettings(smoothing=0.1)}
    net, plain = small_net(examples), small_net(examples)
    fitted = fit(net, examples, replace(USUAL, epochs=1, losses=losses))
    assert np.isfinite(fitted.judged["loss"]).all()
    assert not torch.equal(weights_of(net), weights_of(plain))


@pytest.mark.parametrize(("name", "rate"), [("adam", 1e-3), ("sgd", 2e-2), ("rmsprop", 1e-3)])
def test_every_optimiser_trains_in_half_precision_with_averaged_weights(examples, name, rate):
    optimiser = replace(USUAL.optimiser, name=name, rate=rate, head_rate=10 * rate)
    mixed = replace(USUAL.augmentation, mixup=0.3)
    settings = replace(
        replace(USUAL, epochs=4, judge_first=True, batch_norm="train"),
        optimiser=optimiser,
        precision="bf16",
        average=0.5,
        augmentation=mixed,
    )
    fitted = fit(small_net(examples), examples, settings)
    assert fitted.judged["loss"][-1] < fitted.judged["loss"][0]


def test_without_photos_to_train_on_or_judge_by(examples):
    with pytest.raises(NothingToTrainOn, match="part “train”"):
        fit(small_net(examples), examples.with_parts(np.full(64, "val")), USUAL)
    alone = examples.with_parts(np.full(64, "train"))
    fitted = fit(small_net(examples), alone, replace(USUAL, epochs=1, average=0.5))
    assert fitted.figures == {}


def test_another_trainings_folder_is_refused(examples, tmp_path):
    fit(small_net(examples), examples, replace(USUAL, epochs=1), tmp_path)
    with pytest.raises(CheckpointError, match="other settings or photos"):
        fit(small_net(examples), examples, replace(USUAL, epochs=2), tmp_path)
    (tmp_path / "last.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointError, match="is damaged"):
        fit(small_net(examples), examples, replace(USUAL, epochs=1), tmp_path)


def test_rates_go_up_and_down_as_planned():
    cycle = Schedule("one-cycle", warm_up=0.2)
    assert rate_factor(cycle, 0) == pytest.approx(0.1)
    assert rate_factor(cycle, 0.2) == pytest.approx(1)
    assert rate_factor(cycle, 0.6) == pytest.approx(0.5)
    assert rate_factor(cycle, 1) == pytest.approx(0)
    staged = Schedule("steps", stages=((1.0, 2), (0.1, 3), (0.01, 1)))
    assert [rate_factor(staged, epoch / 6) for epoch in (0, 1.9, 2.1, 4.9, 5.1, 6)] == [
        1.0,
        1.0,
        0.1,
        0.1,
        0.01,
        0.01,
    ]
    assert rate_factor(Schedule("constant", warm_up=0), 0.7) == 1
    assert rate_factor(Schedule("cosine", warm_up=0, final=0.1), 1) == pytest.approx(0.1)


def test_averaged_weights_lie_between_and_go_on_from_a_state():
    net = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(net.weight, 0)
    average = WeightAverage(net, 0.5)
    torch.nn.init.constant_(net.weight, 1)
    average.update()
    kept = average.values["weight"].item()
    assert kept == pytest.approx(1 - 2 / 11)
    with average.in_place():
        assert net.weight.item() == pytest.approx(kept)
    assert net.weight.item() == 1
    again = WeightAverage(net, 0.5)
    again.restore(average.state())
    assert (again.updates, again.values["weight"].item()) == (1, pytest.approx(kept))
