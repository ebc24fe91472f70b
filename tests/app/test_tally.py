"""Counts over the whole folder."""

import shutil

import numpy as np

from tagger.app.models.chores import Chores
from tagger.app.models.sidebar import Sidebar
from tagger.app.models.tally import LabelCount, Tally
from tagger.core.states import State
from tagger.library.scan import scan


def label(desk, name):
    schema = desk.session.library.facts.schema
    return next(each.num for each in schema.labels.values() if each.name == name)


def test_counts_equal_the_states(desk, answers):
    desk.selection.choose(int(desk.photos.order[0]))
    answers.confirm()
    answers.reject(label(desk, "cat"))
    desk.chores.finish()
    assert desk.tally.of(label(desk, "dog")) == LabelCount(suggested=3, confirmed=1)
    assert desk.tally.of(label(desk, "cat")) == LabelCount(suggested=3, rejected=1)
    labels = list(desk.session.library.facts.schema.labels)
    states = desk.session.states(labels)
    states[:, ~desk.session.library.photos.present] = State.UNTOUCHED
    assert desk.tally.suggestions.tolist() == (states == State.SUGGESTED).sum(axis=0).tolist()


def test_the_photos_that_change_are_counted_at_once(desk, answers):
    slot = int(desk.photos.order[0])
    assert desk.tally.suggestions[slot] == 4
    desk.selection.choose(slot)
    answers.reject(label(desk, "beach"))
    assert desk.tally.suggestions[slot] == 3, "before any background count"


def test_photos_that_change_during_a_count_are_right_after_it(desk, answers):
    fresh = Tally(desk.session)
    chores = Chores()
    chores.ask("count", fresh.count_all)
    chores.step(0.0)
    chore = fresh.count_all()
    next(chore)
    slot = int(desk.photos.order[0])
    desk.selection.choose(slot)
    answers.confirm()
    fresh.update_photos(np.array([slot]))
    for _ in chore:
        pass
    assert fresh.suggestions[slot] == 0


def test_the_side_bar_lists_labels_in_use_with_counts_and_finds_others_by_synonym(desk):
    sidebar = Sidebar(desk)
    rows = {row.text: row for row in sidebar.rows() if row.label is not None}
    assert set(rows) == {"animal", "dog", "cat", "beach", "Pug"}
    assert (rows["animal"].suggested, rows["animal"].confirmed) == (8, 0)
    sidebar.show_all = True
    assert len([row for row in sidebar.rows() if row.label is not None]) == 18
    sidebar.search = "PUPP"
    assert [row.text for row in sidebar.rows()] == ["tags", "dog"]
    sidebar.search = "zzz"
    assert sidebar.filter_of(sidebar.rows()[0]) is None


def test_a_count_under_way_gives_way_to_photos_that_come_from_elsewhere(desk, photos_folder):
    counting = desk.tally.count_all()
    next(counting)
    shutil.copy(sorted(photos_folder.glob("*.jp*g"))[0], photos_folder / "later.jpg")
    scan(desk.session.library)
    desk.session.library.reload()
    before = dict(desk.tally.labels)
    assert list(counting) == []
    assert desk.tally.labels == before, "the count of fewer photos is dropped"
