"""Threshold sliders."""

import numpy as np
import pytest
from app_libraries import write_scores

from tagger.app.models import sliders
from tagger.app.models.sliders import ChangeCount, Scope
from tagger.core.states import State


@pytest.fixture
def spread(desk):
    """Scores of all strengths, so that any slider changes something."""
    library = desk.session.library
    rng = np.random.default_rng(3)
    scores = {
        "tags": rng.uniform(0.02, 0.98, (12, 6)).astype(np.float32),
        "breed": rng.dirichlet(np.full(12, 0.3), 12).astype(np.float32),
    }
    write_scores(library, library.bundle, scores)
    desk.rescored()
    desk.chores.finish()
    return desk


def suggested(desk):
    labels = list(desk.session.library.facts.schema.labels)
    return desk.session.states(labels) == State.SUGGESTED


@pytest.mark.parametrize("shift", [-3.0, -1.0, -0.2, 0.2, 1.0, 3.0])
def test_the_count_is_the_number_of_photos_whose_suggestions_change(spread, shift):
    facts = spread.session.library.facts
    label = list(facts.schema.labels)[1]
    tags, breed = facts.schema.groups
    for scope in (Scope(), Scope(group=tags), Scope(group=breed), Scope(group=tags, label=label)):
        count = ChangeCount()
        spread.chores.ask("x", lambda c=count, s=scope: c.prepare(spread.session, s))
        spread.chores.finish()
        before, thresholds = suggested(spread), facts.thresholds
        sliders.drag(spread.session, scope, shift)
        after = suggested(spread)
        facts.thresholds = thresholds
        changed = (before != after).any(axis=0)
        if (scope.group == tags and scope.label is None) or scope.group is None:
            changed &= (before != after)[:6].any(axis=0) | changed
        gate_only = changed & ~own_change(spread, scope, before, after)
        assert count.at(shift) == int(changed.sum()) - int(gate_only.sum())


def own_change(desk, scope, before, after):
    """Photos with a change in the labels that the slider itself moves."""
    labels = list(desk.session.library.facts.schema.labels.values())
    mine = [
        scope.label in (None, each.num) and scope.group in (None, each.group) for each in labels
    ]
    return (before != after)[mine].any(axis=0)


def test_right_suggests_more_and_relations_between_labels_stay(spread):
    facts = spread.session.library.facts
    labels = list(facts.schema.labels)
    before = [spread.session.threshold(label) for label in labels]
    sliders.drag(spread.session, Scope(), -1.0)
    after = [spread.session.threshold(label) for label in labels]
    assert np.allclose(np.array(before) - np.array(after), 1.0)


def test_a_kept_slider_is_there_after_a_restart(spread):
    from tagger.library.library import Library

    library = spread.session.library
    tags = next(iter(library.facts.schema.groups))
    dog = list(library.facts.schema.labels)[1]
    sliders.keep(spread.session, Scope(), -0.5)
    sliders.keep(spread.session, Scope(group=tags), 0.25)
    sliders.keep(spread.session, Scope(group=tags, label=dog), 0.75)
    with Library(library.places) as again:
        again.use_bundle(library.bundle)
        thresholds = again.facts.thresholds
        assert thresholds.of(dog, tags) == pytest.approx(spread.session.threshold(dog))
        assert thresholds.global_shift == -0.5
    sliders.keep(spread.session, Scope(group=tags, label=dog), 0.0)
    assert dog not in library.facts.thresholds.hand


def test_decisions_do_not_move_with_a_slider(spread):
    library = spread.session.library
    label = list(library.facts.schema.labels)[1]
    draft = library.draft("x")
    draft.decide(library.photos.by_name, label, 1)
    spread.session.act(draft)
    sliders.keep(spread.session, Scope(), 4.0)
    assert (spread.session.states([label])[0][library.photos.by_name] == State.CONFIRMED).all()
