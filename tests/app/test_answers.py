"""What a key does, on one photo and on many."""

import numpy as np
import pytest

from tagger.app.models.completion import Offer
from tagger.core.decisions import Verdict, verdicts_of
from tagger.core.states import State


def label(desk, name):
    schema = desk.session.library.facts.schema
    return next(each.num for each in schema.labels.values() if each.name == name)


def verdict(desk, slot, name):
    codes = desk.session.library.facts.decisions.codes(np.array([slot]), label(desk, name))
    return Verdict(int(verdicts_of(codes)[0]))


def state(desk, slot, name):
    return State(int(desk.session.states([label(desk, name)], np.array([slot]))[0, 0]))


@pytest.fixture
def pug(desk):
    desk.selection.choose(int(desk.photos.order[0]))
    return desk


def said(desk):
    texts = []
    desk.said.connect(lambda notice: texts.append(notice.text))
    return texts


def test_enter_confirms_what_is_shown_reviews_and_goes_on_as_one_act(pug, answers):
    slot = pug.board.slot
    answers.confirm()
    for name in ("animal", "dog", "beach", "Pug"):
        assert verdict(pug, slot, name) == Verdict.CONFIRMED
    assert state(pug, slot, "car") == State.ABSENT
    assert state(pug, slot, "Boxer") == State.ABSENT
    assert pug.board.slot == pug.photos.order[1]
    assert len(pug.session.library.acts()) == 1
    answers.undo()
    assert verdict(pug, slot, "dog") == Verdict.NONE
    assert state(pug, slot, "car") == State.UNTOUCHED
    assert pug.board.slot == slot, "undo shows what it changed"


def test_a_confirmed_suggestion_keeps_the_score_and_model_it_answered(pug, answers):
    slot = pug.board.slot
    answers.confirm()
    pug.session.settle()
    row = pug.session.library.catalog.rows(
        "SELECT source, bundle, score FROM decision WHERE photo = ? AND label = ?",
        (slot, label(pug, "dog")),
    )
    source, bundle, score = next(row)
    assert (source, bundle) == ("person", "b" * 32)
    assert score == pytest.approx(0.8, abs=1e-3)


def test_enter_leaves_folded_and_gated_groups_alone(pug, answers):
    slot = pug.board.slot
    breed = pug.session.library.facts.schema.group_named("breed")
    pug.fold(breed.num, True)
    answers.confirm()
    assert verdict(pug, slot, "Pug") == Verdict.NONE
    assert state(pug, slot, "Boxer") != State.ABSENT
    cat = pug.board.slot
    answers.confirm()
    assert state(pug, cat, "cat") == State.CONFIRMED
    assert state(pug, cat, "Boxer") == State.UNTOUCHED


def test_shift_enter_reviews_without_confirming(pug, answers):
    slot = pug.board.slot
    answers.review()
    assert state(pug, slot, "dog") == State.ABSENT
    assert verdict(pug, slot, "dog") == Verdict.NONE
    assert pug.board.slot == pug.photos.order[1]


def test_x_rejects_the_focused_label_and_focuses_the_next(pug, answers):
    slot = pug.board.slot
    answers.reject()
    assert verdict(pug, slot, "animal") == Verdict.REJECTED
    assert state(pug, slot, "dog") == State.ABSENT, "a rejected parent makes its children absent"
    assert pug.focused_label() == label(pug, "beach")


def test_removing_a_confirmed_label_that_is_suggested_is_a_rejection(pug, answers):
    slot = pug.board.slot
    answers.toggle_number(3)
    assert verdict(pug, slot, "beach") == Verdict.CONFIRMED
    answers.toggle_number(3)
    assert verdict(pug, slot, "beach") == Verdict.REJECTED
    answers.toggle_number(3)
    assert verdict(pug, slot, "beach") == Verdict.CONFIRMED


def test_removing_a_confirmed_label_that_is_not_suggested_leaves_nothing(pug, answers):
    slot = pug.board.slot
    car = pug.session.library.facts.schema.labels[label(pug, "car")]
    answers.add(Offer(car.num, "car", car.group, "tags"))
    assert verdict(pug, slot, "car") == Verdict.CONFIRMED
    answers.toggle(car.num)
    assert verdict(pug, slot, "car") == Verdict.NONE


def test_none_of_these_reviews_the_single_group(pug, answers):
    slot = pug.board.slot
    answers.none_of_these()
    assert state(pug, slot, "Pug") == State.ABSENT
    assert next(g for g in pug.board.groups if g.name == "breed").note == "None of these."
    assert state(pug, slot, "dog") == State.SUGGESTED


def test_unsure_on_a_single_group_covers_its_candidates(pug, answers):
    slot = pug.board.slot
    pug.focus(label(pug, "Pug"))
    answers.unsure()
    assert verdict(pug, slot, "Pug") == Verdict.UNSURE
    assert state(pug, slot, "Boxer") == State.UNSURE
    pug.focus(label(pug, "beach"))
    answers.unsure()
    assert verdict(pug, slot, "beach") == Verdict.UNSURE
    assert verdict(pug, slot, "dog") == Verdict.NONE


def test_a_new_label_is_made_and_confirmed_in_one_act(pug, answers):
    tags = pug.session.library.facts.schema.group_named("tags")
    answers.add(Offer(None, "Kite surfing", tags.num, "tags"))
    assert verdict(pug, pug.board.slot, "Kite surfing") == Verdict.CONFIRMED
    assert [act.description for act in pug.session.library.acts()] == [
        "Add “Kite surfing” to 1 photo"
    ]
    answers.undo()
    schema = pug.session.library.facts.schema
    assert schema.label_named(tags.num, "kite surfing") is None


def test_answers_on_many_photos_are_one_bulk_act(desk, answers):
    desk.selection.select_all()
    desk.chores.finish()
    beach = label(desk, "beach")
    assert desk.crowd.entry(beach).suggested == 4
    answers.toggle(beach)
    desk.chores.finish()
    assert desk.crowd.entry(beach).confirmed == 12
    acts = desk.session.library.acts()
    assert [(act.description, act.source) for act in acts] == [
        ("Confirm “beach” on 12 photos", "bulk")
    ]
    answers.undo()
    assert not (desk.session.states([beach])[0] == State.CONFIRMED).any()


def test_many_photos_are_asked_about_first_with_their_number(desk, answers):
    answers.ask_from = 5
    desk.selection.select_all()
    answers.reject(label(desk, "sky"))
    assert "12 photos" in desk.question.text
    assert "12" in desk.question.yes
    assert not desk.session.library.acts()
    answers.confirm()
    assert desk.question is None
    assert len(desk.session.library.acts()) == 1


def test_confirm_all_suggested_on_show_asks_and_counts(desk, answers):
    from tagger.app.models.filters import Filter

    dog = label(desk, "dog")
    desk.set_filter(Filter(label=dog))
    answers.confirm_suggested(dog)
    assert desk.question.yes == "Confirm all 4"
    desk.answer(True)
    assert (desk.session.states([dog], desk.photos.order)[0] == State.CONFIRMED).all()


def test_bulk_acts_do_not_turn_a_persons_verdict_around_unless_told_to(desk, answers):
    beach, first = label(desk, "beach"), int(desk.photos.order[0])
    desk.selection.choose(first)
    answers.reject(beach)
    notices = []
    desk.said.connect(notices.append)
    desk.selection.select_all()
    answers.toggle(beach)
    assert verdict(desk, first, "beach") == Verdict.REJECTED
    assert "1 answer given by a person left as before" in notices[-1].text
    words, override = notices[-1].offers[0]
    assert "1" in words
    override()
    assert verdict(desk, first, "beach") == Verdict.CONFIRMED


def test_enter_on_many_confirms_every_suggestion_of_each(desk, answers):
    desk.selection.select_all()
    answers.confirm()
    first, second = int(desk.photos.order[0]), int(desk.photos.order[1])
    assert state(desk, first, "Pug") == State.CONFIRMED
    assert state(desk, second, "cat") == State.CONFIRMED
    assert state(desk, second, "Boxer") == State.UNTOUCHED, "not asked there"
    assert len(desk.session.library.acts()) == 1


def test_enter_waits_for_the_model_and_shift_enter_does_not(
    desk, answers, photos_folder, test_data
):
    import shutil

    from tagger.library.scan import scan

    new = sorted((test_data / "everyday" / "photos").iterdir())[50]
    shutil.copy(new, photos_folder / "0 new.jpeg")
    scan(desk.session.library)
    desk.session.take_photos(desk.session.read_photos())
    slot = int(desk.photos.order[0])
    desk.selection.choose(slot)
    texts = said(desk)
    answers.confirm()
    assert desk.selection.current == slot
    assert "not answered for this photo" in texts[-1]
    assert not desk.session.library.acts()
    desk.selection.select_all()
    answers.confirm()
    assert not desk.flags.reviewed[slot], "nor does a bulk act review what has no suggestions yet"
    assert desk.flags.reviewed.sum() == 12
    desk.selection.choose(slot)
    answers.review()
    assert desk.flags.reviewed[slot]


def test_undo_says_when_there_is_nothing(desk, answers):
    texts = said(desk)
    answers.undo()
    assert texts == ["There is nothing to undo."]


def test_undo_shows_a_photo_that_the_filter_hides(desk, answers):
    from tagger.app.models.filters import Filter

    first = int(desk.photos.order[0])
    desk.selection.choose(first)
    answers.reject(label(desk, "dog"))
    desk.set_filter(Filter(label=label(desk, "cat")))
    assert not desk.photos.shows(first)
    answers.undo()
    assert desk.selection.current == first


@pytest.mark.parametrize("adopted", [False, True])
def test_a_write_that_fails_is_told_and_the_arrays_go_back(pug, answers, monkeypatch, adopted):
    from tagger.library.catalog import CatalogError

    texts = said(pug)
    slot = pug.board.slot
    if adopted:  # the act then changes no schema, and nobody waits for the disk
        answers.toggle_number(3)
        answers.toggle_number(3)
        pug.session.settle()

    def refuse(*args, **kwargs):
        raise CatalogError("the disk is full: free some space. The last change is not saved.")

    monkeypatch.setattr("tagger.library.acts.apply_act", refuse)
    answers.toggle_number(3)
    pug.session.settle()
    assert any("not saved" in text for text in texts)
    assert verdict(pug, slot, "beach") == (Verdict.REJECTED if adopted else Verdict.NONE)
