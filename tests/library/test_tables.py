"""Lists of labels are read as they lie in the data folder, without a word of explanation."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from timing import growth

from tagger.library.tables import ImportTable, TableError, TableOptions, read_table


def said(table: ImportTable, verdict: int = 1) -> dict[str, dict[str, list[str]]]:
    """Photo → group → labels with that verdict."""
    groups = list(table.groups)
    found: dict[str, dict[str, list[str]]] = {name: {} for name in table.photo_names}
    for row, group, label, code in zip(
        table.rows, table.group_index, table.label_index, table.verdicts, strict=True
    ):
        if code == verdict:
            name = groups[group]
            labels = found[table.photo_names[row]].setdefault(name, [])
            labels.append(table.vocabulary[name][label])
    return found


def test_everyday_is_a_list_of_tags_with_a_split(test_data: Path):
    table = read_table(test_data / "everyday" / "labels.csv")
    assert table.groups == {"tags": "multi"}
    assert len(table.photo_names) == 4500
    assert len(table.vocabulary["tags"]) == 371
    assert said(table)["photos/1000.jpeg"] == {"tags": ["city", "mountain", "sky", "sun"]}
    assert Counter(table.splits) == {"train": 4000, "val": 500}
    assert len(table.covered_rows) == 4500
    assert len(table.label_sets) == 1
    assert len(table.label_sets[0].labels) == 371
    assert table.problems == []
    assert table.rows.dtype == np.int32
    assert table.verdicts.dtype == np.int8


def test_captions_finds_what_is_unsure_by_itself(test_data: Path):
    table = read_table(test_data / "captions" / "labels.csv")
    assert len(table.vocabulary["tags"]) == 25
    assert np.bincount(table.verdicts).tolist() == [0, 1875, 0, 548]
    assert len(table.covered_rows) == 700
    assert Counter(table.splits) == {"train": 520, "val": 180}


def test_coco_leaves_captions_out_and_says_so(test_data: Path):
    table = read_table(test_data / "coco" / "labels.csv")
    assert len(table.vocabulary["tags"]) == 18
    assert "traffic light" in table.vocabulary["tags"]
    assert table.ignored == ["caption"]


def test_coco_numbers_get_their_names_and_the_whole_vocabulary(test_data: Path):
    names = test_data / "coco" / "label_names.json"
    table = read_table(test_data / "coco" / "train_raw.csv", TableOptions(names=names))
    assert said(table)["1.jpg"] == {"tags": ["person", "horse"]}
    assert table.vocabulary["tags"] == list(json.loads(names.read_text()).values())
    assert len(table.photo_names) == 184


def test_numbers_without_names_are_refused_with_the_option(test_data: Path):
    with pytest.raises(TableError, match=r"train_raw\.csv.*--names"):
        read_table(test_data / "coco" / "train_raw.csv")
    taken = read_table(test_data / "coco" / "train_raw.csv", TableOptions(labels="Labels"))
    assert said(taken)["1.jpg"] == {"tags": ["1", "19"]}


@pytest.mark.parametrize(
    ("folder", "group", "count", "photos"),
    [("dogs", "breed", 79, 79), ("garments", "garment", 17, 901), ("faces", "person", 10, 40)],
)
def test_the_one_column_that_is_left_is_a_single_group(
    test_data: Path, folder: str, group: str, count: int, photos: int
):
    table = read_table(test_data / folder / "labels.csv")
    assert table.groups == {group: "single"}
    assert len(table.vocabulary[group]) == count
    assert len(table.rows) == len(table.covered_rows) == photos


def test_every_attribute_is_a_single_group_and_an_empty_cell_says_nothing(test_data: Path):
    table = read_table(test_data / "attributes" / "labels.csv")
    assert len(table.groups) == 26
    assert set(table.groups.values()) == {"single"}
    assert table.vocabulary["collar"] == ["no", "yes"]
    assert len(table.vocabulary["category"]) == 7
    index = list(table.groups).index("category")
    covered = [table.label_sets[number].group for number in table.covered_sets]
    assert covered.count(index) == np.count_nonzero(table.group_index == index) == 700 - 267
    assert "category" not in said(table)["photos/000006.jpg"]


def test_single_takes_only_the_columns_named(test_data: Path):
    options = TableOptions(single=("sleeve_length", "Neck Line"))
    table = read_table(test_data / "attributes" / "labels.csv", options)
    assert list(table.groups) == ["sleeve_length", "Neck Line"]


def test_films_are_read_although_not_utf8(test_data: Path):
    table = read_table(test_data / "posters" / "MovieGenre.csv")
    assert said(table)["84058"] == {"tags": ["Drama", "Romance"]}
    assert len(table.photo_names) == 713
    assert len(table.vocabulary["tags"]) == 23
    named = read_table(test_data / "posters" / "MovieGenre.csv", TableOptions(group="genre"))
    assert named.groups == {"genre": "multi"}


def test_satellite_tags_are_separated_by_spaces(test_data: Path):
    table = read_table(test_data / "satellite" / "train_v2_sample.csv")
    assert len(table.vocabulary["tags"]) == 17
    assert said(table)["train_21"] == {"tags": ["clear", "primary", "road", "water"]}


def test_scenes_come_from_json_with_their_own_vocabulary(test_data: Path):
    table = read_table(test_data / "scenes" / "annotations.json")
    assert table.vocabulary == {"tags": ["desert", "mountains", "sea", "sunset", "trees"]}
    assert len(table.photo_names) == len(table.covered_rows) == 610
    assert said(table)["21.jpg"] == {"tags": ["desert", "trees"]}


@pytest.mark.parametrize(("folder", "val"), [("posters", 150), ("scenes", 151)])
def test_split_files_are_splits_alone(test_data: Path, folder: str, val: int):
    table = read_table(test_data / folder / "split.csv")
    assert table.groups == {}
    assert len(table.rows) == len(table.covered_rows) == 0
    assert Counter(table.splits)["val"] == val


def test_letter_codes_tell_maybe_from_no(test_data: Path, tmp_path: Path):
    path = tmp_path / "label.csv"
    path.write_text(
        "Images/skirt_length_labels/x.jpg,skirt_length_labels,nnynnm\n"
        "Images/collar_design_labels/y.jpg,collar_design_labels,ynnn\n"
    )
    told = TableOptions(names=test_data / "fashionai" / "groups.json")
    for options in (TableOptions(), told):
        table = read_table(path, options)
        photo = "Images/skirt_length_labels/x.jpg"
        assert table.groups == {"skirt_length": "single"}
        assert said(table) == {photo: {"skirt_length": ["Knee Length"]}}
        assert said(table, 3) == {photo: {"skirt_length": ["Floor Length"]}}
        assert len(table.vocabulary["skirt_length"]) == 6
        reason = "has 4 letters for collar_design, which has 5 known values"
        assert table.problems == [(2, reason)]


def test_letter_codes_of_unknown_groups_ask_for_names(tmp_path: Path):
    path = tmp_path / "label.csv"
    path.write_text("x.jpg,mood_labels,nny\n")
    with pytest.raises(TableError, match=r"label\.csv.*--names"):
        read_table(path)


@pytest.mark.parametrize(
    "name",
    [
        "captions/captions.csv",
        "coco/origin.csv",
        "satellite/tag_counts.csv",
        "awkward/expected.csv",
        "fashionai/groups.json",
        "coco/label_names.json",
        "xmp/subject.png",
        "README.md",
    ],
)
def test_what_is_no_list_of_labels_is_refused_in_one_sentence(test_data: Path, name: str):
    with pytest.raises(TableError) as caught:
        read_table(test_data / name)
    assert Path(name).name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_ten_times_as_many_rows_take_about_ten_times_as_long(tmp_path: Path):
    def read(count):
        path = tmp_path / f"{count}.csv"
        lines = (f"photos/{i}.jpg,label{i % 97};label{i % 89};sky,train" for i in range(count))
        path.write_text("photo,labels,split\n" + "\n".join(lines))
        assert len(read_table(path).covered_rows) == count

    assert growth(read, 6_000, 60_000) < 30
