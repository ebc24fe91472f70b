"""Ours fine-tuned: frozen and tuned networks answer together, and are opened again as such."""

from dataclasses import replace

import numpy as np
import pytest
import recipe_layouts

from trainer.recipes.backbones import Choice
from trainer.recipes.catalogue import RECIPES
from trainer.recipes.contest import Contest
from trainer.recipes.forms.satellite import read_satellite
from trainer.recipes.ours import run_ours
from trainer.recipes.saved import load_model, save_model

SMALL = replace(RECIPES["satellite-fbeta"].ours, size=64, larger=64)
SOURCE = "efficientnet-lite0"


def outcome(test_data, folder, setting, photos):
    data = read_satellite(recipe_layouts.satellite(test_data, folder / "planet", photos))
    contest = Contest(data, Choice(SOURCE, "auto", source=SOURCE), 300.0, folder)
    return contest, run_ours(contest, setting, seed=0)


@pytest.mark.slow
def test_both_networks_answer_together_and_are_opened_again(tmp_path, test_data):
    contest, made = outcome(test_data, tmp_path, replace(SMALL, epochs=2), 40)
    assert made.facts["epochs"] == 2
    assert made.facts["tuned_is_kept"]
    frozen, tuned = (member.net for member in made.members)
    first = next(iter(dict(frozen.backbone.named_parameters())))
    before, after = (dict(net.backbone.named_parameters())[first] for net in (frozen, tuned))
    assert (before != after).any()
    held_out, _ = made.held_out
    assert len(held_out) == made.facts["set_aside"] > 0

    save_model(tmp_path, "ours", made.members)
    model = load_model(tmp_path, "ours")
    assert len(model.nets) == 2
    photos = [contest.examples.photos[row] for row in contest.judged]
    scores, unreadable = model.scores(photos)
    assert not unreadable
    for name, own in made.scores.items():
        np.testing.assert_allclose(scores[name], own, atol=1e-4)


@pytest.mark.slow
def test_what_fine_tuning_spoils_is_not_kept(tmp_path, test_data):
    wild = replace(SMALL, epochs=1, rate=1e-6, head_rate=100.0)
    _, made = outcome(test_data, tmp_path, wild, 150)
    assert made.facts["epochs"] == 1
    assert not made.facts["tuned_is_kept"]
    assert len(made.members) == 1
