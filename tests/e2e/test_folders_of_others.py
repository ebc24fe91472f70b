"""Folders and files that are not ours to write: changed, foreign, read-only, unreadable."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from library_files import (
    ANNOTATIONS,
    annotations,
    decided_in,
    decided_in_catalog,
    without_root_powers,
)
from PySide6.QtWidgets import QPushButton
from window_hands import at_the_window

from tagger.library.opening import find_places

SCENES = Path(__file__).with_name("window_scenes.py")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")


@pytest.fixture
def locked(tmp_path):
    """Take permissions of a folder or file away; they are given back after the test."""
    changed = []

    def lock(path, mode):
        changed.append((path, path.stat().st_mode))
        path.chmod(mode)
        script = "import os, sys; sys.exit(os.access(sys.argv[1], os.W_OK))"
        probe = subprocess.run(
            [sys.executable, "-c", script, str(path)],
            preexec_fn=without_root_powers,
            check=False,
        )
        if probe.returncode:
            pytest.skip("permissions cannot be taken away from this user")

    yield lock
    for path, mode in reversed(changed):
        path.chmod(mode)


def edit(folder):
    """Add a confirmed label to the first photo of the annotation file, as an editor would."""
    path = folder / ANNOTATIONS
    file = annotations(folder)
    photo = file["photos"][0]
    label = file["schema"]["groups"][0]["labels"][0]["name"]
    group = file["schema"]["groups"][0]["name"]
    for listed in file["photos"]:
        for verdict in ("confirmed", "rejected", "unsure"):
            if label in listed.get(verdict, {}).get(group, []):
                listed[verdict][group].remove(label)
    photo.setdefault("confirmed", {}).setdefault(group, []).append(label)
    path.write_text(json.dumps(file, ensure_ascii=False, indent=1), encoding="utf-8")
    return photo["path"].encode(), group, label


@pytest.fixture
def labelled(model, photos, test_data, tagger):
    """A folder with imported labels and suggestions."""
    folder = photos("captions", 12)[0].parent
    tagger("import", folder, test_data / "captions" / "labels.csv")
    assert tagger("suggest", folder, "--json").json["done"] == 12
    return folder


@pytest.mark.slow
def test_a_changed_annotation_file_is_shown_and_taken_in_when_told(labelled):
    key = edit(labelled)
    changed = (labelled / ANNOTATIONS).read_bytes()

    def look(hands):
        hands.wait_until_suggested()
        notice = hands.window.workspace.notice
        hands.wait(notice.isVisible, "the change is told")
        assert "changed by another program" in notice.text.text()
        words = [b.text() for b in notice.findChildren(QPushButton) if b.isVisible()]
        assert words == ["See what differs…", "Take its changes in", "Overwrite it"]
        assert (labelled / ANNOTATIONS).read_bytes() == changed, "nothing is overwritten"
        hands.click(hands.button(notice, "Take its changes in"))
        hands.wait(
            lambda: decided_in_catalog(labelled / ".tagger").get(key) == "confirmed",
            "its changes are in the catalog",
        )
        hands.wait_until_calm()

    at_the_window(str(labelled), look)
    file = annotations(labelled)
    assert decided_in(file) == decided_in_catalog(labelled / ".tagger")
    assert (labelled / ANNOTATIONS).read_bytes() != changed, "it is ours again, one photo a line"


@pytest.mark.slow
def test_a_changed_annotation_file_is_named_by_every_command_and_kept(labelled, tagger):
    edit(labelled)
    changed = (labelled / ANNOTATIONS).read_bytes()
    before = decided_in_catalog(labelled / ".tagger")
    told = tagger("undo", labelled)
    assert told.code == 0
    assert [line for line in told.said if "was changed by another program" in line]
    assert (labelled / ANNOTATIONS).read_bytes() == changed
    assert decided_in_catalog(labelled / ".tagger") != before, "the catalog is the truth"
    again = tagger("suggest", labelled)
    assert [line for line in again.said if "was changed by another program" in line]
    assert (labelled / ANNOTATIONS).read_bytes() == changed


@pytest.mark.slow
def test_a_foreign_file_of_our_name_is_left_alone(model, photos, tagger, start):
    folder = photos("dogs", 8)[0].parent
    foreign = b'{"annotations": [{"image": "a.jpg"}]}\r\n'
    (folder / ANNOTATIONS).write_bytes(foreign)
    told = tagger("suggest", folder)
    assert told.code == 0
    assert [line for line in told.said if "was not written by the tagger" in line]
    child = start(SCENES, "confirm_one", folder)
    out = child.stdout.read()
    assert child.wait() == 0, out
    assert (folder / ANNOTATIONS).read_bytes() == foreign
    ours = decided_in(annotations(folder, "tagger-annotations-2.json"))
    assert ours == decided_in_catalog(folder / ".tagger")
    scene = json.loads(out.splitlines()[0])
    assert len(ours) == len(scene["labels"]) > 0
    assert "is left alone" in scene["notice"]


@pytest.mark.slow
def test_a_read_only_folder_works_with_its_catalog_in_the_user_data_folder(
    model, photos, tagger, start, locked, tmp_path
):
    folder = photos("dogs", 8)[0].parent
    listed = sorted(os.listdir(folder))
    locked(folder, 0o555)
    result = tagger("suggest", folder, "--json", preexec_fn=without_root_powers)
    assert result.json["done"] == 8
    assert [line for line in result.said if "cannot be written" in line], result.err
    child = start(SCENES, "confirm_one", folder, preexec_fn=without_root_powers)
    scene = json.loads(child.stdout.readline())
    assert child.wait() == 0
    assert str(folder) in scene["notice"], "the window says where things are"
    target = tmp_path / "out.json"
    export = ["export", folder, "--format", "json", "-o", target]
    assert tagger(*export, preexec_fn=without_root_powers).code == 0
    assert {key[1:] for key in decided_in(json.loads(target.read_text()))} == {
        tuple(label) for label in scene["labels"]
    }
    assert sorted(os.listdir(folder)) == listed, "nothing was written into it"
    libraries = list((tmp_path / "user-data" / "libraries").iterdir())
    assert len(libraries) == 1
    assert len(decided_in_catalog(libraries[0])) == len(scene["labels"])
    assert annotations(libraries[0])["photos"]


def test_an_unreadable_folder_is_one_sentence(photos, tagger, locked, tmp_path):
    folder = photos("dogs", 2)[0].parent
    locked(folder, 0o000)
    answer = tagger("suggest", folder, preexec_fn=without_root_powers)
    assert answer.code == 1
    assert len(answer.said) == 1
    assert f"{folder} cannot be read" in answer.said[0]


@pytest.mark.slow
def test_what_is_unreadable_in_a_folder_is_told_and_the_rest_goes_on(model, photos, tagger, locked):
    folder = photos("dogs", 5)[0].parent
    closed = folder / "closed"
    closed.mkdir()
    names = sorted(path for path in folder.iterdir() if path.suffix == ".jpg")
    names[0].rename(closed / names[0].name)
    locked(names[1], 0o000)
    locked(closed, 0o000)
    answer = tagger("suggest", folder, "--json", preexec_fn=without_root_powers)
    assert answer.json["photos"] == 4
    assert answer.json["done"] == 3
    (problem,) = answer.json["problems"]
    assert problem["path"] == names[1].name
    assert "permission" in problem["reason"].lower()
    assert [line for line in answer.said if "closed" in line]


def test_where_things_lie_is_the_folder_itself_if_it_can_be_written(photos):
    folder = photos("dogs", 1)[0].parent
    places = find_places(folder)
    assert (places.data, places.inside) == (folder / ".tagger", True)
