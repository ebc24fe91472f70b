"""Names in tables find the photos they mean, and nothing is guessed."""

import csv
import os
import unicodedata
from pathlib import Path

import numpy as np
from timing import growth

from tagger.library.matching import AMBIGUOUS, MISSING, match_photos

PATHS = [b"photos/a.jpg", b"photos/Big Dog_1.JPG", b"other/b.png", b"84058.jpg"]


def found(names: list[str], paths: list[bytes] = PATHS, folder: str = "") -> list[int]:
    root = Path("/library/data")
    place = Path(os.path.normpath(root / folder))
    return match_photos(names, paths, root, place).slot_index.tolist()


def test_exact_path_then_file_name_then_stem_then_folded():
    assert found(["photos/a.jpg", "b.png", "84058", "big-dog 1", "BIGDOG1.jpg"]) == [0, 2, 3, 1, 1]


def test_index_is_int64():
    assert match_photos(["a.jpg"], PATHS).slot_index.dtype == np.int64


def test_exact_path_wins_over_equal_file_names_elsewhere():
    paths = [b"a.jpg", b"x/a.jpg", b"y/a.jpg"]
    assert found(["a.jpg", "x/a.jpg", "./y/a.jpg", "x\\a.jpg"], paths) == [0, 1, 2, 1]


def test_ambiguous_names_are_reported_with_what_they_could_mean():
    result = match_photos(
        ["a.jpg", "dup", "c.jpg"], [b"x/a.jpg", b"y/a.jpg", b"dup.jpg", b"dup.png"]
    )
    assert result.slot_index.tolist() == [AMBIGUOUS, AMBIGUOUS, MISSING]
    assert result.ambiguous == {0: (0, 1), 1: (2, 3)}
    assert result.missing == [2]


def test_folded_twins_are_ambiguous_but_found_by_their_own_names():
    paths = [b"case.jpg", b"CASE.jpg"]
    assert found(["case.jpg", "CASE.jpg", "Case.jpg"], paths) == [0, 1, AMBIGUOUS]


def test_folders_of_the_name_decide_between_equal_file_names():
    paths = [b"dogs/photos/a.jpg", b"cats/photos/a.jpg"]
    assert found(["photos/a.jpg"], paths) == [AMBIGUOUS]
    assert found(["photos/a.jpg"], paths, folder="cats") == [1]
    assert found(["dogs/photos/a.jpg", "/home/me/cats/photos/a.jpg"], paths) == [0, 1]
    assert found(["photos/a.jpg"], [b"photos2/a.jpg", b"x/photos/a.jpg"]) == [1]


def test_a_table_deeper_in_the_library_is_relative_to_its_own_folder():
    paths = [b"photos/a.jpg", b"dogs/photos/a.jpg"]
    paths += [b"dogs/photos/b.jpg"]
    names = ["photos/a.jpg", "photos/b.jpg", "../photos/a.jpg"]
    assert found(names, paths, folder="dogs") == [1, 2, 0]


def test_a_table_above_the_library_is_relative_to_its_own_folder():
    paths = [b"a.jpg", b"sub/a.jpg"]
    assert found(["data/a.jpg", "/library/data/sub/a.jpg"], paths, folder="..") == [0, 1]


def test_stem_with_another_extension_matches_unless_that_photo_is_named_itself():
    assert found(["a.png"]) == [0]
    assert found(["a.png", "a.jpg"]) == [MISSING, 0]


def test_composed_and_decomposed_accents_are_one_but_twins_stay_apart():
    composed = unicodedata.normalize("NFC", "Café.jpg")
    decomposed = unicodedata.normalize("NFD", "Café.jpg")
    assert found([composed], [decomposed.encode()]) == [0]
    assert found([composed, decomposed], [decomposed.encode(), composed.encode()]) == [1, 0]


def test_awkward_names_are_found_as_listed():
    paths = [b"--help.jpg", b"back\\slash.jpg", b"new\nline.jpg", b"=1+1.jpg", b" leading.jpg"]
    paths += [b"latin1-\xe9\xff.jpg", b"*.jpg"]
    assert found([os.fsdecode(path) for path in paths], paths) == list(range(7))


def test_names_that_are_not_utf8_are_found_as_exports_write_them():
    paths = [b"latin1-\xe9\xff.jpg", b"x.jpg"]
    assert found([paths[0].decode("utf-8", "backslashreplace")], paths) == [0]


def test_every_table_of_the_set_finds_its_photos(test_data: Path):
    tables = {"everyday": "photo", "captions": "photo", "dogs": "photo", "posters": "imdbId"}
    for folder, column in tables.items():
        table = "MovieGenre.csv" if folder == "posters" else "labels.csv"
        with open(test_data / folder / table, encoding="latin-1", newline="") as file:
            names = [row[column] for row in csv.DictReader(file)]
        place = test_data / folder
        paths = sorted(os.fsencode(p.relative_to(place)) for p in place.glob("*/*.jp*g"))
        index = match_photos(names, paths).slot_index
        assert len(names) == len(paths)
        assert sorted(index) == list(range(len(paths)))


def test_ten_times_as_many_names_take_about_ten_times_as_long():
    def match(count):
        paths = [f"{i // 1000:03d}/IMG_{i:06d}.jpg".encode() for i in range(count)]
        names = [f"img-{i:06d}" for i in range(count)]
        index = match_photos(names, paths).slot_index
        assert np.array_equal(index, np.arange(count))

    assert growth(match, 6_000, 60_000) < 30
