"""The better way: small networks and neighbours beside linear weights, where they serve."""

import numpy as np
import pytest
from test_quick_choices import make_task
from test_quick_run import confirm, training_photos

from tagger.bundle.heads import head_logits, read_heads
from tagger.bundle.spec import MODEL_FILE
from tagger.imaging.model_input import model_input
from tagger.library.runs import read_curves
from trainer.missing import NothingToLearn
from trainer.progress import Silence
from trainer.quick.basis import make_basis
from trainer.quick.better import MEMBERS, mix_in
from trainer.quick.folds import make_folds
from trainer.quick.mlp import averaged, train_mlp
from trainer.quick.neighbours import cross_neighbours, make_neighbours
from trainer.quick.problems import GroupInputs, Setting
from trainer.quick.run import retrain
from trainer.quick.trust import whole_trust
from trainer.session import open_session


def logistic(z):
    return 1 / (1 + np.exp(-z))


def crossed_signs(count, seed):
    """Photos that have the label where two numbers have one sign: no line parts them."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, 8)).astype(np.float32)
    return x, (x[:, :1] * x[:, 1:2] > 0).astype(np.float32)


def test_a_network_learns_what_no_linear_weights_can():
    x, y = crossed_signs(1500, 0)
    net = train_mlp(x, np.zeros(1, np.float32), lambda rows, z: logistic(z) - y[rows], seed=1)
    others, truth = crossed_signs(500, 1)
    assert ((net.logits(others) > 0) == (truth > 0)).mean() > 0.9


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    x, y = crossed_signs(200, 0)

    def trained(seed):
        return train_mlp(x, np.zeros(1, np.float32), lambda r, z: logistic(z) - y[r], seed=seed)

    assert all(np.array_equal(a, b) for a, b in zip(trained(3).arrays, trained(3).arrays, strict=1))
    assert not np.array_equal(trained(3).w1, trained(4).w1)


def test_several_networks_in_one_give_the_mean_of_their_logits():
    x, y = crossed_signs(200, 0)
    zero = np.zeros(1, np.float32)
    nets = [train_mlp(x, zero, lambda r, z: logistic(z) - y[r], seed=seed) for seed in (1, 2, 3)]
    mean = np.mean([net.logits(x) for net in nets], axis=0)
    assert np.abs(averaged(nets).logits(x) - mean).max() < 1e-4


def series(count, seed=0):
    """Embeddings in series of ten alike, and a label that whole series share."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.standard_normal((count // 10, 40)), 10, axis=0)
    labels = np.repeat(rng.random(count // 10) < 0.3, 10)
    embeddings = (centres + 0.2 * rng.standard_normal(centres.shape)).astype(np.float32)
    return embeddings, labels[:, None].astype(np.int8)


def test_neighbours_are_asked_and_an_unlabelled_pair_has_less_say():
    embeddings, targets = series(200)
    basis, x = make_basis(embeddings)
    every = np.ones(200, bool)
    head = make_neighbours(make_task(targets), basis, x, 0.3, every)
    z = head_logits(head, embeddings)
    assert z[targets[:, 0] == 1].min() > z[targets[:, 0] == 0].max()
    unknown = np.where(targets == 0, -1, targets).astype(np.int8)
    less = make_neighbours(make_task(unknown), basis, x, 0.3, every)
    assert "known" not in head.arrays
    assert sorted(np.unique(less.arrays["known"]).tolist()) == [76, 255]
    assert head_logits(less, embeddings)[targets[:, 0] == 0].mean() > z[targets[:, 0] == 0].mean()


def test_no_photo_votes_for_itself_or_its_near_twin_out_of_fold():
    rng = np.random.default_rng(0)
    half = rng.standard_normal((60, 40)).astype(np.float32)
    embeddings = np.concatenate([half, half])  # every photo has a twin
    targets = np.tile(rng.random((60, 1)) < 0.5, (2, 1)).astype(np.int8)
    twins = np.tile(np.arange(60), 2)
    basis, x = make_basis(embeddings)
    task = make_task(targets)
    apart = cross_neighbours(task, basis, x, 0.3, make_folds(targets, twins, MEMBERS))
    said = (apart[:, 0] > np.median(apart)) == (targets[:, 0] == 1)
    assert 0.3 < said.mean() < 0.7, "chance: the labels are random, only the twin knows"
    seen = head_logits(make_neighbours(task, basis, x, 0.3, np.ones(120, bool)), embeddings)
    assert (((seen[:, 0] > 0) == (targets[:, 0] == 1)).mean()) == 1


def test_what_does_not_help_is_not_mixed_in():
    rng = np.random.default_rng(0)
    embeddings = rng.standard_normal((400, 30)).astype(np.float32)
    weights = rng.standard_normal((30, 3))
    targets = (embeddings @ weights > 0).astype(np.int8)
    basis, x = make_basis(embeddings)
    task = make_task(targets)
    folds = make_folds(targets, np.arange(400), MEMBERS)
    perfect = (3 * (embeddings @ weights)).astype(np.float32)
    logits, extra = mix_in(
        task,
        GroupInputs(x, basis.variances, None),
        basis,
        perfect,
        folds,
        np.ones(400, bool),
        Setting(),
        whole_trust(3),
        Silence(),
    )
    assert extra is None
    assert logits is perfect


@pytest.mark.slow
def test_better_model_of_a_library_is_a_bundle_like_any_other(scenes):
    with scenes.open() as library:
        plain = retrain(library, scenes.store)
        outcome = retrain(library, scenes.store, better=True)
        photo = library.photo_path(training_photos(library)[0])
        library.use_bundle(outcome.spec)
        with pytest.raises(NothingToLearn):
            retrain(library, scenes.store, better=True)
    assert outcome.spec.producer["program"] == "trainer.better"
    folder = scenes.store.folder(outcome.spec.bundle_id)
    heads = {head.group: head for head in read_heads(folder)}
    tags = next(group for group in outcome.spec.groups if group.name == "tags")
    types = {member.type for member in heads[tags.id].members}
    assert types > {"linear"}, "something is mixed in"
    assert types & {"mlp", "neighbours"}
    pixels = model_input(photo, outcome.spec.preprocessing)[None]
    outputs = open_session((folder / MODEL_FILE).read_bytes())(pixels)
    expected = head_logits(heads[tags.id], outputs["embedding"])
    assert np.abs(outputs[f"scores/{tags.id}"] - logistic(expected)).max() < 1e-4
    card = (folder / "card.md").read_text("utf-8")
    assert ("who gives the model away" in card) == ("neighbours" in types)
    before, after = (each.result["after"]["tags"]["map"] for each in (plain, outcome))
    assert after > before - 0.02
    curves = {each["name"]: each["points"] for each in read_curves(outcome.run)}
    losses = [loss for _, loss in curves["loss on photos left out by pass/tags"]]
    assert len(losses) >= 4
    assert min(losses) < losses[0], "the networks learned"
    page = (outcome.run / "report.html").read_text("utf-8")
    assert "Loss on photos left out by pass" in page


def test_few_photos_are_learned_as_in_the_quick_way(bare):
    with bare.open() as library:
        confirm(library, "seen", "quiet", list(range(20)))
        outcome = retrain(library, bare.store, better=True)
    group = next(g for g in outcome.spec.groups if g.name == "seen")
    head = next(
        h for h in read_heads(bare.store.folder(outcome.spec.bundle_id)) if h.group == group.id
    )
    assert head.type == "linear"
