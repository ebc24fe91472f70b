"""The five folders are read in their own forms, odd rows named, nothing written."""

import json
import shutil

import numpy as np
import pytest
import recipe_layouts

from tagger.core.errors import TaggerError
from trainer.recipes.forms.common import CHOICE, JUDGED, TRAIN, PhotoFolder
from trainer.recipes.forms.dogs import read_dogs
from trainer.recipes.forms.fashion import (
    known_values,
    read_fashion,
    read_questions,
    value_names,
    write_answers,
)
from trainer.recipes.forms.posters import film_number, read_posters
from trainer.recipes.forms.satellite import read_satellite, read_tags
from trainer.recipes.forms.tags import read_photo_tags
from trainer.recipes.packing import pack_photos
from trainer.recipes.scratch_net import ScratchNet


def listing(folder):
    return sorted((str(path), path.lstat().st_mtime_ns) for path in folder.rglob("*"))


def photo(path, test_data):
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(test_data / "scenes/images/100.jpg", path)


@pytest.fixture
def planet(tmp_path, test_data):
    return recipe_layouts.satellite(test_data, tmp_path / "planet", 40)


def test_planets_own_table_has_the_seventeen_tags_sorted(test_data):
    names, tags, labels = read_tags(test_data / "satellite/train_v2_sample.csv")
    assert len(names) == len(tags) == 600
    assert labels == sorted(labels)
    assert len(labels) == 17
    assert "slash_burn" in labels


def test_planets_split_is_the_sources_and_nothing_is_written(planet):
    before = listing(planet)
    data = read_satellite(planet)
    from sklearn.model_selection import train_test_split

    train, judged = train_test_split(np.arange(40), test_size=0.3, random_state=1)
    assert sorted(train) == data.examples.rows(TRAIN).tolist()
    assert sorted(judged) == data.examples.rows(JUDGED).tolist()
    assert listing(planet) == before


def test_a_photo_is_found_whatever_the_case_and_form_of_its_ending(tmp_path, test_data):
    names = ["a.JPG", "b.jpeg", "c.jpg", "c.JPG", "d.1.png", "deep dir/e.JPEG"]
    for name in names:
        photo(tmp_path / name, test_data)
    found = PhotoFolder(tmp_path)
    asked = ["a", "b.jpg", "c.jpg", "c.JPG", "d.1", "deep dir/e.jpg"]
    assert [found.find(name) for name in asked] == [tmp_path / name for name in names]
    assert [found.find(name) for name in ("", "f", "deep dir/../a", "/a", "deep dir")] == [None] * 5


def test_tables_of_windows_are_read_like_any_other(planet):
    table = planet / "train_v2.csv"
    plain = read_satellite(planet)
    text = table.read_text().replace("\n", "\r\n")
    table.write_bytes(b"\xef\xbb\xbf" + text.encode())
    again = read_satellite(planet)
    assert again.names == plain.names
    assert (again.examples.groups[0].targets == plain.examples.groups[0].targets).all()


def test_missing_satellite_photos_are_counted_and_left_out(planet):
    gone = sorted((planet / "train-jpg").iterdir())[:3]
    for path in gone:
        path.unlink()
    data = read_satellite(planet)
    assert len(data) == 37
    assert data.facts["missing"] == 3
    assert "3 photos" in data.remarks[0]


@pytest.mark.parametrize(
    ("row", "says"),
    [("train_x,", "line 42: there is no tag"), (",clear", "line 42: there is no name")],
)
def test_a_broken_row_of_planets_table_is_named_with_its_line(planet, row, says):
    with (planet / "train_v2.csv").open("a") as file:
        file.write(row + "\n")
    with pytest.raises(TaggerError, match=says):
        read_satellite(planet)


def test_a_folder_in_another_form_is_refused_in_one_sentence(tmp_path, test_data):
    for read in (read_satellite, read_dogs, read_posters, read_photo_tags, read_fashion):
        with pytest.raises(TaggerError, match="does not exist"):
            read(tmp_path / "nowhere")
        with pytest.raises(TaggerError) as refused:
            read(test_data / "coco/..")
        assert str(refused.value).count("\n") == 0


def test_dog_folders_give_breeds_and_parts(tmp_path, test_data):
    folder = recipe_layouts.dogs(test_data, tmp_path / "dogs", per_kind=8)
    (folder / "test/099.Stranger").mkdir()
    photo(folder / "test/099.Stranger/x.jpg", test_data)
    (folder / "train/001.Blazer/notes.txt").write_text("no photo")
    data = read_dogs(folder)
    group = data.examples.groups[0]
    assert group.labels[0] == "Blazer"
    assert len(group.labels) == 17
    assert set(data.examples.parts) == {TRAIN, CHOICE, JUDGED}
    assert any("099.Stranger" in remark for remark in data.remarks)
    row = data.names.index(next(name for name in data.names if name.startswith("test/017.")))
    assert group.answers[row] == 16


def test_without_test_folders_valid_judges_and_train_alone_is_drawn(tmp_path, test_data):
    folder = recipe_layouts.dogs(test_data, tmp_path / "dogs", per_kind=8)
    shutil.rmtree(folder / "test")
    assert set(read_dogs(folder).examples.parts) == {TRAIN, JUDGED}
    shutil.rmtree(folder / "valid")
    drawn = read_dogs(folder)
    assert set(drawn.examples.parts) == {TRAIN, CHOICE, JUDGED}
    assert read_dogs(folder).examples.parts.tolist() == drawn.examples.parts.tolist()


def test_posters_are_read_in_latin_1_and_rare_genres_dropped_by_share(test_data):
    data = read_posters(test_data / "posters")
    labels = data.examples.groups[0].labels
    assert len(data) == 713
    assert (data.examples.parts == JUDGED).sum() == 150
    assert data.facts["fewest_films"] == 18
    assert set(data.facts["dropped_genres"]) == {"News", "Short", "Western"}
    assert labels[0] == "Drama"
    assert any("\u00cc" in title for title in data.facts["titles"].values())


def test_films_without_poster_genre_or_number(tmp_path, test_data):
    folder = tmp_path / "films"
    for number in (11, 12, 13, 14):
        photo(folder / f"posters/{number}.jpg", test_data)
    rows = ["imdbId,Imdb Link,Title,IMDB Score,Genre,Poster"]
    rows += [f"{n},,T{n},,{g}," for n, g in ((11, "Drama"), (12, ""), (13, "Drama|War"))]
    rows += ["tt0000014,,T,,War,", "15,,T,,War,", "11,,T,,Comedy,"]
    (folder / "MovieGenre.csv").write_bytes("\r\n".join(rows).encode("latin-1"))
    data = read_posters(folder)
    assert sorted(data.names) == ["posters/11.jpg", "posters/13.jpg", "posters/14.jpg"]
    said = dict(zip(data.names, data.examples.groups[0].targets.sum(axis=1), strict=True))
    assert said["posters/11.jpg"] == 2
    assert any("missing" in remark for remark in data.remarks)
    assert any("without a genre" in remark for remark in data.remarks)
    with (folder / "MovieGenre.csv").open("ab") as file:
        file.write(b"\r\nnonsense,,T,,War,")
    with pytest.raises(TaggerError, match="line 8: “nonsense” is no IMDB number"):
        read_posters(folder)


def test_imdb_numbers_are_told_in_all_their_spellings():
    assert {film_number(t) for t in ("114709", "tt0114709", "0114709", "114709.0")} == {"114709"}


def test_tags_keep_the_top_labels_and_the_first_photos(tmp_path, test_data):
    folder = recipe_layouts.tags(test_data, tmp_path / "tags", 300)
    data = read_photo_tags(folder)
    assert len(data.examples.groups[0].labels) == 27
    few = read_photo_tags(folder, top_labels=5, first_photos=50)
    assert len(few.examples.groups[0].labels) == 5
    assert (few.examples.parts == TRAIN).sum() == 50
    support = data.examples.only(data.examples.rows(TRAIN)).groups[0].support
    assert support.min() >= 1


def test_one_json_with_and_without_a_split(tmp_path, test_data):
    folder = recipe_layouts.scene_tags(test_data, tmp_path / "scenes")
    data = read_photo_tags(folder)
    assert (data.examples.parts == JUDGED).sum() == 151
    assert data.split == "split.csv"
    (folder / "split.csv").unlink()
    drawn = read_photo_tags(folder)
    assert (drawn.examples.parts == JUDGED).sum() == 102


def test_a_photo_in_both_files_and_a_broken_sample_are_refused(tmp_path, test_data):
    folder = recipe_layouts.tags(test_data, tmp_path / "tags", 60)
    train = json.loads((folder / "small_train.json").read_text())
    test = json.loads((folder / "small_test.json").read_text())
    both = test | {"samples": [*test["samples"], train["samples"][0]]}
    (folder / "small_test.json").write_text(json.dumps(both))
    with pytest.raises(TaggerError, match="both"):
        read_photo_tags(folder)
    (folder / "small_test.json").write_text(json.dumps({"samples": [{"image_name": "x.jpg"}]}))
    with pytest.raises(TaggerError, match="sample 1 lacks"):
        read_photo_tags(folder)
    (folder / "small_test.json").write_text("{broken")
    with pytest.raises(TaggerError, match="not valid JSON"):
        read_photo_tags(folder)


@pytest.fixture
def contest(tmp_path, test_data):
    """Three photos in FashionAI's own groups, with a maybe, a photo in two rows, and oddities."""
    folder = tmp_path / "fashion"
    rows = [
        "Images/a.jpg,coat_length_labels,nnynnnnn",
        "Images/a.jpg,collar_design_labels,nmynn",
        "Images/b.jpg,collar_design_labels,ynnnn",
        "Images/c.jpg,collar_design_labels,nnnnm",
        "Images/gone.jpg,collar_design_labels,nnnny",
        "Images/c.jpg,odd_labels,nny",
    ]
    for name in "abc":
        photo(folder / f"Images/{name}.jpg", test_data)
    (folder / "Annotations").mkdir()
    (folder / "Annotations/label.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_fashion_groups_values_and_what_is_not_known(contest):
    before = listing(contest)
    data = read_fashion(contest)
    groups = {group.name: group for group in data.examples.groups}
    row = {name: at for at, name in enumerate(data.names)}
    assert groups["coat_length"].labels[2] == "Regular Length"
    assert groups["odd"].labels == ("0", "1", "2")
    assert groups["collar_design"].answers[row["Images/a.jpg"]] == 2
    assert groups["collar_design"].answers[row["Images/c.jpg"]] < 0
    assert groups["coat_length"].answers[row["Images/b.jpg"]] < 0
    assert data.maybe["collar_design"][row["Images/a.jpg"]].tolist()[1]
    assert data.facts["rows"]["collar_design"] == 4
    fewer = data.without([0], "cannot be read")
    assert len(fewer.maybe["collar_design"]) == len(fewer) == len(data) - 1
    assert "1 photo" in data.remarks[0]
    assert listing(contest) == before


def test_names_only_where_group_and_count_are_known():
    assert len(known_values()) == 8
    assert value_names("pant_length", 6)[-1] == "Full Length"
    assert value_names("pant_length", 5) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("Images/a.jpg,collar_design_labels,nnx", "line 7: “nnx”"),
        ("Images/a.jpg,collar_design_labels,ny", "line 7: collar_design_labels has 2 values here"),
        ("Images/a.jpg,collar_design_labels", "line 7: expected path, group and letters"),
    ],
)
def test_a_broken_row_of_the_label_file_is_named(contest, row, says):
    with (contest / "Annotations/label.csv").open("a") as file:
        file.write(row + "\n")
    with pytest.raises(TaggerError, match=says):
        read_fashion(contest)


def test_answers_have_the_questions_rows_and_eight_decimals(tmp_path):
    table = tmp_path / "question.csv"
    table.write_text("Images/a.jpg,skirt_length_labels,\nImages/b.jpg,coat_length_labels,\n")
    questions = read_questions(table)
    assert [question.group for question in questions] == ["skirt_length", "coat_length"]
    write_answers(tmp_path / "answer.csv", questions, [[0.5, 0.25, 0.25], [1 / 3, 2 / 3]])
    assert (tmp_path / "answer.csv").read_text() == (
        "Images/a.jpg,skirt_length_labels,0.50000000;0.25000000;0.25000000\n"
        "Images/b.jpg,coat_length_labels,0.33333333;0.66666667\n"
    )


@pytest.mark.parametrize("compressed", [True, False])
def test_photos_are_packed_once_outside_the_folder_and_broken_ones_named(
    planet, own_user_data, compressed
):
    photos = sorted((planet / "train-jpg").iterdir())[:6]
    broken = photos[2].parent / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff not a photo")
    before = listing(planet)
    preprocessing = ScratchNet(32).preprocessing
    first = pack_photos([*photos, broken], preprocessing, compressed=compressed)
    files = listing(own_user_data / "packs")
    again = pack_photos([*photos, broken], preprocessing, compressed=compressed)
    assert again.unreadable == first.unreadable == {6}
    assert all((first.read(row) == again.read(row)).all() for row in range(7))
    assert [name for name, _ in listing(own_user_data / "packs")] == [name for name, _ in files]
    assert listing(planet) == before
