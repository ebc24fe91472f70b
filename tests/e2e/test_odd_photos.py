"""Odd, broken and oddly named files among the photos: nothing crashes, everything is told."""

import csv
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pi_heif
import pytest
from library_files import annotations, decided_in, decided_in_catalog, path_of
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTableView, QTreeWidget
from window_hands import at_the_window

from tagger.suggest import client

pytestmark = pytest.mark.slow

LARGEST = 250_000_000
HEIF_NAMES = {".heic", ".heif", ".hif", ".avif"}


def pillow_says(path):
    """Return how a full Pillow decode ends: ok, refused, or either where both are allowed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as picture:
                picture.load()
                other_name = picture.format == "HEIF" and path.suffix.lower() not in HEIF_NAMES
        return "either" if other_name else "ok"
    except Image.DecompressionBombError as error:
        size = int(str(error).split("(")[1].split(" ")[0])
        return "either" if 0 < size <= LARGEST else "refused"
    except Exception:
        return "refused"


@pytest.fixture
def odd(test_data, tmp_path):
    """A folder with everything of awkward, heic and xmp."""
    folder = tmp_path / "odd"
    for name in ("awkward", "heic", "xmp"):
        shutil.copytree(test_data / name, folder / name)
    return folder


def test_a_file_is_a_problem_exactly_if_pillow_refuses_it(model, odd, test_data, tagger):
    pi_heif.register_heif_opener()
    result = tagger("suggest", odd, "--json", seconds=300).json
    assert result["photos"] == result["done"] + len(result["problems"])
    problems = {problem["path"]: problem["reason"] for problem in result["problems"]}
    listed = {path_of(photo).decode() for photo in annotations(odd)["photos"]}
    assert len(listed) == result["photos"]
    wrong = []
    for relative in sorted(listed):
        said = pillow_says(odd / relative)
        if said != "either" and (said == "refused") != (relative in problems):
            wrong.append((relative, said, problems.get(relative)))
    assert wrong == []
    with (test_data / "awkward" / "expected.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["readable"] == "yes"]
    readable = {f"awkward/{row['file']}" for row in rows}
    assert readable - listed <= {"awkward/.hidden.jpg"}, "every readable file is a photo"
    assert all(reason.strip() and "\n" not in reason for reason in problems.values())
    assert not [said for said in problems.values() if "Error" in said or "Traceback" in said]
    again = tagger("suggest", odd, "--json").json
    assert again["done"] == 0
    assert {p["path"]: p["reason"] for p in again["problems"]} == problems


def test_the_window_lists_every_problem_with_its_reason(model, photos, test_data):
    good = photos("dogs", 6)[0]
    folder = good.parent
    broken = ("zero-bytes.jpg", "truncated-half.jpg", "html.jpg", "bad-crc.png")
    for name in broken:
        shutil.copyfile(test_data / "awkward" / name, folder / name)

    def look(hands):
        hands.wait_until_suggested()
        assert hands.window.status.problems.text() == "4 problems"
        assert hands.window.status.photos.text() == "10 photos"
        hands.click_photo(hands.slot("zero-bytes.jpg"))
        hands.press(Qt.Key.Key_Return)
        hands.click_photo(hands.slot(good.name))
        assert hands.shown_labels(), "the good ones go on"
        hands.click(hands.window.status.problems)
        dialog = hands.dialog("ProblemsDialog")
        view = dialog.findChild(QTableView) or dialog.findChild(QTreeWidget)
        model = view.model()
        hands.wait(lambda: model.rowCount() == 4, "all four are listed")
        rows = [
            [str(model.index(row, column).data()) for column in range(model.columnCount())]
            for row in range(4)
        ]
        for name in broken:
            (found,) = [row for row in rows if any(name in cell for cell in row)]
            assert max(map(len, found)) > 10, "with its reason"
        dialog.close()

    at_the_window(str(folder), look)


def test_a_photo_repaired_on_disk_is_suggested_after_a_retry_in_the_window(model, photos):
    folder = photos("dogs", 4)[0].parent
    broken = sorted(folder.iterdir())[1]
    whole = broken.read_bytes()
    broken.write_bytes(whole[:2000])

    def look(hands):
        hands.wait_until_suggested()
        window = hands.window
        assert window.status.problems.text() == "1 problem"
        window.work.watching.watch(False)
        hands.click(window.status.problems)
        dialog = hands.dialog("ProblemsDialog")
        hands.wait(lambda: len(dialog.lines) == 1, "it is listed")
        hands.click(dialog.retry_button)
        hands.wait(lambda: not window.work.suggesting.running, "it was tried again")
        dialog.reload()
        assert len(dialog.lines) == 1, "and is still broken"
        broken.write_bytes(whole)
        hands.click(dialog.retry_button)
        hands.wait(lambda: (dialog.reload(), not dialog.lines)[1], "it is no problem any more")
        dialog.close()
        hands.wait_until_suggested()
        assert not window.status.problems.isVisible()
        hands.click_photo(hands.slot(broken.name))
        assert hands.shown_labels()

    at_the_window(str(folder), look)


def test_a_photo_that_crashes_the_decoder_is_one_line_in_the_list(model, photos, monkeypatch):
    crashing = Path(__file__).parents[1] / "suggest" / "crashing_suggester.py"
    monkeypatch.setattr(client, "suggester_command", lambda: [sys.executable, str(crashing)])
    good = photos("dogs", 30)
    folder = good[0].parent
    shutil.copyfile(good[1], folder / f"{good[1].stem}-segfault.jpg")

    def look(hands):
        hands.wait_until_suggested()
        status = hands.window.status
        assert status.problems.text() == "1 problem"
        assert not hands.window.workspace.notice.isVisible(), "nothing alarming is said"
        hands.click(status.problems)
        dialog = hands.dialog("ProblemsDialog")
        hands.wait(lambda: len(dialog.lines) == 1, "it is listed")
        assert "crashes the decoder" in dialog.lines[0].reason
        assert hands.window.thumbnails.danger(dialog.lines[0].slot), "nor does the window open it"
        dialog.close()
        for slot in hands.window.desk.photos.order.tolist():
            if slot != dialog.lines[0].slot:
                hands.click_photo(slot)
                assert hands.shown_labels()

    at_the_window(str(folder), look)


@pytest.fixture
def named(test_data, tmp_path):
    """A folder of real photos with the names of make_names.py."""
    folder = tmp_path / "named"
    picture = sorted((test_data / "dogs").rglob("*.jpg"))[3]
    script = test_data / "awkward" / "make_names.py"
    subprocess.run([sys.executable, script, folder, picture], check=True, capture_output=True)
    yield folder
    (folder / "read-only-folder").chmod(0o755)


def test_names_of_every_kind_work_throughout(model, named, tagger, tmp_path):
    result = tagger("suggest", named, "--json").json
    assert result["done"] == result["photos"] - len(result["problems"])
    assert result["done"] > 40
    listed = {path_of(photo) for photo in annotations(named)["photos"]}
    hard = [b"latin1-\xe9\xff.jpg", b"a" * 251 + b".jpg", b"--help.jpg", b"new\nline.jpg"]
    hard += ["Cafe\u0301 Mu\u0308nchen.jpg".encode(), "Café München.jpg".encode(), b"=1+1.jpg"]
    assert set(hard) <= listed

    def decide(hands):
        hands.wait_until_suggested()
        for slot in hands.window.desk.photos.order.tolist():
            hands.click_photo(slot)
            hands.press(Qt.Key.Key_Return)
        hands.wait_until_calm()

    at_the_window(os.fspath(named), decide)
    decided = decided_in_catalog(named / ".tagger")
    problems = {os.fsencode(problem["path"]) for problem in result["problems"]}
    assert {path for path, _, _ in decided} == listed - problems
    assert decided_in(annotations(named)) == decided
    come_back(named, tmp_path, tagger, decided)


def come_back(named, tmp_path, tagger, decided):
    """Export in both formats, import each into a copy without any decision, and compare."""
    for format in ("json", "csv"):
        target = tmp_path / f"labels.{format}"
        assert tagger("export", named, "--format", format, "-o", target).code == 0
        copy = tmp_path / f"copy-{format}"
        subprocess.run(["cp", "-a", named, copy], check=True)
        shutil.rmtree(copy / ".tagger")
        (copy / "tagger-annotations.json").unlink()
        answer = tagger("import", copy, target, "--json").json
        assert (answer["missing"], answer["ambiguous"]) == (0, 0)
        confirmed = {key for key, verdict in decided.items() if verdict == "confirmed"}
        found = decided_in_catalog(copy / ".tagger")
        assert {key for key, verdict in found.items() if verdict == "confirmed"} == confirmed
        (copy / "read-only-folder").chmod(0o755)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="every name is Unicode there")
def test_a_folder_whose_own_name_is_not_utf8_works_too(model, photos, tagger, tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9 \xff")
    folder.mkdir()
    for photo in photos("dogs", 3):
        shutil.copy(photo, folder / os.fsdecode(b"\xe9" + os.fsencode(photo.name)))
    (folder / os.fsdecode(b"br\xe9ken.jpg")).write_bytes(b"no photo")
    result = tagger("suggest", folder, "--json").json
    assert (result["photos"], result["done"]) == (4, 3)
    assert [os.fsencode(problem["path"]) for problem in result["problems"]] == [b"br\xe9ken.jpg"]
    assert "ken.jpg: " in tagger("suggest", folder).out

    def decide(hands):
        hands.wait_until_suggested()
        hands.click_photo(int(hands.window.desk.photos.order[-1]))
        hands.press(Qt.Key.Key_Return)
        hands.wait_until_calm()

    at_the_window(os.fspath(folder), decide)
    decided = decided_in(annotations(folder))
    assert decided
    assert {path[:1] for path, _, _ in decided} == {b"\xe9"}
    assert tagger("export", folder, "--format", "csv", "-o", tmp_path / "out.csv").code == 0
