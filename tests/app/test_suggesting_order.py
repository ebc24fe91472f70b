"""What is on screen is suggested first, and a pause is felt at once, in the real window."""

import threading

import numpy as np
import pytest
from app_libraries import copy_photos

from tagger.library.keywords import read_new_keywords

pytestmark = pytest.mark.slow

PHOTOS = 240
UNDER_WAY = 40
"""Photos that may lie in the decoders, the basket and the lanes when the queue is changed."""


@pytest.fixture
def window(with_starter, live_window, test_data, tmp_path, qtbot):
    """A folder of 240 photos whose suggesting was paused as soon as it began."""
    folder = copy_photos(test_data, tmp_path / "photos", PHOTOS)
    live_window.open_folder(folder)
    qtbot.waitUntil(
        lambda: live_window.work is not None and bool(live_window.work.suggesting.progress),
        timeout=60_000,
    )
    live_window.pause_or_resume()
    return live_window


def scored_in_order(window):
    found = []
    window.session.scored.connect(
        lambda slots: found.extend([] if slots is None else np.asarray(slots).tolist())
    )
    return found


def test_what_is_scrolled_to_is_suggested_next(window, qtbot):
    qtbot.wait(600)
    grid = window.workspace.grid
    bar = grid.verticalScrollBar()
    before = set(grid.visible_slots().tolist())
    bar.setValue(bar.maximum())
    qtbot.wait(100)
    wanted = set(grid.visible_slots().tolist()) - before
    scores = window.session.library.facts.scores
    wanted -= set(np.flatnonzero(scores.store.signatures()).tolist())
    assert len(wanted) > 10, "the pause came in time"
    order = scored_in_order(window)
    window.pause_or_resume()
    qtbot.waitUntil(lambda: wanted <= set(order), timeout=60_000)
    last = max(order.index(slot) for slot in wanted)
    assert last < len(wanted) + UNDER_WAY
    window.pause_or_resume()


def test_nothing_more_comes_in_after_a_pause_and_it_goes_on_where_it_was(window, qtbot):
    suggesting = window.work.suggesting
    qtbot.wait(400)
    window.pause_or_resume()
    order = scored_in_order(window)
    qtbot.waitUntil(lambda: len(order) > 8, timeout=60_000)
    window.pause_or_resume()
    assert suggesting.in_words()[0].startswith("Paused"), "it is shown at once"
    qtbot.wait(1_000)
    held = len(order)
    qtbot.wait(1_000)
    assert len(order) == held, "a pause holds"
    window.pause_or_resume()
    qtbot.waitUntil(lambda: not suggesting.running, timeout=120_000)
    assert len(order) == len(set(order)), "no photo was done twice"


def test_suggestions_do_not_wait_for_the_keywords_of_a_large_folder(
    with_starter, live_window, photos_folder, qtbot, monkeypatch
):
    suggested = threading.Event()

    def slow_disk(*args):
        assert suggested.wait(60), "suggesting waits for the keywords"
        return read_new_keywords(*args)

    monkeypatch.setattr("tagger.app.opening.read_new_keywords", slow_disk)
    live_window.open_folder(photos_folder)
    qtbot.waitUntil(lambda: live_window.work is not None, timeout=30_000)
    live_window.work.suggesting.finished.connect(lambda result: suggested.set())
    with qtbot.waitSignal(live_window.up_to_date, timeout=60_000):
        pass
    assert suggested.is_set()
    assert not live_window.work.suggesting.running
