"""What cannot be right is said in one clear sentence, and the rest goes on."""

import json
import shutil

import pytest
from library_files import ANNOTATIONS, annotations, decided_in, decided_in_catalog
from PySide6.QtCore import Qt
from window_hands import at_the_window

from tagger.bundle.store import BundleStore
from tagger.library.places import user_folder


def one_sentence(answer, *words):
    assert answer.code == 1, answer.err
    assert len(answer.said) == 1, answer.err
    assert answer.out == ""
    for word in words:
        assert str(word) in answer.said[0]


@pytest.mark.parametrize("command", [["suggest"], ["evaluate"], ["train"], []])
def test_a_missing_folder_and_a_file_are_named(tagger, tmp_path, command):
    (tmp_path / "notes.txt").write_text("text")
    one_sentence(tagger(*command, tmp_path / "nowhere"), tmp_path / "nowhere", "does not exist")
    one_sentence(tagger(*command, tmp_path / "notes.txt"), "notes.txt", "is a file")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "user-data") == [
        "notes.txt"
    ]


@pytest.mark.slow
def test_an_empty_folder_opens_and_waits_for_photos(model, tmp_path, tagger, photos):
    folder = tmp_path / "empty"
    folder.mkdir()
    assert tagger("suggest", folder, "--json").json["photos"] == 0
    assert tagger("export", folder, "--format", "csv", "-o", tmp_path / "out.csv").code == 0

    def look(hands):
        hands.wait_until_suggested()
        assert hands.window.status.photos.text() == "0 photos"
        for key in (Qt.Key.Key_Return, Qt.Key.Key_X, Qt.Key.Key_Space, Qt.Key.Key_Z):
            hands.press(key)
        assert decided_in_catalog(folder / ".tagger") == {}

    at_the_window(str(folder), look)


@pytest.mark.slow
def test_the_window_says_what_cannot_be_opened_and_keeps_what_is_open(model, photos, tmp_path):
    folder = photos("dogs", 4)[0].parent
    other = tmp_path / "other"
    (other / ".tagger").mkdir(parents=True)
    (other / ".tagger" / "catalog.sqlite").write_bytes(b"this is no database, really not" * 99)

    def look(hands):
        hands.wait_until_suggested()
        notice = hands.window.workspace.notice
        for wrong, words in ((tmp_path / "nowhere", "does not exist"), (other, "catalog")):
            hands.window.open_folder(wrong)
            hands.wait(
                lambda w=words: notice.isVisible() and w in notice.text.text(),
                f"it is said: {words}",
            )
            assert "Traceback" not in notice.text.text()
            assert "\n" not in notice.text.text()
        assert hands.window.session.library.places.home == folder
        hands.click_photo(hands.window.desk.photos.order[0])
        hands.press(Qt.Key.Key_Return)
        hands.wait_until_calm()
        assert decided_in_catalog(folder / ".tagger")

    at_the_window(str(folder), look)


@pytest.mark.slow
def test_what_is_no_bundle_is_refused_by_name(model, photos, tagger, tmp_path):
    folder = photos("dogs", 4)[0].parent
    store = BundleStore(user_folder("bundles"))
    (tmp_path / "wrong.tagmodel").write_bytes(b"PK\x03\x04 not really")
    (tmp_path / "wrong.onnx").write_bytes(b"\x08\x07 nor this")
    half = tmp_path / "half"
    shutil.copytree(store.folder(model), half)
    described = json.loads((half / "bundle.json").read_text())
    del described["preprocessing"]
    (half / "bundle.json").write_text(json.dumps(described))
    for wrong, word in (
        (folder, "dogs"),
        (tmp_path / "wrong.tagmodel", "wrong.tagmodel"),
        (half, "preprocessing"),
    ):
        answer = tagger("models", "add", wrong)
        assert answer.code == 1
        assert word in answer.said[-1]
        assert "Traceback" not in answer.err
        assert len(answer.said) <= 2
    answer = tagger("models", "add", tmp_path / "wrong.onnx")
    assert (answer.code, "wrong.onnx" in answer.err) == (1, True)
    assert "Traceback" not in answer.err
    one_sentence(tagger("models", "use", "ffffffff", "--library", folder), "ffffffff")
    assert [spec.bundle_id for spec in store.list()] == [model]


@pytest.mark.slow
def test_a_bundle_that_was_damaged_computes_nothing_and_the_window_goes_on(model, photos, tagger):
    folder = photos("dogs", 4)[0].parent
    graph = BundleStore(user_folder("bundles")).folder(model) / "model.onnx"
    data = bytearray(graph.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    graph.write_bytes(data)
    answer = tagger("suggest", folder)
    assert answer.code == 1
    assert "Traceback" not in answer.err

    def look(hands):
        hands.wait(lambda: hands.told, "it says that it cannot")
        notice = hands.window.workspace.notice
        assert notice.isVisible()
        hands.click_photo(hands.window.desk.photos.order[0])
        hands.press(Qt.Key.Key_T)
        hands.type("dog")
        hands.press(Qt.Key.Key_Return)
        hands.wait_until_calm()
        assert "confirmed" in decided_in_catalog(folder / ".tagger").values()

    at_the_window(str(folder), look)


@pytest.mark.slow
def test_missing_photos_are_counted_and_named_and_the_rest_goes_in(model, photos, tagger, tmp_path):
    folder = photos("dogs", 3)[0].parent
    names = sorted(path.name for path in folder.glob("*.jpg"))
    table = tmp_path / "list.csv"
    table.write_text(f"photo,labels\n{names[0]},dog\ngone.jpg,cat\n{names[1]},dog;cat\n")
    answer = tagger("import", folder, table, "--json")
    assert (answer.json["photos"], answer.json["missing"]) == (2, 1)
    assert [line for line in answer.said if "gone.jpg" in line]
    assert len(decided_in_catalog(folder / ".tagger")) >= 3
    table.write_text("photo,labels\nnever.jpg,dog\nnor-this.jpg,cat\n")
    answer = tagger("import", folder, table, "--json")
    assert (answer.json["photos"], answer.json["missing"]) == (0, 2)


@pytest.mark.slow
def test_json_cut_in_half_changes_nothing(model, photos, test_data, tagger, tmp_path):
    folder = photos("scenes", 4)[0].parent
    whole = (test_data / "scenes" / "annotations.json").read_bytes()
    assert tagger("import", folder, test_data / "scenes" / "annotations.json").code == 0
    before, file = decided_in_catalog(folder / ".tagger"), (folder / ANNOTATIONS).read_bytes()
    assert before
    (tmp_path / "half.json").write_bytes(whole[: len(whole) // 2])
    one_sentence(tagger("import", folder, tmp_path / "half.json"), "half.json")
    assert decided_in_catalog(folder / ".tagger") == before
    (folder / ANNOTATIONS).write_bytes(file[: len(file) // 2])
    answer = tagger("suggest", folder)
    assert answer.code == 0
    assert [line for line in answer.said if ANNOTATIONS in line]
    assert (folder / ANNOTATIONS).read_bytes() == file[: len(file) // 2], "nothing is overwritten"
    shutil.rmtree(folder / ".tagger")
    answer = tagger("suggest", folder)
    assert [line for line in answer.said if ANNOTATIONS in line]
    assert "Traceback" not in answer.err
    (folder / ANNOTATIONS).write_bytes(file)
    shutil.rmtree(folder / ".tagger")
    assert tagger("suggest", folder).code == 0
    assert decided_in(annotations(folder)) == before
