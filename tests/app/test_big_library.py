"""A hundred thousand rows: nothing holds up the window for more than a tenth of a second."""

import time

import numpy as np
import pytest
from app_libraries import big_library
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tagger.app.main import make_application, make_window
from tagger.app.models import sliders, verdicts
from tagger.app.models.filters import Filter, PhotoState
from tagger.app.models.ordering import Order, SortBy
from tagger.library.library import Library

pytestmark = pytest.mark.slow

BLOCK = 0.1
"""Seconds of the GUI thread's own processor time, so that a busy machine fails nothing."""


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """The library on disk, made once."""
    library = big_library(tmp_path_factory.mktemp("big") / "photos")
    found, bundle = library.places, library.bundle
    library.close()
    return found, bundle


@pytest.fixture
def window(places, qtbot):
    found, bundle = places
    library = Library(found)
    library.use_bundle(bundle)
    make_application()
    made = make_window()
    made.resize(1280, 800)
    made.show_library(library)
    made.show()
    qtbot.waitExposed(made)
    work_off(made)
    yield made
    made.close()


def work_off(window):
    """Let the window work until its counts are done; return the longest time it was held up."""
    app, longest = QApplication.instance(), 0.0
    end = time.monotonic() + 60
    while time.monotonic() < end:
        start = time.thread_time()
        app.processEvents()
        longest = max(longest, time.thread_time() - start)
        if not window.desk.chores.busy:
            return longest
    raise AssertionError("the counts never ended")


def held_up(window, work):
    """Do something, paint, and return how long the window was held up at most, the best of 3."""
    times = []
    for _ in range(3):
        start = time.thread_time()
        work()
        QApplication.instance().processEvents()
        first = time.thread_time() - start
        times.append(max(first, work_off(window)))
    return min(times)


def test_filter_sort_select_and_scroll(window):
    desk = window.desk
    schema = window.session.library.facts.schema
    tags, breed = (schema.labels_of(group) for group in schema.groups)
    grid = window.workspace.grid
    bar = grid.verticalScrollBar()
    jobs = {
        "label": lambda: desk.set_filter(Filter(label=tags[5].num)),
        "label of a single group": lambda: desk.set_filter(Filter(label=breed[3].num)),
        "group": lambda: desk.set_filter(Filter(group=breed[0].group)),
        "with suggestions": lambda: desk.set_filter(Filter(PhotoState.SUGGESTED)),
        "unseen": lambda: desk.set_filter(Filter(PhotoState.UNSEEN)),
        "all": lambda: desk.set_filter(Filter()),
        "date": lambda: desk.set_sort(Order(SortBy.DATE)),
        "score": lambda: desk.set_sort(Order(SortBy.SCORE, label=tags[5].num)),
        "name": lambda: desk.set_sort(Order()),
        "select all": desk.selection.select_all,
        "one": lambda: desk.selection.choose(int(desk.photos.order[70_000])),
        "scroll": lambda: bar.setValue(bar.maximum() // 3),
        "size": lambda: grid.set_side(256 if grid.side == 160 else 160),
    }
    times = {name: held_up(window, job) for name, job in jobs.items()}
    slow = {name: round(seconds, 3) for name, seconds in times.items() if seconds > BLOCK}
    assert not slow


def test_drag_a_threshold(window):
    box = window.workspace.sidebar.sliders
    for slider in box.sliders[:3]:
        slider.setSliderDown(True)
        times = []
        for position in (-10, -20, -30, -25, 10):
            times.append(held_up(window, lambda s=slider, p=position: s.setSliderPosition(p)))
            time.sleep(0.04)
        slider.setSliderDown(False)
        work_off(window)
        assert "change" in box.changed.text()
        assert np.median(times) <= BLOCK, times


def test_a_key_press_is_painted_within_50_ms(window):
    window.workspace.grid.setFocus()
    window.desk.selection.choose(int(window.desk.photos.order[40_000]))
    QTest.keyClick(window.workspace.grid, Qt.Key.Key_Return)  # takes the model's labels in
    times = []
    for _ in range(7):
        work_off(window)
        start = time.thread_time()
        QTest.keyClick(window.workspace.grid, Qt.Key.Key_Return)
        window.desk.chores.clear()  # the background count, which waits for its turn
        QApplication.instance().processEvents()
        times.append(time.thread_time() - start)
    assert np.median(times) <= 0.05, times


def test_a_bulk_act_on_ten_thousand_photos_takes_at_most_a_second(window):
    label = list(window.session.library.facts.schema.labels)[5]
    slots = window.desk.photos.order[:10_000]
    start = time.thread_time()
    window.session.act(verdicts.confirm_on(window.session, slots, label))
    window.session.settle()
    took = time.thread_time() - start
    start = time.thread_time()
    window.answers.undo()
    undone = time.thread_time() - start
    assert max(took, undone) <= 1.0, (took, undone)


def test_new_scores_come_in_without_a_block(window):
    rng = np.random.default_rng(1)

    def batch():
        window.session.take_scores(np.sort(rng.choice(90_000, 64, replace=False) + 1))

    assert held_up(window, batch) <= BLOCK


def test_the_count_follows_the_slider_exactly(window):
    facts = window.session.library.facts
    labels = list(facts.schema.labels)
    count = sliders.ChangeCount()
    scope = sliders.Scope(group=next(iter(facts.schema.groups)))
    for _ in count.prepare(window.session, scope):
        pass
    tags = [num for num in labels if facts.schema.labels[num].group == scope.group]
    before = window.session.states(tags) == 1
    start = sliders.value_of(window.session, scope)
    sliders.drag(window.session, scope, start + 0.7)
    changed = (before != (window.session.states(tags) == 1)).any(axis=0)
    changed &= window.session.library.photos.present
    assert count.at(0.7) == changed.sum()
