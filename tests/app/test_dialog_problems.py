"""Problem photos: each with its reason, tried again when told."""

from unittest.mock import patch

import pytest
from dialog_hands import press, says
from PySide6.QtWidgets import QApplication

from tagger.app.dialogs import problems
from tagger.app.dialogs.problems import open_problems
from tagger.library.cache_problems import ProblemTable, new_problem


@pytest.fixture
def broken(library):
    table = ProblemTable(library.places.cache)
    for slot, reason in ((2, "The file is empty."), (3, "This is a web page, not a photo.")):
        table.put(new_problem(slot, 1, "damaged", reason))
    yield table
    table.close()


def test_every_problem_is_listed_with_its_reason(window, broken, library):
    dialog = open_problems(window)
    rows = {row.slot: row.reason for row in dialog.table.rows.rows}
    assert rows == {2: "The file is empty.", 3: "This is a web page, not a photo."}
    assert says(dialog, "2 photos could not be read")
    press(dialog, "Copy the list")
    name = library.photos.path(2).decode()
    assert f"{name}\tThe file is empty." in QApplication.clipboard().text()
    dialog.close()


def test_the_chosen_ones_or_all_are_tried_again(window, broken):
    tried = []
    with patch.object(type(window), "retry_problems", lambda self, slots=None: tried.append(slots)):
        dialog = open_problems(window)
        press(dialog, "Try all again")
        dialog.table.choose(lambda line: line.slot == 3)
        press(dialog, "Try 1 photo again")
    assert tried == [None, [3]]
    dialog.close()


def test_the_list_follows_what_the_suggester_finds(window, broken, qtbot):
    dialog = open_problems(window)
    broken.forget([2])
    dialog.reload()
    assert [row.slot for row in dialog.table.rows.rows] == [3]
    broken.forget([3])
    dialog.reload()
    assert says(dialog, "Every photo could be read")
    dialog.close()


def test_a_photo_is_shown_in_its_folder(window, broken, library, monkeypatch):
    shown = []
    monkeypatch.setattr(problems, "show_in_folder", shown.append)
    dialog = open_problems(window)
    dialog.table.choose(lambda line: line.slot == 2)
    press(dialog, "Show in folder")
    assert shown == [library.photo_path(2)]
    dialog.close()
