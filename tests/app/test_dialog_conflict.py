"""A changed annotation file: what differs is said, and nothing happens before it is told."""

import json

import pytest
from dialog_hands import confirm, label_of, press, says

from tagger.app.dialogs.annotation_conflict import open_annotation_conflict
from tagger.app.dialogs.annotation_difference import compare_with_file, difference_words
from tagger.core.decisions import is_confirmed


@pytest.fixture
def written(window, library, qtbot):
    """The annotation file, written by the window: two photos with *beach*."""
    confirm(library, [1, 2], label_of(library, "tags", "beach"))
    window.mirror.touch()
    path = library.places.annotations
    qtbot.waitUntil(lambda: path.exists() and '"beach"' in path.read_text(), timeout=10_000)
    return path


def edit(path, library):
    """Somebody takes *beach* from one photo, gives another *sky*, and knows a new label."""
    data = json.loads(path.read_text("utf-8"))
    photos = {photo["path"]: photo for photo in data["photos"]}
    first, third = (library.photos.path(slot).decode() for slot in (1, 3))
    del photos[first]["confirmed"]
    photos[first].pop("why", None)
    photos[third]["confirmed"] = {"tags": ["moon"]}
    tags = next(group for group in data["schema"]["groups"] if group["name"] == "tags")
    tags["labels"].append({"id": "f" * 32, "name": "moon"})
    path.write_text(json.dumps(data), "utf-8")


def conflict(window, library, written, qtbot):
    edit(written, library)
    confirm(library, [5], label_of(library, "tags", "beach"))
    window.mirror.touch()
    qtbot.waitUntil(lambda: window.mirror.state.conflict, timeout=10_000)
    dialog = open_annotation_conflict(window)
    qtbot.waitUntil(lambda: dialog.take_button.isEnabled())
    return dialog


def confirmed(library, name):
    photos, codes = library.facts.decisions.of_label(label_of(library, "tags", name))
    return photos[is_confirmed(codes)].tolist()


def test_what_differs_is_said_in_counts(window, library, written, qtbot):
    edit(written, library)
    found = compare_with_file(library, written)
    assert (len(found.photos), found.added, found.removed) == (2, 1, 1)
    assert found.new_labels == ("tags/moon",)
    said = difference_words(found)
    assert "1 label more in the file" in said
    assert "1 new label: tags/moon" in said


def test_a_file_that_says_the_same_differs_in_nothing(library, written):
    written.write_text(json.dumps(json.loads(written.read_text("utf-8"))), "utf-8")
    assert compare_with_file(library, written).is_empty


def test_later_changes_neither_side(window, library, written, qtbot):
    dialog = conflict(window, library, written, qtbot)
    before = written.read_bytes()
    press(dialog, "Later")
    assert written.read_bytes() == before
    assert confirmed(library, "beach") == [1, 2, 5]


def test_their_changes_come_in_as_one_act_that_undo_takes_back(window, library, written, qtbot):
    dialog = conflict(window, library, written, qtbot)
    assert says(dialog, "Nothing was overwritten")
    press(dialog, "Take its changes in")
    tags = library.facts.schema
    qtbot.waitUntil(lambda: library.facts.schema is not tags, timeout=10_000)
    assert confirmed(library, "moon") == [3]
    assert confirmed(library, "beach") == [2], "the file is the truth that was asked for"
    window.session.undo()
    assert confirmed(library, "beach") == [1, 2, 5]
    qtbot.waitUntil(lambda: not window.mirror.state.conflict, timeout=10_000)


def test_overwriting_writes_what_the_catalog_says(window, library, written, qtbot):
    dialog = conflict(window, library, written, qtbot)
    press(dialog, "Overwrite with mine")
    qtbot.waitUntil(lambda: not window.mirror.state.conflict, timeout=10_000)
    data = json.loads(written.read_text("utf-8"))
    assert sum("beach" in p.get("confirmed", {}).get("tags", ()) for p in data["photos"]) == 3


def test_a_damaged_file_can_only_be_overwritten_or_left(window, library, written, qtbot):
    written.write_text(written.read_text("utf-8")[:400], "utf-8")
    window.mirror.touch()
    dialog = open_annotation_conflict(window)
    qtbot.waitUntil(dialog.problem.isVisible)
    assert "is not complete JSON" in dialog.problem.text()
    assert not dialog.take_button.isEnabled()
    dialog.close()
