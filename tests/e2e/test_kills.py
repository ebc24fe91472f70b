"""Whenever the program is killed, nothing decided is lost and no file is left half written."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from library_files import (
    ANNOTATIONS,
    annotations,
    as_annotations,
    decided_in,
    decided_in_catalog,
    temporary_files,
)
from window_hands import at_the_window

from tagger.library.cache import EmbeddingStore
from tagger.library.library import Library

SCENES = Path(__file__).with_name("window_scenes.py")
PATIENCE = 60.0

pytestmark = pytest.mark.slow


def wait_for(condition, what, seconds=PATIENCE, pause=0.001):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(pause)


@pytest.fixture
def crowd(photos, tmp_path):
    """A folder of 3,000 photos, so that writing its files takes a moment; with a list of labels."""
    source = photos("everyday", 30)
    folder = tmp_path / "crowd"
    folder.mkdir()
    for number in range(3000):
        os.link(source[number % 30], folder / f"{number:04d}.jpg")
    rows = [f"{number:04d}.jpg,{'sky;water' if number % 3 else 'tree'}" for number in range(3000)]
    (tmp_path / "labels.csv").write_text("photo,labels\n" + "\n".join(rows) + "\n")
    return folder


def test_a_kill_right_after_key_presses_loses_no_decision(model, photos, start):
    folder = photos("dogs", 12)[0].parent
    child = start(SCENES, "confirm_and_die", folder)
    told = [json.loads(line) for line in child.stdout.read().splitlines()]
    assert child.wait() == -signal.SIGKILL
    wanted = {
        (scene["photo"].encode(), group, label): verdict
        for scene, verdict in zip(told, ("confirmed", "rejected"), strict=True)
        for group, label in scene["labels"]
    }
    assert "confirmed" in wanted.values()
    assert "rejected" in wanted.values()
    assert decided_in_catalog(folder / ".tagger") == wanted
    mirrored = folder / ANNOTATIONS
    assert not mirrored.exists() or decided_in(annotations(folder)) != wanted

    def look(hands):
        hands.wait_until_suggested()
        hands.click_photo(hands.slot(told[0]["photo"]))
        shown = {key: entry.state.name for key, entry in hands.shown_labels().items()}
        assert all(shown[group, label] == "CONFIRMED" for group, label in told[0]["labels"])
        hands.wait(
            lambda: mirrored.exists() and decided_in(annotations(folder)) == wanted,
            "the annotation file is written at the next start",
        )

    at_the_window(str(folder), look)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_kill_close_the_window_and_write_everything(model, photos, start, number):
    folder = photos("dogs", 6)[0].parent
    child = start(SCENES, "confirm_and_stay", folder, stderr=subprocess.PIPE)
    told = json.loads(child.stdout.readline())
    child.send_signal(number)
    assert child.wait(20) == 0
    assert b"Traceback" not in child.stderr.read()
    written = decided_in(annotations(folder))
    assert {(group, label) for _, group, label in written} == set(map(tuple, told["labels"]))


def test_without_a_display_there_is_one_sentence(model, photos, tagger, monkeypatch):
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if sys.platform not in ("win32", "darwin"):
        answer = tagger(photos("dogs", 1)[0].parent)
        assert answer.code == 1
        assert len(answer.said) == 1
        assert "no display" in answer.said[0]


def test_a_killed_suggest_goes_on_where_it_was(model, photos, tagger, start):
    folder = photos("everyday", 400)[0].parent
    child = start("-m", "tagger", "suggest", folder)
    cache = folder / ".tagger" / "cache"

    def computed():
        try:
            spaces = list((cache / "embeddings").iterdir())
            if not spaces:
                return 0
            store = EmbeddingStore.open(cache, spaces[0].name, 1280)
            return int((store.signatures() != 0).sum())
        except (OSError, ValueError):
            return 0

    wait_for(lambda: computed() >= 60, "some photos are computed", pause=0.01)
    child.kill()
    child.wait()
    before = computed()
    assert before < 400, "it was killed in the middle"
    rest = tagger("suggest", folder, "--json").json
    assert rest["photos"] == 400
    assert rest["skipped"] >= before - 32
    assert rest["done"] == 400 - rest["skipped"]
    assert 0 < rest["done"] < 400
    assert tagger("suggest", folder, "--json").json["done"] == 0


def killed_while_writing(start, arguments, folder, tries=12):
    """Start the program again and again until it was killed while a file was half written."""
    for _ in range(tries):
        child = start("-m", "tagger", *arguments)
        wait_for(lambda c=child: temporary_files(folder) or c.poll() is not None, "it writes")
        caught = child.poll() is None
        child.kill()
        child.wait()
        left = temporary_files(folder)
        if caught and left:
            return
        for name in left:
            (folder / name).unlink()
    pytest.fail("it was never caught in the middle of writing")


def test_a_kill_while_the_annotation_file_is_written_leaves_the_old_one_whole(
    model, crowd, tagger, start, tmp_path
):
    assert tagger("import", crowd, tmp_path / "labels.csv", "--json").json["photos"] == 3000
    old = (crowd / ANNOTATIONS).read_bytes()
    assert len(decided_in(as_annotations(old.decode()))) == 5000
    killed_while_writing(start, ["undo", crowd], crowd)
    assert (crowd / ANNOTATIONS).read_bytes() == old
    assert decided_in_catalog(crowd / ".tagger") == {}, "what was done is in the catalog"
    listed = tagger("undo", crowd, "--list", "--json")
    assert listed.json["acts"][0]["state"] == "undone"
    assert decided_in(annotations(crowd)) == {}, "and in the annotation file after the next start"


def test_a_kill_while_exporting_leaves_the_old_export_whole(model, crowd, tagger, start, tmp_path):
    target = tmp_path / "out" / "labels.json"
    target.parent.mkdir()
    tagger("import", crowd, tmp_path / "labels.csv")
    export = ["export", crowd, "--format", "json", "-o", target]
    assert tagger(*export).code == 0
    old = target.read_bytes()
    tagger("undo", crowd)
    killed_while_writing(start, export, target.parent)
    assert target.read_bytes() == old
    assert tagger(*export).code == 0
    assert decided_in(as_annotations(target.read_text("utf-8"))) == {}


def test_deleting_the_cache_loses_no_decision(model, photos, test_data, tagger):
    folder = photos("captions", 30)[0].parent
    tagger("import", folder, test_data / "captions" / "labels.csv")
    assert tagger("suggest", folder, "--json").json["done"] == 30
    before, file = decided_in_catalog(folder / ".tagger"), (folder / ANNOTATIONS).read_bytes()
    assert len(before) > 50
    shutil.rmtree(folder / ".tagger" / "cache")
    again = tagger("suggest", folder, "--json").json
    assert (again["done"], again["skipped"]) == (30, 0)
    assert decided_in_catalog(folder / ".tagger") == before
    assert (folder / ANNOTATIONS).read_bytes() == file


def test_a_lost_catalog_comes_back_from_the_annotation_file(model, photos, test_data, tagger):
    folder = photos("captions", 20)[0].parent
    tagger("import", folder, test_data / "captions" / "labels.csv")
    before = decided_in_catalog(folder / ".tagger")
    shutil.rmtree(folder / ".tagger")
    tagger("suggest", folder)
    assert decided_in_catalog(folder / ".tagger") == before
    with Library.open(folder) as library:
        assert len(library.facts.decisions) == len(before)
