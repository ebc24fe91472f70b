"""Whole tiny fights, the sources' true networks for a few steps, predictions, and the figures."""

import csv
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import recipe_layouts
import torch
from sklearn.metrics import average_precision_score, balanced_accuracy_score

from trainer.__main__ import main
from trainer.examples import Examples, multi_group, single_group
from trainer.loop.settings import FitSettings
from trainer.metrics.multi import f_beta
from trainer.recipes.backbones import Choice, choose_backbone
from trainer.recipes.catalogue import RECIPES
from trainer.recipes.contest import Contest, looking_order, with_choice
from trainer.recipes.figures import (
    Evidence,
    cross_entropy,
    f2_figures,
    fashion_figures,
    fit_thresholds,
)
from trainer.recipes.forms.common import JUDGED
from trainer.recipes.forms.satellite import read_satellite
from trainer.recipes.frozen import fit_heads, to_scores
from trainer.recipes.judge import compare, judged_figure
from trainer.recipes.linear import fit_linear
from trainer.recipes.maybe import choose_treatment, with_halves
from trainer.recipes.scratch_net import ScratchNet
from trainer.recipes.source_method import run_source
from trainer.startup import SETTINGS

CHECKOUT = Path(__file__).resolve().parents[2]
KEYS = (
    *("recipe", "metric", "original_setting", "ours", "difference"),
    *("low", "high", "seconds", "device", "run"),
)
LAYOUTS = {
    "satellite-fbeta": lambda data, folder: recipe_layouts.satellite(data, folder, 48),
    "dog-breeds": lambda data, folder: recipe_layouts.dogs(data, folder, 2),
    "posters-softf1": lambda data, folder: recipe_layouts.posters(data, folder, 90),
    "photo-tags": lambda data, folder: recipe_layouts.tags(data, folder, 90),
    "fashion-attributes": lambda data, folder: recipe_layouts.fashion(data, folder, 24),
}


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def trainer(tmp_path, monkeypatch, capsys):
    """Run `python -m trainer recipe …` in this process: torch is imported only once."""
    monkeypatch.setenv("TAGGER_DATA_DIR", str(tmp_path / "user"))
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)

    def run(*arguments):
        capsys.readouterr()
        code = main(["recipe", *map(str, arguments)])
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run


def run_of_an_earlier_fight(run):
    """A folder that a fight with other seconds was begun in: it is taken anew."""
    begun = run / "seeds/0/original/last.pt"
    begun.parent.mkdir(parents=True)
    begun.write_bytes(b"of a training with other seconds")
    for file in ("report.json", "model.json"):
        (run / file).write_text("{}")
    return run


def in_a_process_of_its_own(data, *arguments):
    environment = os.environ | {"TAGGER_DATA_DIR": str(data), "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-m", "trainer", "recipe", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return Done(done.returncode, done.stdout, done.stderr)


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["photo", "label", "score"]
    return rows[1:]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_whole_fight_ends_with_one_line_and_two_tables(name, tmp_path, test_data, trainer):
    folder = LAYOUTS[name](test_data, tmp_path / "set")
    before = sorted((str(path), path.lstat().st_mtime_ns) for path in folder.rglob("*"))
    run = run_of_an_earlier_fight(tmp_path / "run")
    arguments = (name, "--data", folder, "--run", run, "--seconds", 1, "--seeds", 1, "--json")
    if name == "posters-softf1":
        done = in_a_process_of_its_own(tmp_path / "user", *arguments)
    else:
        done = trainer(*arguments)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert tuple(result) == KEYS
    assert result["metric"] == ("map" if name.split("-")[0] in _MULTI else "balanced_accuracy")
    assert result["low"] <= result["difference"] <= result["high"]
    original, ours = table(run / "original.csv"), table(run / "ours.csv")
    assert [row[:2] for row in original] == [row[:2] for row in ours]
    assert all(0 <= float(row[2]) <= 1 for row in (*original, *ours))
    report = json.loads((run / "report.json").read_text())
    for method in ("original", "ours", *RECIPES[name].baselines):
        assert report["methods"][method]["figures"]
        assert report["methods"][method]["trainings"][0]["seconds"] > 0
    scaled = report["methods"]["original"]["trainings"][0]
    assert scaled["epochs_of_the_source"] == RECIPES[name].source.fit.epochs
    for file in ("labels.png", "ours-gallery.html", "original-network.txt", "ours-network.png"):
        assert (run / file).stat().st_size > 400
    everything = (run / "ours-network.txt").read_text().splitlines()[-1].split()
    parameters, trained = (int(number.replace(",", "")) for number in everything[1:])
    assert 0 < trained < parameters  # the heads, and not the frozen backbone
    assert list((run / "seeds/0/original/tensorboard").iterdir())
    after = sorted((str(path), path.lstat().st_mtime_ns) for path in folder.rglob("*"))
    assert after == before
    _predicts(trainer, name, folder, run, test_data)


_MULTI = ("satellite", "posters", "photo")


def _predicts(trainer, name, folder, run, test_data):
    """The finished run answers for other photos, in the recipe's own way."""
    if name == "fashion-attributes":
        question = folder / "Tests/question.csv"
        done = trainer(name, "--predict", question, "--run", run, "--json")
        assert done.returncode == 0, done.stderr
        asked = list(csv.reader(question.open()))
        answered = list(csv.reader((run / "answer.csv").open()))
        assert [row[:2] for row in answered] == [row[:2] for row in asked]
        for row in answered:
            values = row[2].split(";")
            assert all(len(value.split(".")[1]) == 8 for value in values)
            assert math.isclose(sum(map(float, values)), 1, abs_tol=1e-5)
        return
    photo = test_data / "scenes/images/100.jpg"
    done = trainer(name, "--predict", photo, "--run", run, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])["answers"][0]
    if name == "dog-breeds":
        assert answer["words"] == "sorry, you look like neither dog or human…"
    else:
        assert set(answer["labels"]) <= {row[1] for row in table(run / "ours.csv")}


def contest(test_data, tmp_path, name, weights="none"):
    data = read_satellite(recipe_layouts.satellite(test_data, tmp_path / "planet", 12))
    return Contest(data, Choice(name, weights, source=name), 2.0, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(RECIPES))
def test_the_true_networks_take_steps_from_random_numbers(name, tmp_path, test_data):
    source = RECIPES[name].source
    small = replace(source, size=64, fit=replace(source.fit, batch=4, epochs=1), photos=1)
    outcome = run_source(contest(test_data, tmp_path, source.backbone), small, seed=0)
    assert outcome.facts["epochs"] > 0
    assert all(np.isfinite(scores).all() for scores in outcome.scores.values())
    if name == "satellite-fbeta":
        trained = {
            n for n, p in outcome.members[0].net.backbone.named_parameters() if p.requires_grad
        }
        assert trained == outcome.members[0].net.backbone.last_block()
        assert len(trained) == 6  # block5: three convolutions with their biases


def test_weights_come_from_a_local_file_and_their_hash_is_checked(tmp_path, test_data):
    first = Choice("mobilenetv2", "none").open(64)
    file = tmp_path / "mine.pth"
    torch.save(first.body.net.state_dict(), file)
    again = choose_backbone("mobilenetv2", "", str(file), "")
    assert not again.stands_in
    loaded = again.open(64)
    photo = torch.randint(0, 255, (1, 64, 64, 3), dtype=torch.uint8)
    assert torch.equal(first.eval()(photo), loaded.eval()(photo))
    with pytest.raises(Exception, match="not the expected one"):
        choose_backbone("mobilenetv2", "", str(file), "00").open(64)


def test_without_the_sources_weights_a_stand_in_is_named(monkeypatch):
    monkeypatch.setenv("TAGGER_OFFLINE", "1")
    choice = choose_backbone("vgg16", "", "", "")
    assert choice.name == "efficientnet-lite0"
    assert "stands in for vgg16" in choice.sentence


def test_the_sources_heads_have_the_sources_numbers_of_parameters():
    posters = RECIPES["posters-softf1"].source.head
    assert 1280 * posters.hidden[0] + posters.hidden[0] + posters.hidden[0] * 18 + 18 == 1_330_194
    scratch = ScratchNet(32)
    convolutions = [m for m in scratch.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [m.out_channels for m in convolutions] == [32, 32, 64, 64]
    assert scratch(torch.zeros(2, 32, 32, 3, dtype=torch.uint8)).shape == (2, 512)


def test_the_worked_examples_of_the_satellite_article():
    truth, said = np.array([[1, 0, 1, 1, 0, 0]]), np.array([[1, 1, 0, 1, 1, 0]], np.float32)
    examples = Examples(("x",), (multi_group("tags", "abcdef", truth),), np.array([JUDGED]))
    figures = f2_figures(Evidence(examples, {"tags": said}, {}, {}))
    precision, recall = 2 / 4, 2 / 3
    assert figures["f2"] == pytest.approx(5 * precision * recall / (4 * precision + recall))
    data = Evidence(examples, {"tags": said}, {}, {}).multi()
    assert f_beta(data, "samples", beta=0) == pytest.approx(precision)
    assert f_beta(data, "samples", beta=math.inf) == pytest.approx(recall)
    scores = np.array([[0.2, 0.3, 0.4, 0.7, 0.9, 0.2]], np.float32)
    by_hand = -sum(map(math.log, (0.2, 0.7, 0.4, 0.7, 0.1, 0.8))) / 6
    assert cross_entropy(truth > 0, scores) == pytest.approx(by_hand, abs=1e-6)


def test_judged_figures_are_scikit_learns():
    rng = np.random.default_rng(0)
    truth = (rng.random((80, 3)) < 0.3).astype(np.float32)
    scores = rng.random((80, 3)).astype(np.float32)
    parts = np.full(80, JUDGED)
    multi = Examples(("x",) * 80, (multi_group("tags", "abc", truth),), parts)
    expected = average_precision_score(truth, scores, average="macro")
    assert judged_figure(multi, {"tags": scores}) == pytest.approx(expected)
    answers = rng.integers(0, 3, 80)
    single = Examples(("x",) * 80, (single_group("kind", "abc", answers),), parts)
    expected = balanced_accuracy_score(answers, scores.argmax(axis=1))
    assert judged_figure(single, {"kind": scores}) == pytest.approx(expected)
    better = scores + 0.8 * np.eye(3, dtype=np.float32)[answers]
    result = compare(single, [{"kind": scores}] * 2, [{"kind": better}] * 2)
    assert result.difference.low > 0
    assert compare(single, [{"kind": scores}], [{"kind": scores}]).difference.high == 0


def test_what_a_photo_does_not_have_does_not_count_in_fashion():
    neck = single_group("neck", "ab", np.array([0, 1, -1, 1]))
    coat = single_group("coat", "ab", np.array([-1, -1, 0, -1]))
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]], np.float32)
    examples = Examples(("x",) * 4, (neck, coat), np.full(4, JUDGED))
    both = {"neck": scores, "coat": scores}
    figures = fashion_figures(Evidence(examples, both, {}, {"rows": {"neck": 30, "coat": 10}}))
    assert figures["accuracy_by_group"] == {"neck": pytest.approx(2 / 3, abs=1e-6), "coat": 1.0}
    assert figures["masked_accuracy"] == pytest.approx(5 / 6, abs=1e-6)
    assert figures["count_weighted"] == pytest.approx((30 * 2 / 3 + 10) / 40, abs=1e-6)
    assert 0 < figures["basic_precision_map"] <= 1


def test_thresholds_are_those_of_the_greatest_f1():
    group = multi_group("tags", "a", np.array([[1], [1], [0], [0]]))
    scores = np.array([[0.4], [0.3], [0.2], [0.1]], np.float32)
    assert 0.2 < fit_thresholds(group, scores)[0] <= 0.3


def test_a_maybe_is_half_a_target_or_left_out_whichever_is_right_more_often():
    group = single_group("neck", "abc", np.array([0, 2]))
    halves = with_halves(group, np.array([[False, True, False], [False, False, False]]))
    assert halves.targets[0] == pytest.approx([2 / 3, 1 / 3, 0])
    assert halves.targets[1] == pytest.approx([0, 0, 1])
    assert choose_treatment({"unsure": [0.5], "half": [0.6]}) == "half"
    assert choose_treatment({"unsure": [0.5], "half": [0.5]}) == "unsure"


def test_unsure_values_do_not_pull_a_head_down():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(120, 4)).astype(np.float32)
    answers = (features[:, 0] > 0).astype(np.int64)
    group = single_group("neck", "abc", answers)
    unsure = np.zeros((120, 3), bool)
    unsure[:, 2] = True
    fits = [fit_heads([group], features, unsure=one).groups for one in ({}, {"neck": unsure})]
    assert fits[0]["neck"].right > 0.9
    folds = np.arange(120) % 4
    linear = [fit_linear([group], features, folds, one) for one in ({}, {"neck": unsure})]
    plain, left_out = (one["neck"].out_of_fold[:, 2].mean() for one in linear)
    assert left_out > plain + 1


def ring(photos=240):
    """Photos of which a circle is told apart from what lies around it: no plane can do that."""
    rng = np.random.default_rng(2)
    features = rng.normal(size=(photos, 3)).astype(np.float32)
    near = (np.square(features).sum(axis=1) < 2).astype(np.int64)
    both = multi_group("place", ("near", "far"), np.eye(2)[near][:, ::-1])
    return features, [single_group("where", ("far", "near"), near), both]


def test_likeness_tells_apart_what_no_plane_can_and_is_calibrated_out_of_fold():
    features, groups = ring()
    fits = fit_heads(groups, features)
    assert fits.kind in ("kernel", "both")
    assert fits.figures["kernel"] > fits.figures["linear"] + 0.1
    new, truth = ring(400)
    new, truth = new[240:], [group.only(np.arange(240, 400)) for group in truth]
    with torch.no_grad():
        logits = {n: fit.head(torch.from_numpy(new)).numpy() for n, fit in fits.groups.items()}
    scores = to_scores(truth, logits, fits.prior(0))
    assert (scores["where"].argmax(axis=1) == truth[0].answers).mean() > 0.85
    assert abs(scores["where"][:, 1].mean() - truth[0].targets[:, 1].mean()) < 0.1
    assert abs(scores["place"][:, 0].mean() - truth[1].targets[:, 0].mean()) < 0.1


def test_many_groups_known_of_different_photos_are_fitted_each_by_its_own():
    features, (where, _) = ring()
    answers = where.answers.copy()
    answers[::3] = -1
    some = single_group("some", ("far", "near"), answers)
    never = single_group("never", ("a", "b"), np.full(len(answers), -1))
    fits = fit_heads([where, some, never], features)
    assert fits.groups["some"].right > 0.8
    assert np.isfinite(fits.groups["never"].out_of_fold).all()
    alone = fit_heads([some], features)
    assert alone.groups["some"].right == pytest.approx(fits.groups["some"].right, abs=0.05)


def test_however_few_photos_are_looked_at_some_train_and_some_choose():
    group = multi_group("tags", "a", np.ones((563, 1)))
    parts = np.array(["train"] * 563)
    for seed in range(3):
        examples = with_choice(Examples(("x",) * 563, (group,), parts), seed)
        order = looking_order(examples, seed)
        assert sorted(order.tolist()) == list(range(563))
        for count in (32, 64, 256):
            seen = examples.parts[order[:count]]
            assert (seen == "choice").mean() == pytest.approx(0.15, abs=0.02)
    alone = with_choice(Examples(("x",), (group.only(np.array([0])),), parts[:1]), 0)
    assert alone.parts.tolist() == ["train"]


def test_epochs_are_scaled_to_as_many_steps_as_the_source_took():
    from trainer.recipes.source_method import SourceSetting, _settings

    group = multi_group("tags", "a", np.ones((100, 1)))
    parts = np.array(["train"] * 50 + ["judged"] * 50)
    examples = Examples(("x",) * 100, (group,), parts)
    source = RECIPES["photo-tags"].source
    assert isinstance(source, SourceSetting)
    made = _settings(source, examples, seed=0, seconds=60)
    assert made.epochs == 35 * 5000 / 50
    assert made.seconds == 60
    assert isinstance(made, FitSettings)


def test_wrong_usage_is_one_sentence(tmp_path, test_data, trainer):
    done = trainer("photo-tags")
    assert (done.returncode, "--data" in done.stderr) == (1, True)
    done = trainer("photo-tags", "--predict", test_data / "scenes/images/100.jpg")
    assert done.returncode == 1
    assert "There is no finished run of photo-tags yet" in done.stderr
    inside = trainer("posters-softf1", "--data", tmp_path, "--run", tmp_path / "run")
    assert inside.returncode == 1
    assert "nothing is written" in inside.stderr
