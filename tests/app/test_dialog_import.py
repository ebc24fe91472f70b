"""Importing from the window: shown before, correctable, one act, conflicts in the user's hands."""

import shutil

import pytest
from dialog_hands import confirm, label_of, press, pressable, says

from tagger.app.dialogs.import_labels import open_import_labels
from tagger.app.dialogs.import_preview import in_window_words, make_preview
from tagger.core.decisions import Verdict, verdicts_of
from tagger.library.library import Library
from tagger.library.tables import TableOptions


@pytest.fixture
def dialog(window):
    opened = open_import_labels(window)
    yield opened
    opened.close()


@pytest.fixture
def names(library):
    return [library.photos.path(slot).decode() for slot in library.photos.by_name.tolist()]


def read(dialog, qtbot, path):
    before = dialog.preview
    dialog.read(path)
    qtbot.waitUntil(lambda: dialog.preview is not before and not dialog.busy.isVisible())


def take_in(dialog, qtbot, words="Import"):
    press(dialog, words)
    qtbot.waitUntil(lambda: dialog.pages.shown is dialog.done_page and not dialog.busy.isVisible())


def verdict(library, slot, label):
    return Verdict(int(verdicts_of(library.facts.decisions.codes([slot], label))[0]))


def test_what_a_list_holds_is_said_before_anything_is_taken_in(dialog, library, test_data, qtbot):
    acts = len(library.acts())
    read(dialog, qtbot, test_data / "everyday" / "labels.csv")
    assert says(dialog, "12 of 4,500 photos are in this library.")
    assert dialog.columns.chosen == {"photo": "photo", "labels": "labels", "split": "split"}
    assert dict(dialog.preview.lines)["Split"] == "train 4,000 and val 500"
    assert len(library.acts()) == acts


def test_an_import_is_one_act_and_undo_takes_it_back(dialog, library, window, test_data, qtbot):
    read(dialog, qtbot, test_data / "everyday" / "labels.csv")
    take_in(dialog, qtbot)
    decided = len(library.facts.decisions)
    assert decided > 20
    assert says(dialog, f"Imported {decided} labels")
    assert says(dialog, "12 photos of this library are on the list.")
    assert "4,488 photos not in this library:" in dialog.done_page.names.toPlainText()
    assert library.acts(1)[0].source == "import:labels.csv"
    press(dialog, "Undo the import")
    assert len(library.facts.decisions) == 0
    assert says(dialog, "The import was undone")


def test_columns_can_be_read_otherwise_than_they_were_found(
    dialog, library, names, tmp_path, qtbot
):
    path = tmp_path / "list.csv"
    lines = [f"{name},day,5,no" for name in names]
    path.write_text("\n".join(["photo,light,stars,blurred", *lines]))
    read(dialog, qtbot, path)
    roles = dialog.columns.combos
    assert dialog.columns.chosen["light"] == "single"
    roles["light"].setCurrentIndex(roles["light"].findText("not read"))
    roles["light"].activated.emit(0)
    qtbot.waitUntil(
        lambda: not dialog.busy.isVisible() and "light" not in dialog.preview.table.groups
    )
    take_in(dialog, qtbot)
    assert library.facts.schema.group_named("light") is None
    assert library.facts.schema.group_named("blurred").kind == "single"


def test_a_doubt_is_said_in_the_words_of_the_window_and_can_be_settled(
    dialog, test_data, library, qtbot, names
):
    read(dialog, qtbot, test_data / "coco" / "train_raw.csv")
    assert dialog.preview.table is None
    assert says(dialog, "choose “Names” with a JSON file that names them")
    assert "--" not in dialog.problem.text()
    assert not pressable(dialog, "Import").isEnabled()
    dialog.options.names.setText(str(test_data / "coco" / "label_names.json"))
    dialog.options.changed.emit()
    qtbot.waitUntil(lambda: dialog.preview.table is not None)
    assert "person" in dialog.preview.table.vocabulary["tags"]


def test_a_persons_answers_are_kept_until_the_list_is_told_to_win(
    dialog, library, names, tmp_path, qtbot
):
    beach, car = label_of(library, "tags", "beach"), label_of(library, "tags", "car")
    slots = library.photos.by_name.tolist()
    draft = library.draft("Reject")
    draft.decide(slots[:2], beach, Verdict.REJECTED)
    draft.commit().saved.result()
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["photo,labels", *(f"{name},beach;car" for name in names[:3])]))
    read(dialog, qtbot, path)
    take_in(dialog, qtbot)
    assert verdict(library, slots[0], beach) == Verdict.REJECTED
    assert verdict(library, slots[0], car) == Verdict.CONFIRMED
    assert says(dialog, "2 answers that a person gave say otherwise than the list, and were kept.")
    take_in(dialog, qtbot, "Let the list win: change 2 answers")
    assert verdict(library, slots[0], beach) == Verdict.CONFIRMED
    press(dialog, "Undo the import")
    assert verdict(library, slots[0], beach) == Verdict.REJECTED
    assert verdict(library, slots[0], car) == Verdict.CONFIRMED


def test_a_list_is_complete_for_its_own_labels_unless_told_otherwise(
    dialog, library, names, tmp_path, qtbot
):
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["photo,labels", *(f"{name},beach" for name in names[:3])]))
    dialog.options.complete.setChecked(False)
    read(dialog, qtbot, path)
    take_in(dialog, qtbot)
    tags = library.facts.schema.group_named("tags").num
    assert not library.facts.reviews.column(tags, library.facts.slots).any()


def test_the_librarys_own_file_is_taken_in_whole(dialog, window, library, qtbot):
    confirm(library, [1, 2], label_of(library, "tags", "beach"))
    window.mirror.touch()
    path = library.places.annotations
    qtbot.waitUntil(lambda: path.exists() and '"confirmed"' in path.read_text(), timeout=8_000)
    copy = path.read_text()
    label = label_of(library, "tags", "beach")
    path.write_text(
        copy.replace('"confirmed": {"tags": ["beach"]}', '"unsure": {"tags": ["beach"]}')
    )
    read(dialog, qtbot, path)
    take_in(dialog, qtbot)
    assert verdict(library, 1, label) == Verdict.UNSURE


@pytest.mark.parametrize("name", ["missing.csv", "folder", "cut.json", "picture.csv"])
def test_a_file_that_is_no_list_is_refused_in_one_sentence(
    dialog, library, tmp_path, test_data, qtbot, name
):
    (tmp_path / "folder").mkdir()
    whole = (test_data / "scenes" / "annotations.json").read_text()
    (tmp_path / "cut.json").write_text(whole[: len(whole) // 2])
    shutil.copy(next((test_data / "everyday" / "photos").iterdir()), tmp_path / "picture.csv")
    read(dialog, qtbot, tmp_path / name)
    sentence = dialog.problem.text()
    assert sentence.endswith(".")
    assert name in sentence
    assert "Traceback" not in sentence
    assert not pressable(dialog, "Import").isEnabled()


@pytest.mark.parametrize(
    ("file", "group", "labels"),
    [
        ("scenes/annotations.json", "tags", 5),
        ("posters/MovieGenre.csv", "tags", 23),
        ("garments/labels.csv", "garment", 17),
        ("satellite/train_v2_sample.csv", "tags", 17),
    ],
)
def test_lists_are_understood_as_they_lie(library, test_data, file, group, labels):
    preview = make_preview(library, test_data / file, TableOptions())
    assert preview.problem == ""
    assert len(preview.table.vocabulary[group]) == labels


def test_command_line_options_do_not_show_in_the_window():
    told = in_window_words("x.csv: say it with --labels COLUMN (several) or --single COLUMN (one).")
    assert told == "x.csv: say it with “labels” (several) or “one label” (one)."


def test_an_import_that_ends_after_another_folder_was_opened_disturbs_nothing(
    window, library, test_data, tmp_path, qtbot, photos_folder
):
    dialog = open_import_labels(window)
    read(dialog, qtbot, test_data / "everyday" / "labels.csv")
    (tmp_path / "other").mkdir()
    press(dialog, "Import")
    window.open_folder(tmp_path / "other")
    with qtbot.waitSignal(window.opened, timeout=20_000):
        pass
    window.background.close()
    assert window.session.library.places.home == tmp_path / "other"
    with Library.open(photos_folder) as again:
        assert len(again.facts.decisions) > 20, "what was told to be imported is there"
