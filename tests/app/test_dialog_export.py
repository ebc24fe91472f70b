"""Exporting from the window: the same files as the command line, off the window's thread."""

import csv
import json
import threading

import pytest
from dialog_hands import confirm, label_of, press, pressable, says

from tagger.app.dialogs import export_choice
from tagger.app.dialogs.export import open_export
from tagger.app.dialogs.export_choice import ExportChoice, check_target
from tagger.core.errors import TaggerError


@pytest.fixture
def dialog(window):
    opened = open_export(window)
    yield opened
    opened.close()


def choose_form(dialog, form):
    dialog.forms.button(list(export_choice.FORM_TITLES).index(form)).click()


def type_target(dialog, path):
    dialog.target.setText(str(path))
    dialog.target.textEdited.emit(str(path))


def export_to(dialog, qtbot, path):
    type_target(dialog, path)
    press(dialog, "Export")
    qtbot.waitUntil(lambda: not dialog.busy.isVisible())


def test_a_table_has_every_photo_with_its_confirmed_labels(dialog, library, tmp_path, qtbot):
    confirm(library, [2, 3], label_of(library, "tags", "beach"))
    export_to(dialog, qtbot, tmp_path / "labels.csv")
    rows = list(csv.DictReader((tmp_path / "labels.csv").open()))
    assert len(rows) == 12
    assert [row["tags"] for row in rows].count("beach") == 2
    assert says(dialog, "Wrote 12 photos to")
    assert says(dialog, str(tmp_path / "labels.csv"))


def test_scores_are_written_filtered(dialog, library, tmp_path, qtbot):
    choose_form(dialog, "long")
    dialog.scores.setChecked(True)
    dialog.min_score.setValue(0.65)
    export_to(dialog, qtbot, tmp_path / "scores.csv")
    scores = [
        float(row["score"])
        for row in csv.DictReader((tmp_path / "scores.csv").open())
        if row["score"]
    ]
    assert scores
    assert min(scores) >= 0.65


def test_json_is_the_annotation_file_with_scores(dialog, library, tmp_path, qtbot):
    choose_form(dialog, "json")
    dialog.scores.setChecked(True)
    dialog.limit.setChecked(True)
    dialog.top.setValue(1)
    export_to(dialog, qtbot, tmp_path / "all.json")
    data = json.loads((tmp_path / "all.json").read_text("utf-8"))
    assert data["format"] == "tagger-annotations"
    assert all(len(labels) == 1 for photo in data["photos"] for labels in photo["scores"].values())


def test_the_file_is_written_on_another_thread(dialog, tmp_path, qtbot, monkeypatch):
    threads = []
    real = export_choice.export_wide

    def watched(library, target):
        threads.append(threading.current_thread())
        return real(library, target)

    monkeypatch.setattr(export_choice, "export_wide", watched)
    export_to(dialog, qtbot, tmp_path / "labels.csv")
    assert threads
    assert threads[0] is not threading.main_thread()


def test_a_table_with_one_row_per_photo_takes_no_scores(dialog):
    choose_form(dialog, "wide")
    assert not dialog.scores.isEnabled()
    choose_form(dialog, "json")
    assert dialog.scores.isEnabled()


def test_the_last_choice_is_remembered(window, tmp_path, qtbot):
    first = open_export(window)
    choose_form(first, "long")
    first.scores.setChecked(True)
    export_to(first, qtbot, tmp_path / "one.csv")
    first.close()
    second = open_export(window)
    assert second.choice.form == "long"
    assert second.choice.scores
    assert second.target.text().startswith(str(tmp_path))
    second.close()


def test_a_remembered_choice_that_makes_no_sense_is_forgotten():
    assert ExportChoice.recall({"form": "xml", "min_score": "high", "top": 3}).form == "wide"
    assert ExportChoice.recall({"form": "json", "scores": True}).scores


def test_an_existing_file_is_said_to_be_replaced(dialog, tmp_path):
    (tmp_path / "old.csv").write_text("old")
    type_target(dialog, tmp_path / "old.csv")
    assert says(dialog, "old.csv exists and is replaced.")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("photo.jpg", "is the name of a photo"),
        ("tagger-annotations.json", "where the program keeps your work"),
        (".tagger/labels.csv", "the program's own folder"),
        ("no/such/folder/labels.csv", "does not exist"),
    ],
)
def test_what_must_not_be_overwritten_is_refused_in_one_sentence(
    dialog, library, photos_folder, name, sentence
):
    target = photos_folder / name
    with pytest.raises(TaggerError, match=sentence):
        check_target(target, library.places)
    type_target(dialog, target)
    press(dialog, "Export")
    assert sentence in dialog.problem.text()
    assert pressable(dialog, "Export").isEnabled()


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_left(dialog, tmp_path, qtbot):
    (tmp_path / "labels.csv").mkdir()
    export_to(dialog, qtbot, tmp_path / "labels.csv")
    assert says(dialog, "is a folder; give the name of a file.")
    assert [path.name for path in (tmp_path / "labels.csv").iterdir()] == []
