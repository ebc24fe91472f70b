"""Scanning: new, changed, moved and vanished photos; odd names and kinds of files."""

import os
import shutil
import subprocess
import sys

import pytest

from tagger.core.decisions import Verdict
from tagger.library.library import Library
from tagger.library.opening import OpenError, find_places
from tagger.library.scan import scan
from tests.library.conftest import make_photo


def rescan(library):
    found = scan(library)
    library.reload_photos()
    return found


def paths(library):
    return [library.photos.path(slot) for slot in library.photos.by_name.tolist()]


def test_photos_are_found_below_hidden_ones_and_other_files_are_not(folder):
    make_photo(folder / ".hidden" / "x.jpg", 50)
    make_photo(folder / ".x.jpg", 51)
    (folder / "notes.txt").write_text("no photo")
    shutil.copy(folder / "a" / "0.jpg", folder / "no-extension")
    (folder / "README").write_text("text without extension")
    with Library.open(folder) as library:
        rescan(library)
        assert paths(library) == [
            b"a/0.jpg", b"a/2.jpg", b"a/4.jpg", b"b/1.jpg", b"b/3.jpg", b"no-extension",
        ]  # fmt: skip


def test_a_renamed_photo_keeps_its_id_and_decisions(library, tags, folder):
    slot = int(library.photos.by_name[0])
    draft = library.draft("dog")
    draft.decide(slot, tags["dog"], Verdict.CONFIRMED)
    draft.commit()
    (folder / "new").mkdir()
    (folder / "a" / "0.jpg").rename(folder / "new" / "renamed.jpg")
    found = rescan(library)
    assert found.moved == [slot]
    assert library.photos.path(slot) == b"new/renamed.jpg"
    assert library.photos.count == 5


def test_two_equal_candidates_are_not_guessed_between(library, folder):
    shutil.copy(folder / "a" / "0.jpg", folder / "copy1.jpg")
    (folder / "a" / "0.jpg").rename(folder / "copy2.jpg")
    found = rescan(library)
    assert found.moved == []
    assert sorted(found.unclear_moves) == [b"copy1.jpg", b"copy2.jpg"]


def test_a_vanished_photo_keeps_its_slot_and_may_come_back(library, folder, tmp_path):
    slot = int(library.photos.by_name[0])
    shutil.move(folder / "a" / "0.jpg", tmp_path / "away.jpg")
    assert rescan(library).vanished == 1
    assert not library.photos.present[slot]
    shutil.move(tmp_path / "away.jpg", folder / "a" / "0.jpg")
    rescan(library)
    assert library.photos.present[slot]
    assert library.photos.path(slot) == b"a/0.jpg"


def test_changed_bytes_change_the_signature(library, folder):
    slot = int(library.photos.by_name[0])
    before = library.photos.signature[slot]
    make_photo(folder / "a" / "0.jpg", 99)
    os.utime(folder / "a" / "0.jpg", ns=(1, 1))
    assert rescan(library).changed == [slot]
    assert library.photos.signature[slot] != before


def test_names_of_every_kind_are_kept_as_they_are(test_data, tmp_path):
    script = test_data / "awkward" / "make_names.py"
    target = tmp_path / "names"
    subprocess.run([sys.executable, str(script), str(target)], check=True, capture_output=True)
    with Library.open(target) as library:
        rescan(library)
        for slot in library.photos.by_name.tolist():
            assert os.path.lexists(library.photo_path(slot))
        assert any(b"\xff" in path or b"\xe9" in path for path in paths(library))


def test_pipes_and_looping_links_do_not_block(folder):
    os.mkfifo(folder / "pipe.jpg")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "round").symlink_to(folder)
    with Library.open(folder) as library:
        rescan(library)
        assert {b"pipe.jpg", b"loop.jpg"} <= set(paths(library))
        assert library.photos.count == 7


def test_a_subfolder_of_a_library_opens_the_library(library, folder):
    assert find_places(folder / "a").home == folder


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.write_text("x"), "is a file, not a folder"),
    ],
)
def test_what_is_no_folder_is_refused_in_one_sentence(tmp_path, make, words):
    path = tmp_path / "thing"
    make(path)
    with pytest.raises(OpenError, match=words) as caught:
        Library.open(path)
    assert str(path) in str(caught.value)


def test_a_folder_that_cannot_be_written_is_opened_all_the_same(folder, monkeypatch):
    real = os.mkdir

    def refuse(path, *args, **kwargs):
        if str(path).startswith(str(folder)):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "mkdir", refuse)
    with Library.open(folder) as library:
        rescan(library)
        assert library.photos.count == 5
        assert not library.places.inside
        assert not (folder / ".tagger").exists()


def test_a_catalog_from_a_newer_version_is_refused(library, folder):
    library.catalog.set_meta("format_version", "99")
    with pytest.raises(Exception, match="newer version"):
        Library.open(folder)


def test_a_damaged_catalog_is_named(tmp_path):
    make_photo(tmp_path / "x.jpg", 1)
    (tmp_path / ".tagger").mkdir()
    (tmp_path / ".tagger" / "catalog.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(Exception, match=r"catalog\.sqlite cannot be opened"):
        Library.open(tmp_path)
