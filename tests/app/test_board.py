"""What the right panel says of one photo."""

import math

import pytest

from tagger.core.states import State


def entry(desk, name):
    return next((e for e in desk.board.entries() if e.name == name), None)


def group(desk, name):
    return next(g for g in desk.board.groups if g.name == name)


@pytest.fixture
def pug(desk):
    """The desk with the first photo open: animal .9, dog .8, beach .7, Pug .6."""
    desk.selection.choose(int(desk.photos.order[0]))
    return desk


def test_suggestions_stand_best_first_with_score_and_number(pug):
    tags = group(pug, "tags")
    assert [e.name for e in tags.entries] == ["animal", "dog", "beach"]
    assert [e.state for e in tags.entries] == [State.SUGGESTED] * 3
    assert tags.entries[0].score == pytest.approx(0.9, abs=1e-3)
    assert [e.number for e in pug.board.entries()] == list(range(1, 9)), "then the breeds"


def test_a_single_group_is_ranked_and_only_its_best_is_suggested(pug):
    breed = group(pug, "breed")
    assert [e.name for e in breed.entries][:2] == ["Pug", "Boxer"]
    assert len(breed.entries) == 5
    assert [e.state for e in breed.entries] == [State.SUGGESTED] + [State.UNTOUCHED] * 4


def test_rejecting_the_best_shows_the_next(pug, answers):
    low = group(pug, "breed").entries[1]
    pug.session.library.set_threshold(low.label, -3.0)
    answers.reject(entry(pug, "Pug").label)
    breed = group(pug, "breed")
    assert [(e.name, e.state) for e in breed.entries[:2]] == [
        ("Pug", State.REJECTED),
        ("Boxer", State.SUGGESTED),
    ]
    assert len(breed.entries) == 6, "a further candidate joins the end"


def test_a_gated_group_is_folded_away_with_the_reason(desk):
    desk.selection.choose(int(desk.photos.order[1]))
    breed = group(desk, "breed")
    assert not breed.shown
    assert "dog" in breed.note
    assert all(e.name not in ("Pug", "Boxer") for e in desk.board.entries())


def test_the_order_and_the_keys_are_frozen_while_a_photo_is_open(pug, answers):
    before = {e.name: e.number for e in pug.board.entries()}
    answers.toggle(entry(pug, "beach").label)
    answers.reject(entry(pug, "animal").label)
    from tagger.app.models.completion import Offer

    sky = pug.session.library.facts.schema.label_named(group(pug, "tags").group, "sky")
    answers.add(Offer(sky.num, "sky", sky.group, "tags"))
    tags = group(pug, "tags")
    assert [e.name for e in tags.entries] == ["animal", "dog", "beach", "sky"]
    after = {e.name: e.number for e in pug.board.entries()}
    assert {name: after[name] for name in before if name in after} == {
        name: number for name, number in before.items() if name in after
    }


def test_rejected_labels_are_hidden_when_the_photo_is_opened_again(pug, answers):
    answers.reject(entry(pug, "animal").label)
    assert entry(pug, "animal").state == State.REJECTED
    pug.go(1)
    pug.go(-1)
    assert entry(pug, "animal") is None
    pug.show_rejected(True)
    assert entry(pug, "animal").state == State.REJECTED


def test_a_confirmed_child_implies_its_parent(pug, answers):
    answers.toggle(entry(pug, "dog").label)
    assert entry(pug, "animal").state == State.IMPLIED


def test_audit_photos_show_no_suggestions(pug):
    slot = pug.board.slot
    pug.session.library.catalog.write(
        lambda connection: connection.execute(
            "UPDATE photo SET part = 'audit' WHERE slot = ?", (slot,)
        )
    ).result()
    pug.session.load_audit()
    pug.chores.finish()
    assert pug.board.audit
    assert group(pug, "tags").entries == ()
    assert all(math.isnan(e.score) for e in pug.board.entries())
    assert pug.tally.suggestions[slot] == 0


def test_focus_begins_at_the_best_and_goes_round(pug):
    assert pug.board.focus == entry(pug, "animal").label
    pug.move_focus(-1)
    assert pug.board.focus == pug.board.entries()[-1].label
    pug.move_focus(1)
    assert pug.board.focus == entry(pug, "animal").label


def test_the_filters_label_has_the_focus(desk):
    from tagger.app.models.filters import Filter

    beach = next(
        n for n, each in desk.session.library.facts.schema.labels.items() if each.name == "beach"
    )
    desk.set_filter(Filter(label=beach))
    assert desk.focused_label() == beach
    desk.go(1)
    assert desk.focused_label() == beach
