"""An open folder is followed: what comes, goes, moves or changes is shown, and disturbs nobody."""

import os
import shutil

import numpy as np
import pytest
from app_libraries import copy_photos
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from tagger.app.models.filters import Filter
from tagger.app.models.notices import Question
from tagger.app.screenshots import wait_until_ready
from tagger.library.catalog import Catalog

pytestmark = pytest.mark.slow

PATIENCE = 20_000


@pytest.fixture
def window(with_starter, live_window, photos_folder, qtbot):
    """A folder of twelve photos, open, suggested, and followed."""
    wait_until_ready(live_window, photos_folder, 120)
    qtbot.wait(600)
    return live_window


def name_of(window, slot):
    return window.session.library.photos.path(slot).decode()


def slot_of(window, name):
    photos = window.session.library.photos
    return next((s for s in photos.by_name.tolist() if photos.path(s) == os.fsencode(name)), None)


def is_suggested(window, slot):
    """Whether its scores are there, and belong to its present bytes."""
    scores = window.session.library.facts.scores.store
    at = np.array([slot])
    return bool(scores.kept(at, window.session.library.photos.signature[at])[0])


def results(window):
    """Gather the results of runs from now on."""
    found = []
    window.work.suggesting.finished.connect(found.append)
    return found


def another(test_data, folder, name, number=30):
    source = sorted((test_data / "everyday" / "photos").iterdir())[number]
    return shutil.copy(source, folder / name)


def test_what_comes_moves_changes_and_goes(window, photos_folder, test_data, qtbot):
    photos = window.desk.photos

    another(test_data, photos_folder, "new.jpg")
    qtbot.waitUntil(lambda: slot_of(window, "new.jpg") is not None, timeout=PATIENCE)
    new = slot_of(window, "new.jpg")
    assert photos.shows(new)
    assert window.status.photos.text() == "13 photos"
    qtbot.waitUntil(lambda: is_suggested(window, new), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not window.work.suggesting.running, timeout=PATIENCE)

    slot = int(photos.order[0])
    window.desk.selection.choose(slot)
    window.answers.confirm()
    decided = window.session.library.facts.decisions.of_photo(slot)
    scores = window.session.logits_of(slot)
    done = results(window)
    (photos_folder / "trip").mkdir()
    (photos_folder / name_of(window, slot)).rename(photos_folder / "trip" / "renamed.jpg")
    qtbot.waitUntil(lambda: slot_of(window, "trip/renamed.jpg") == slot, timeout=PATIENCE)
    assert photos.shows(slot)
    assert np.array_equal(window.session.library.facts.decisions.of_photo(slot), decided)
    assert window.session.logits_of(slot) == scores
    window.work.suggest()
    qtbot.waitUntil(lambda: bool(done), timeout=PATIENCE)
    assert sum(result["decoded"] for result in done) == 0, "a renamed photo is not opened again"

    slot = int(photos.order[3])
    before = window.session.library.photos.signature[slot]
    done.clear()
    another(test_data, photos_folder, name_of(window, slot), 31)
    changed = lambda: window.session.library.photos.signature[slot] != before  # noqa: E731
    qtbot.waitUntil(changed, timeout=PATIENCE)
    qtbot.waitUntil(lambda: is_suggested(window, slot) and bool(done), timeout=PATIENCE)
    assert sum(result["decoded"] for result in done) == 1, "changed bytes are done again"

    (photos_folder / name_of(window, slot)).unlink()
    qtbot.waitUntil(lambda: not photos.shows(slot), timeout=PATIENCE)
    assert window.status.photos.text() == "12 photos"


def test_what_the_user_is_doing_survives_a_photo_that_comes(
    window, photos_folder, test_data, qtbot
):
    desk, grid = window.desk, window.workspace.grid
    copy_photos(test_data, photos_folder / "more", 60)
    qtbot.waitUntil(lambda: len(desk.photos) == 72, timeout=PATIENCE)
    grid.set_side(256)
    first, second = int(desk.photos.order[40]), int(desk.photos.order[42])
    qtbot.waitUntil(lambda: is_suggested(window, first), timeout=PATIENCE)
    qtbot.wait(400)
    desk.selection.choose(first)
    window.answers.confirm()
    desk.selection.choose(first)
    desk.selection.toggle(second)
    chosen = desk.selection.slots().tolist()
    assert sorted(chosen) == sorted([first, second])
    QTest.keyClick(grid, Qt.Key.Key_T)
    field = QApplication.focusWidget()
    QTest.keyClicks(field, "half a la")
    undo = window.session.library.acts()[0].description
    place = grid.cell_rect(second)
    desk.ask(Question("Really?", "Yes", lambda: None))
    another(test_data, photos_folder, "000-comes-first.jpg")
    qtbot.waitUntil(lambda: slot_of(window, "000-comes-first.jpg") is not None, timeout=PATIENCE)
    new = slot_of(window, "000-comes-first.jpg")
    qtbot.waitUntil(lambda: desk.photos.shows(new) and is_suggested(window, new), timeout=PATIENCE)
    assert desk.photos.place(new) == 0
    assert desk.selection.slots().tolist() == chosen
    assert abs(grid.cell_rect(second).top() - place.top()) <= grid.geometry_.cell_height
    assert any(slot in grid.visible_slots() for slot in chosen)
    assert QApplication.focusWidget() is field
    assert field.text() == "half a la"
    assert window.session.library.acts()[0].description == undo
    assert desk.question is not None


def test_a_filtered_list_stands_when_a_photo_comes(window, photos_folder, test_data, qtbot):
    desk = window.desk
    tags = window.session.library.facts.schema.labels
    label = next(num for num in tags if desk.tally.of(num).suggested >= 3)
    desk.set_filter(Filter(label=label))
    shown = desk.photos.order.tolist()
    desk.selection.choose(shown[0])
    window.answers.reject(label)
    assert desk.photos.dimmed[shown[0]]
    another(test_data, photos_folder, "new.jpg")
    qtbot.waitUntil(lambda: slot_of(window, "new.jpg") is not None, timeout=PATIENCE)
    qtbot.wait(500)
    assert desk.photos.filter == Filter(label=label)
    assert [slot for slot in desk.photos.order.tolist() if slot in shown] == shown
    assert desk.photos.dimmed[shown[0]]


def test_what_comes_during_a_pause_waits_with_the_rest(window, photos_folder, test_data, qtbot):
    copy_photos(test_data, photos_folder / "more", 200)
    suggesting = window.work.suggesting
    qtbot.waitUntil(lambda: suggesting.running and bool(suggesting.progress), timeout=PATIENCE)
    window.pause_or_resume()
    qtbot.waitUntil(lambda: suggesting.paused, timeout=PATIENCE)
    another(test_data, photos_folder, "late.jpg", 300)
    qtbot.waitUntil(lambda: slot_of(window, "late.jpg") is not None, timeout=PATIENCE)
    qtbot.wait(1_000)
    assert suggesting.paused
    assert window.status.work.text().startswith("Paused")
    assert not is_suggested(window, slot_of(window, "late.jpg"))
    window.pause_or_resume()
    qtbot.waitUntil(lambda: is_suggested(window, slot_of(window, "late.jpg")), timeout=60_000)


def test_a_folder_out_of_reach_shows_its_photos_as_missing_until_it_is_back(
    window, photos_folder, qtbot, test_data
):
    slot = int(window.desk.photos.order[0])
    elsewhere = photos_folder.with_name("unplugged")
    photos_folder.rename(elsewhere)
    qtbot.waitUntil(lambda: window.session.is_away(slot), timeout=PATIENCE)
    assert "cannot be reached" in window.last_notice
    assert len(window.desk.photos) == 12
    window.workspace.grid.viewport().grab()
    elsewhere.rename(photos_folder)
    another(test_data, photos_folder, "while-away.jpg")
    qtbot.waitUntil(lambda: not window.session.is_away(slot), timeout=PATIENCE)
    qtbot.waitUntil(lambda: slot_of(window, "while-away.jpg") is not None, timeout=PATIENCE)
    assert len(window.desk.photos) == 13


def test_own_files_are_no_news_and_a_foreign_change_of_them_is(window, photos_folder, qtbot):
    looks = []
    window.work.watching._bringing.done.connect(looks.append)
    slot = int(window.desk.photos.order[0])
    window.desk.selection.choose(slot)
    window.answers.confirm()
    written = photos_folder / "tagger-annotations.json"
    decided = lambda: name_of(window, slot) in written.read_text("utf-8")  # noqa: E731
    qtbot.waitUntil(lambda: written.exists() and decided(), timeout=PATIENCE)
    qtbot.wait(1_500)
    assert looks == []

    text = written.read_text("utf-8")
    written.write_text(text.replace('"photos": [', '"photos":  [', 1), "utf-8")
    qtbot.waitUntil(lambda: "changed by another program" in window.last_notice, timeout=PATIENCE)


def test_following_can_be_switched_off_and_does_without_the_systems_help(
    window, photos_folder, test_data, qtbot, monkeypatch
):
    import errno

    def refuse(self, path, *args):
        raise OSError(errno.ENOSPC, "inotify watch limit reached")

    monkeypatch.setattr("watchdog.observers.inotify_c.InotifyFD.add_callback", refuse)
    monkeypatch.setattr("tagger.app.watching.POLL_SECONDS", 0.5)
    window.settings.set("watch", False)
    another(test_data, photos_folder, "new.jpg")
    qtbot.wait(1_200)
    assert slot_of(window, "new.jpg") is None
    window.settings.set("watch", True)
    qtbot.waitUntil(lambda: slot_of(window, "new.jpg") is not None, timeout=PATIENCE)
    assert "within a minute" in window.last_notice


def test_what_the_system_did_not_tell_of_is_found_when_the_user_comes_back(
    window, photos_folder, test_data, qtbot, monkeypatch
):
    monkeypatch.setattr("tagger.library.watching.Watcher.note_file", lambda *args: None)
    monkeypatch.setattr("tagger.library.watching.Watcher.note_tree", lambda *args: None)
    monkeypatch.setattr("tagger.app.watching.RETURN_SECONDS", 0.1)
    monkeypatch.setattr("tagger.app.watching.SHARE", 0)
    another(test_data, photos_folder, "untold.jpg")
    qtbot.wait(1_000)
    assert slot_of(window, "untold.jpg") is None
    other = QWidget()
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    qtbot.waitUntil(lambda: not window.isActiveWindow())
    window.activateWindow()
    qtbot.waitUntil(lambda: slot_of(window, "untold.jpg") is not None, timeout=PATIENCE)


def test_another_folder_in_the_place_of_the_library_is_opened_as_what_it_is(
    window, photos_folder, test_data, qtbot
):
    slot = int(window.desk.photos.order[0])
    window.desk.selection.choose(slot)
    window.answers.confirm()
    qtbot.waitUntil(lambda: not window.session.unsaved, timeout=PATIENCE)
    elsewhere = photos_folder.with_name("before")
    (made := photos_folder.with_name("new")).mkdir()
    copy_photos(test_data, made, 3)
    photos_folder.rename(elsewhere)
    made.rename(photos_folder)
    qtbot.waitUntil(lambda: len(window.desk.photos) == 3, timeout=PATIENCE)
    library = window.session.library
    assert library.acts() == [], "the decisions of the other folder are not taken for this one's"
    catalog = Catalog(elsewhere / ".tagger" / "catalog.sqlite")
    assert catalog.value("SELECT count(*) FROM act") == 1, "and they are all there"
    catalog.close()
