"""Photos get their part once; near twins share it; nothing that trained ever judges."""

import json

import numpy as np
import pytest

from tagger.library.cache_hashes import HashStore
from tagger.library.library import Library
from tagger.library.parts import ASIDE, AUDIT, HELD_OUT, TRAIN, assign_parts
from tagger.library.roles import NoSuchSplit, read_roles
from tagger.library.scan import scan
from tagger.library.twins import twin_groups
from tests.library.conftest import make_photo


def parts_of(library):
    rows = library.catalog.rows("SELECT path, part FROM photo WHERE NOT missing")
    return {path.decode(): part for path, part in rows}


def grown(folder, count):
    for number in range(count):
        make_photo(folder / f"more-{number}.jpg", 1000 + number, (16, 16))


def opened(folder):
    library = Library.open(folder)
    scan(library)
    library.reload_photos()
    return library


def keep_hashes(library, hashes):
    """Keep perceptual hashes as the suggester does: path → hash."""
    rows = dict(library.catalog.rows("SELECT path, slot FROM photo"))
    slots = np.array([rows[path.encode()] for path in hashes], np.int64)
    store = HashStore.open(library.places.cache, writable=True)
    store.write(slots, np.array(list(hashes.values()), np.uint64), library.photos.signature[slots])
    store.close()


def test_four_of_five_photos_train_and_the_draw_is_kept(folder):
    grown(folder, 400)
    with opened(folder) as library:
        assert assign_parts(library) == 405
        first = parts_of(library)
        assert assign_parts(library) == 0
    share = list(first.values()).count(TRAIN) / len(first)
    assert 0.74 < share < 0.86
    assert set(first.values()) == {TRAIN, HELD_OUT}, "no audit set below 2,000 photos"
    with opened(folder) as again:
        grown(folder, 420)
        scan(again)
        again.reload_photos()
        assert assign_parts(again) == 20
        later = parts_of(again)
    assert {path: later[path] for path in first} == first


def test_drawing_marks_the_annotation_file_as_out_of_date(library):
    before = library.catalog.meta("revision")
    assign_parts(library)
    assert library.catalog.meta("revision") != before
    assert not library.changed_elsewhere().result(), "it was this process that wrote"


def test_newcomers_inherit_the_part_of_their_near_twin(folder):
    grown(folder, 60)
    with opened(folder) as library:
        assign_parts(library)
        parts = parts_of(library)
        train = next(path for path, part in parts.items() if part == TRAIN)
        held = next(path for path, part in parts.items() if part == HELD_OUT)
        for number in range(3):
            make_photo(folder / f"new-{number}.jpg", 5000 + number, (16, 16))
        scan(library)
        library.reload_photos()
        one, other = 0x0123456789ABCDEF, 0xF0F0F0F0F0F0F0F0
        near_both = {"new-0.jpg": one ^ 0b101, "new-1.jpg": other ^ (1 << 63)}
        keep_hashes(library, {train: one, held: other, **near_both})
        assign_parts(library)
        parts = parts_of(library)
    assert parts["new-0.jpg"] == TRAIN
    assert parts["new-1.jpg"] == HELD_OUT


def test_a_newcomer_like_both_sides_is_set_aside(folder):
    grown(folder, 60)
    with opened(folder) as library:
        assign_parts(library)
        parts = parts_of(library)
        train = next(path for path, part in parts.items() if part == TRAIN)
        held = next(path for path, part in parts.items() if part == HELD_OUT)
        make_photo(folder / "new.jpg", 5000)
        scan(library)
        library.reload_photos()
        keep_hashes(library, {train: 0b111, held: 0b111000, "new.jpg": 0b011011})
        assign_parts(library)
        assert parts_of(library)["new.jpg"] == ASIDE
        roles = read_roles(library)
        slot = library.catalog.value("SELECT slot FROM photo WHERE path = ?", (b"new.jpg",))
        assert not roles.trains[slot]
        assert not roles.judges[slot]


@pytest.mark.slow
def test_large_libraries_reserve_an_audit_set_that_neither_trains_nor_judges(folder):
    grown(folder, 2100)
    with opened(folder) as library:
        assign_parts(library)
        roles = read_roles(library)
        audited = roles.part == AUDIT
        assert 190 <= audited.sum() <= 210
        assert not (audited & (roles.trains | roles.judges)).any()
        grown(folder, 2600)
        scan(library)
        library.reload_photos()
        assign_parts(library)
        more = (read_roles(library).part == AUDIT).sum()
    assert audited.sum() < more < 290, "newcomers below the same rank join"


def test_the_users_split_goes_before_the_drawn_part(library):
    assign_parts(library)
    slots = np.flatnonzero(library.photos.present).tolist()
    draft = library.draft("Split")
    draft.set_split(slots[:4], ["train", "val", "test", "holdout"])
    draft.commit().saved.result()
    roles = read_roles(library)
    assert roles.trains[slots[:4]].tolist() == [True, False, False, False]
    assert roles.judges[slots[:4]].tolist() == [False, True, False, True], "test never judges"
    assert np.flatnonzero(roles.chosen("val")).tolist() == [slots[1]]
    assert np.flatnonzero(roles.chosen("test")).tolist() == [slots[2]]
    with pytest.raises(NoSuchSplit, match="“holdout”"):
        roles.chosen("nowhere")


def test_val_means_held_out_where_the_user_gave_no_split(folder):
    grown(folder, 40)
    with opened(folder) as library:
        assign_parts(library)
        roles = read_roles(library)
        np.testing.assert_array_equal(roles.chosen("val"), roles.chosen("held-out"))
        assert roles.chosen("val").any()
        assert roles.chosen("all").sum() == 45


def test_twins_are_found_in_any_band_and_not_beyond_three_bits():
    hashes = np.array([0, 1 << 60, 0b111 << 20, 0b1111 << 40, 2**64 - 1], np.uint64)
    taken = np.full(5, np.nan)
    found = twin_groups(hashes, np.ones(5, bool), taken, [None] * 5)
    assert found.tolist() == [0, 0, 0, 3, 4]
    unknown = twin_groups(hashes, np.zeros(5, bool), taken, [None] * 5)
    assert unknown.tolist() == [0, 1, 2, 3, 4]


def test_shots_of_one_camera_within_ten_seconds_are_one_moment():
    taken = np.array([100.0, 109.0, 118.5, 130.0, 101.0, np.nan])
    cameras = ["A", "A", "A", "A", "B", "A"]
    found = twin_groups(np.zeros(6, np.uint64), np.zeros(6, bool), taken, cameras)
    assert found.tolist() == [0, 0, 0, 3, 4, 5]


def test_parts_come_back_with_the_annotation_file(folder):
    from tagger.library.mirror import restore_from_file, write_mirror

    grown(folder, 10)
    with opened(folder) as library:
        assign_parts(library)
        before = parts_of(library)
        write_mirror(library.places, library.catalog)
        (folder / ".tagger" / "catalog.sqlite").rename(folder / "gone.sqlite")
    written = json.loads((folder / "tagger-annotations.json").read_text())
    assert {entry["path"]: entry["split"] for entry in written["photos"]} == before
    with opened(folder) as anew:
        restore_from_file(anew)
        assert parts_of(anew) == before
