"""Tables of every make: encodings, delimiters, quoting, damage, JSON, and our own exports."""

import json
import random
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.core.names import clean_name
from tagger.library.table_cells import join_names, neutral, restored, split_names
from tagger.library.tables import ImportTable, TableError, TableOptions, read_table


def read(tmp_path: Path, content: str | bytes, name: str = "t.csv", **options) -> ImportTable:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, TableOptions(**options))


def labels(table: ImportTable, verdict: int = 1) -> dict[str, list[str]]:
    """Photo → `group/label` with that verdict, sorted."""
    found: dict[str, list[str]] = {name: [] for name in table.photo_names}
    groups = list(table.groups)
    for row, group, label, code in zip(
        table.rows, table.group_index, table.label_index, table.verdicts, strict=True
    ):
        if code == verdict:
            name = groups[group]
            text = f"{name}/{table.vocabulary[name][label]}"
            found[table.photo_names[row]].append(text)
    return {name: sorted(texts) for name, texts in found.items()}


def read_or_sentence(tmp_path: Path, content: bytes) -> ImportTable | str:
    try:
        return read(tmp_path, content, "t.txt")
    except TableError as error:
        return str(error)


def covered(table: ImportTable) -> set[tuple[str, str]]:
    groups = list(table.groups)
    return {
        (table.photo_names[row], groups[table.label_sets[number].group])
        for row, number in zip(table.covered_rows, table.covered_sets, strict=True)
    }


# -- text -------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_encodings_and_line_ends_are_told_by_themselves(
    tmp_path: Path, encoding: str, line_end: str
):
    text = line_end.join(["photo,labels", "Übung.jpg,Käfer;dog", ""])
    table = read(tmp_path, text.encode(encoding))
    assert labels(table) == {"Übung.jpg": ["tags/Käfer", "tags/dog"]}


def test_western_letters_are_guessed_and_others_asked_for(tmp_path: Path):
    western = "photo,labels\nb.jpg,Käfer;Straße\n"
    assert labels(read(tmp_path, western.encode("latin-1")))["b.jpg"][0] == "tags/Käfer"
    russian = "photo,labels\nb.jpg,собака;кошка\n"
    with pytest.raises(TableError, match=r"t\.csv.*--encoding"):
        read(tmp_path, russian.encode("cp1251"))
    table = read(tmp_path, russian.encode("cp1251"), encoding="cp1251")
    assert labels(table)["b.jpg"] == ["tags/кошка", "tags/собака"]


def test_an_unknown_or_wrong_encoding_is_one_sentence(tmp_path: Path):
    with pytest.raises(TableError, match="klingon is not an encoding"):
        read(tmp_path, "photo,labels\na.jpg,x\n", encoding="klingon")
    with pytest.raises(TableError, match="another --encoding"):
        read(tmp_path, "photo,labels\na.jpg,ä\n".encode("latin-1"), encoding="utf-8")


@pytest.mark.parametrize(
    "text", ["photo;labels\na.jpg;dog,cat\n", "photo\tlabels\na.jpg\tdog|cat\n"]
)
def test_other_delimiters_and_separators(tmp_path: Path, text: str):
    assert labels(read(tmp_path, text)) == {"a.jpg": ["tags/cat", "tags/dog"]}


def test_excel_line_with_the_delimiter(tmp_path: Path):
    table = read(tmp_path, "sep=;\r\nphoto;labels\r\na.jpg;dog,cat\r\n;x\r\n")
    assert labels(table) == {"a.jpg": ["tags/cat", "tags/dog"]}
    assert table.problems == [(4, "names no photo")]


def test_quoted_cells_hold_delimiters_quotes_and_line_breaks(tmp_path: Path):
    table = read(tmp_path, 'photo,labels\n"new\nline, ""x"".jpg","dog;cat, big"\nb.jpg\n')
    assert labels(table) == {'new\nline, "x".jpg': ["tags/cat, big", "tags/dog"]}
    assert table.problems == [(4, "has 1 cells where the first line has 2")]


def test_huge_cells_are_read(tmp_path: Path):
    table = read(tmp_path, f'photo,labels,notes\na.jpg,dog,"{"x" * 2_000_000}"\n')
    assert labels(table) == {"a.jpg": ["tags/dog"]}


def test_ragged_rows_are_reported_by_line_and_the_rest_goes_in(tmp_path: Path):
    text = "photo,labels,split\na.jpg,dog,train\nb.jpg,cat,dog,train\nc.jpg\n\nd.jpg,dog\n,x,val\n"
    table = read(tmp_path, text)
    assert labels(table) == {"a.jpg": ["tags/dog"], "d.jpg": ["tags/dog"]}
    assert [line for line, _ in table.problems] == [3, 4, 7]


def test_a_quotation_mark_that_never_closes_is_one_sentence(tmp_path: Path):
    with pytest.raises(TableError, match="line 3"):
        read(tmp_path, 'photo,labels\na.jpg,dog\nb.jpg,"cat\nc.jpg,dog\n')


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_one_sentence(tmp_path: Path, content: str):
    with pytest.raises(TableError, match=r"t\.csv is empty"):
        read(tmp_path, content)


def test_missing_files_and_folders_are_one_sentence(tmp_path: Path):
    with pytest.raises(TableError, match="There is no file"):
        read_table(tmp_path / "gone.csv")
    with pytest.raises(TableError, match="is a folder"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    "name", ["captions/labels.csv", "posters/MovieGenre.csv", "scenes/annotations.json"]
)
def test_damaged_tables_are_read_or_refused_in_one_sentence(
    test_data: Path, tmp_path: Path, name: str
):
    whole = (test_data / name).read_bytes()[:2000]
    dice = random.Random(7)
    for _ in range(200):
        data = bytearray(whole[: dice.randrange(1, len(whole))])
        for _ in range(dice.randrange(8)):
            place = dice.randrange(len(data))
            data[place:place] = dice.choice([b'"', b"\n", b"\r", b"\0", b",", b";", b"\xff", b"}"])
        outcome = read_or_sentence(tmp_path, bytes(data))
        assert isinstance(outcome, ImportTable) or ("t.txt" in outcome and "\n" not in outcome)


# -- columns ----------------------------------------------------------------------------------


def test_columns_are_told_by_options_in_any_spelling(tmp_path: Path):
    text = "nr,Bild Datei,was,sicher,teil\n1,a,dog/cat,cow,A\n"
    table = read(
        tmp_path, text, photo="bild_datei", labels="Was", separator="/", unsure="sicher",
        split="teil", group="Tiere",
    )  # fmt: skip
    assert labels(table) == {"a": ["Tiere/cat", "Tiere/dog"]}
    assert labels(table, 3) == {"a": ["Tiere/cow"]}
    assert table.splits == ["A"]


def test_an_option_that_names_no_column_lists_the_columns(tmp_path: Path):
    with pytest.raises(TableError, match=r"no column tagz \(--labels\); it has photo, labels"):
        read(tmp_path, "photo,labels\na.jpg,x\n", labels="tagz")


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("picture,image\na.jpg,b.jpg\n", "--photo"),
        ("photo,tags,keywords\na.jpg,x;y,z;w\n", "--labels"),
        ("photo,labels\na,big dog\nb,big cat\nc,big red dog\n", "--separator"),
        ("photo,labels\na,x;y\nb,x|y\n", "--separator"),
        ("photo,size\na.jpg,1.5\n", "--single"),
        ("image,split,subset\na.jpg,x,y\n", "--split"),
        ("a,b\n1,2\n", "--photo"),
    ],
)
def test_a_doubt_names_the_option_that_settles_it(tmp_path: Path, text: str, option: str):
    with pytest.raises(TableError) as caught:
        read(tmp_path, text)
    assert option in str(caught.value)
    assert "t.csv" in str(caught.value)


def test_names_with_spaces_are_not_torn_apart(tmp_path: Path):
    table = read(tmp_path, "image,labels\na,traffic light\nb,dog\nc,fire hydrant\n")
    assert labels(table)["a"] == ["tags/traffic light"]


def test_a_photo_is_found_by_its_picture_names_and_by_unique_ids(tmp_path: Path):
    assert labels(read(tmp_path, "x,labels\na.jpg,dog;cat\n")) == {
        "a.jpg": ["tags/cat", "tags/dog"]
    }
    assert labels(read(tmp_path, "filmId,labels\n7,dog;cat\n")) == {"7": ["tags/cat", "tags/dog"]}


def test_columns_called_like_groups_of_the_library_are_theirs(tmp_path: Path):
    text = "image,labels,breed,mood,nr\na.jpg,x;y,Pug,calm;shy,1\n"
    known = {"Breed": "single", "mood": "multi"}
    table = read(tmp_path, text, known_groups=known)
    assert table.groups == {"tags": "multi", "breed": "single", "mood": "multi"}
    assert table.ignored == ["nr"]


def test_a_file_without_header_is_read(tmp_path: Path):
    assert labels(read(tmp_path, "a.jpg,dog;cat\nb.jpg,dog\n")) == {
        "a.jpg": ["tags/cat", "tags/dog"],
        "b.jpg": ["tags/dog"],
    }


def test_rows_that_repeat_a_photo_are_merged_and_contradictions_listed(tmp_path: Path):
    text = "image,labels,maybe,split\na,x;y,,A\na,Y;z,q,A\na,,x,B\n"
    table = read(tmp_path, text)
    assert labels(table) == {"a": ["tags/x", "tags/y", "tags/z"]}
    assert labels(table, 3) == {"a": ["tags/q"]}
    assert table.problems == [(4, "the split is A before and B now")]
    twice = read(tmp_path, "photo,breed,split\na.jpg,Pug,\na.jpg,pug,\na.jpg,Beagle,\n")
    assert labels(twice) == {"a.jpg": ["breed/Pug"]}
    assert twice.problems == [(4, "breed is both Pug and Beagle; the first counts")]


def test_labels_are_told_apart_as_the_library_does(tmp_path: Path):
    nfd = unicodedata.normalize("NFD", "Käfer")
    table = read(tmp_path, f"photo,labels\na,T-Shirt;Käfer\nb,t shirt;{nfd}\n")
    assert table.vocabulary["tags"] == ["Käfer", "T-Shirt"]


def test_a_list_is_complete_unless_it_is_partial(tmp_path: Path):
    text = "photo,labels\na,x;y\nb,\n"
    assert covered(read(tmp_path, text)) == {("a", "tags"), ("b", "tags")}
    assert covered(read(tmp_path, text, partial=True)) == set()


# -- our own exports --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ["dog", "cat"],
        ["AC;DC", ";", "a;"],
        ["x;", ";y", "z"],
        ["=1+1", "-minus", "@home", "+plus", "'=quoted", "''-x", "'apostrophe"],
        ["a;;b", ";;", "c"],
    ],
)
def test_names_survive_being_joined_neutralised_and_read_back(names: list[str]):
    cell = join_names(names)
    assert split_names(cell, ";") == names
    assert cell[0] not in "=+-@\t"


@given(st.lists(st.text("ab;=-+@'|, \u00e4").map(clean_name).filter(bool)))
def test_whatever_labels_are_called_they_are_read_back(names: list[str]):
    assert split_names(join_names(names), ";") == names


@pytest.mark.parametrize(
    "text", ["=1+1.jpg", "--help.jpg", "-rf", "@x", "\tx", "'=y", "plain", "'"]
)
def test_cells_survive_being_neutralised(text: str):
    assert restored(neutral(text)) == text
    assert neutral(text)[0] not in "=+-@\t\r\n"


def test_the_wide_export_is_read_back_and_empty_cells_say_nothing(tmp_path: Path):
    text = "photo,tags,breed,split\n'=1.jpg,dog;AC;;DC,Pug,train\nb.jpg,,,\n'-c.jpg,'-x,,\n"
    table = read(tmp_path, text)
    assert table.groups == {"tags": "multi", "breed": "single"}
    assert labels(table)["=1.jpg"] == ["breed/Pug", "tags/AC;DC", "tags/dog"]
    assert labels(table)["-c.jpg"] == ["tags/-x"]
    assert table.splits == ["train", None, None]
    assert covered(table) == {("=1.jpg", "tags"), ("=1.jpg", "breed"), ("-c.jpg", "tags")}


def test_the_long_export_is_read_back(tmp_path: Path):
    text = (
        "photo,group,label,verdict,score\na.jpg,tags,dog,confirmed,0.9\na.jpg,tags,cat,rejected,\n"
        "a.jpg,tags,cow,unsure,\na.jpg,tags,sky,,0.5\na.jpg,breed,Pug,confirmed,\nb.jpg,,,,\n"
        "c.jpg,tags,dog,perhaps,\n"
    )
    table = read(tmp_path, text)
    assert table.groups == {"tags": "multi", "breed": "single"}
    assert labels(table)["a.jpg"] == ["breed/Pug", "tags/dog"]
    assert labels(table, 2)["a.jpg"] == ["tags/cat"]
    assert labels(table, 3)["a.jpg"] == ["tags/cow"]
    assert "sky" in table.vocabulary["tags"]
    assert table.problems == [(8, "perhaps is not confirmed, rejected or unsure")]
    known = read(tmp_path, text, known_groups={"breed": "multi"})
    assert known.groups["breed"] == "multi"


# -- JSON -------------------------------------------------------------------------------------


def test_json_cut_in_half_is_one_sentence(test_data: Path, tmp_path: Path):
    whole = (test_data / "scenes" / "annotations.json").read_bytes()
    for cut in (len(whole) // 2, len(whole) // 3, 10, len(whole) - 1):
        with pytest.raises(TableError) as caught:
            read(tmp_path, whole[:cut], "a.json")
        assert "a.json" in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a.jpg": ["dog", "cat"], "b.jpg": []}, {"a.jpg": ["tags/cat", "tags/dog"], "b.jpg": []}),
        ({"a.jpg": "dog;cat"}, {"a.jpg": ["tags/cat", "tags/dog"]}),
        ([{"file": "a.jpg", "tags": ["x"]}], {"a.jpg": ["tags/x"]}),
        ({"images": [{"image": 12, "labels": "x|y"}]}, {"12": ["tags/x", "tags/y"]}),
    ],
)
def test_other_usual_forms_of_json(tmp_path: Path, value: object, expected: dict):
    assert labels(read(tmp_path, json.dumps(value), "a.json")) == expected


@pytest.mark.parametrize("value", [5, "x", [], {}, [1, 2], {"a": 5}, None, [{}], {"samples": [1]}])
def test_other_json_is_refused(tmp_path: Path, value: object):
    with pytest.raises(TableError, match=r"a\.json"):
        read(tmp_path, json.dumps(value), "a.json")


def test_json_that_is_nested_too_deeply_is_refused(tmp_path: Path):
    with pytest.raises(TableError, match=r"a\.json"):
        read(tmp_path, "[" * 200_000, "a.json")


ANNOTATIONS = {
    "format": "tagger-annotations",
    "version": 1,
    "label_sets": {"s1": {"tags": ["dog"]}, "s2": {"tags": ["dog", "cat"], "breed": ["Pug"]}},
    "schema": {
        "groups": [
            {"name": "tags", "kind": "multi", "gate": None,
             "labels": [{"name": "dog", "synonyms": ["puppy"]}, {"name": "cat"}]},
            {"name": "breed", "kind": "single", "gate": {"group": "tags", "label": "dog"},
             "labels": [{"name": "Pug", "parent": {"group": "tags", "label": "dog"}}]},
        ]
    },
    "photos": [
        {"path": "a.jpg", "confirmed": {"tags": ["dog"], "breed": ["Pug"]},
         "rejected": {"tags": ["cat"]}, "reviewed": {"tags": "s1"}, "split": "mine"},
        {"path": "b?.jpg", "path_bytes": "Yv8uanBn", "reviewed": {"tags": "s2", "breed": "s2"}},
        {"path": "c.jpg", "unsure": {"tags": ["cat"]}},
    ],
}  # fmt: skip


def test_our_own_annotation_file_is_read_whole(tmp_path: Path):
    table = read(tmp_path, json.dumps(ANNOTATIONS), "tagger-annotations.json")
    assert table.groups == {"tags": "multi", "breed": "single"}
    assert labels(table)["a.jpg"] == ["breed/Pug", "tags/dog"]
    assert labels(table, 2)["a.jpg"] == ["tags/cat"]
    assert labels(table, 3)["c.jpg"] == ["tags/cat"]
    assert table.photo_names == ["a.jpg", "b\udcff.jpg", "c.jpg"]
    assert table.splits == ["mine", None, None]
    assert covered(table) == {("a.jpg", "tags"), ("b\udcff.jpg", "tags"), ("b\udcff.jpg", "breed")}
    assert sorted(len(offered.labels) for offered in table.label_sets) == [1, 1, 2]
    assert table.synonyms == {("tags", "dog"): ("puppy",)}
    assert table.parents == {("breed", "Pug"): ("tags", "dog")}
    assert table.gates == {"breed": ("tags", "dog")}


def test_an_annotation_file_of_a_newer_version_or_damaged_is_refused(tmp_path: Path):
    with pytest.raises(TableError, match="newer version"):
        read(tmp_path, json.dumps(ANNOTATIONS | {"version": 2}), "a.json")
    with pytest.raises(TableError, match="damaged"):
        read(tmp_path, json.dumps(ANNOTATIONS | {"photos": [{"id": "x"}]}), "a.json")


def test_parts_the_program_drew_itself_are_not_taken_for_the_users_split(tmp_path: Path):
    photos = [{"path": "a.jpg", "split": "train"}, {"path": "b.jpg", "split": "held-out"}]
    table = read(tmp_path, json.dumps(ANNOTATIONS | {"photos": photos}), "a.json")
    assert table.splits == [None, None]
    text = "photo,tags,split\na.jpg,x;y,train\nb.jpg,,%s\n"
    assert read(tmp_path, text % "held-out").splits == [None, None]
    assert read(tmp_path, text % "train").splits == ["train", "train"]
    assert read(tmp_path, text % "test").splits == ["train", "test"]
