"""Scanning only what changed: parts of a folder, late moves, roots out of reach."""

import shutil

import pytest

from tagger.core.decisions import Verdict
from tagger.library.scan import scan
from tagger.library.settling import EVERYTHING, Scope
from tests.library.conftest import make_photo


def look(library, *folders, trees=(), growing=()):
    scope = Scope(
        folders=frozenset((1, path) for path in folders),
        trees=frozenset((1, path) for path in trees),
        growing=frozenset((1, path) for path in growing),
    )
    found = scan(library, scope=scope)
    library.reload_photos()
    return found


def slot_of(library, path):
    return next(s for s in library.photos.by_name.tolist() if library.photos.path(s) == path)


def test_only_the_touched_folder_is_looked_at(library, folder):
    make_photo(folder / "a" / "new.jpg", 20)
    make_photo(folder / "b" / "unseen.jpg", 21)
    (folder / "b" / "1.jpg").unlink()
    found = look(library, b"a")
    assert [library.photos.path(slot) for slot in found.new] == [b"a/new.jpg"]
    assert found.vanished == 0
    assert look(library, b"b").vanished == 1


def test_a_look_at_a_folder_says_nothing_of_folders_below_it(library, folder):
    make_photo(folder / "top.jpg", 22)
    found = look(library, b"")
    assert [library.photos.path(slot) for slot in found.new] == [b"top.jpg"]
    assert found.vanished == 0
    assert library.photos.count == 6


def test_a_tree_that_moved_keeps_its_photos(library, folder):
    slots = {slot_of(library, path) for path in (b"a/0.jpg", b"a/2.jpg", b"a/4.jpg")}
    (folder / "a").rename(folder / "c")
    found = look(library, b"", trees=[b"a", b"c"])
    assert set(found.moved) == slots
    assert found.new == []
    assert found.unreadable == []
    assert library.photos.count == 5


def test_a_growing_file_is_left_for_later(library, folder):
    make_photo(folder / "a" / "new.jpg", 20)
    assert not look(library, b"a", growing=[b"a/new.jpg"]).anything
    assert len(look(library, b"a").new) == 1


@pytest.mark.parametrize("scope", [EVERYTHING, Scope(folders=frozenset({(1, b"a"), (1, b"b")}))])
def test_a_copy_whose_original_is_deleted_later_is_a_move(library, tags, folder, scope):
    slot = slot_of(library, b"a/0.jpg")
    draft = library.draft("dog")
    draft.decide(slot, tags["dog"], Verdict.CONFIRMED)
    draft.commit()
    shutil.copy2(folder / "a" / "0.jpg", folder / "b" / "copy.jpg")
    assert len(scan(library, scope=scope).new) == 1
    (folder / "a" / "0.jpg").unlink()
    assert scan(library, scope=scope).moved == [slot]
    library.reload_photos()
    assert library.photos.path(slot) == b"b/copy.jpg"
    assert library.photos.count == 5
    (folder / "b" / "copy.jpg").rename(folder / "b" / "again.jpg")
    assert scan(library, scope=scope).moved == [slot], "nothing stands in the way of the next move"


def test_a_copy_somebody_worked_on_stays_a_photo_of_its_own(library, tags, folder):
    shutil.copy2(folder / "a" / "0.jpg", folder / "b" / "copy.jpg")
    copy = look(library, b"b").new[0]
    draft = library.draft("cat")
    draft.decide(copy, tags["cat"], Verdict.CONFIRMED)
    draft.commit().saved.result()
    (folder / "a" / "0.jpg").unlink()
    found = look(library, b"a")
    assert found.moved == []
    assert library.photos.path(copy) == b"b/copy.jpg"


@pytest.mark.parametrize("emptied", [False, True])
def test_a_root_out_of_reach_keeps_what_is_known(library, folder, emptied):
    folder.rename(folder.with_name("elsewhere"))
    if emptied:
        folder.mkdir()
    found = scan(library)
    assert found.away == [1]
    assert not found.anything
    library.reload_photos()
    assert library.photos.count == 5
