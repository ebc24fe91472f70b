"""Lists of labels as they come with foreign models, read in output order."""

import json

import pytest

from tagger.bundle.errors import BundleError
from tagger.bundle.foreign.labels import ForeignLabel, read_labels


@pytest.fixture
def read(tmp_path):
    def write_and_read(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_labels(path)

    return write_and_read


def names(labels):
    return [label.name for label in labels]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("l.txt", "cat\ndog\nbig bird\n\n"),
        ("l.txt", "\ufeffcat\r\ndog\r\nbig bird\r\n"),
        ("l.txt", "0 cat\n1 dog\n2 big bird"),
        ("l.txt", "0: cat\n1: dog\n2: 'big bird'"),
        ("l.csv", "name\ncat\ndog\nbig bird\n"),
        ("l.csv", "cat\ndog\nbig bird\n"),
        ("l.csv", "id,label\n2,big bird\n0,cat\n1,dog\n"),
        ("l.csv", "1,dog\n0,cat\n2,big bird\n"),
        ("l.csv", "tag_id;name;count\n77;cat;5\n12;dog;4\n13;big bird;1\n"),
        ("l.tsv", "index\tclass\n1\tcat\n2\tdog\n3\tbig bird\n"),
        ("l.json", '["cat", "dog", "big bird"]'),
        ("l.json", '{"0": "cat", "2": "big bird", "1": "dog"}'),
        ("l.json", '{"cat": 0, "dog": 1, "big bird": 2}'),
        ("l.json", '{"id2label": {"0": "cat", "1": "dog", "2": "big bird"}, "x": 1}'),
        ("l.json", '{"label_names": ["cat", "dog", "big bird"]}'),
        ("l.json", '{"0": ["n1", "cat"], "1": ["n2", "dog"], "2": ["n3", "big bird"]}'),
        ("l.json", '[{"name": "cat"}, {"name": "dog"}, {"name": "big bird"}]'),
    ],
)
def test_label_lists_come_in_output_order(read, file, content):
    assert names(read(file, content)) == ["cat", "dog", "big bird"]


def test_ids_that_do_not_count_leave_the_row_order(read):
    assert names(read("l.csv", "id,name\n9,cat\n3,dog\n")) == ["cat", "dog"]


def test_numbers_that_are_names_stay_names(read):
    assert names(read("l.txt", "2019\n2020\n")) == ["2019", "2020"]


def test_imagenet_lines_give_name_and_synonyms(read):
    labels = read("l.txt", "n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n")
    assert labels[0] == ForeignLabel("tench", synonyms=("Tinca tinca",))


def test_csv_gives_category_threshold_and_synonyms(read):
    labels = read(
        "l.csv", "name,category,threshold,synonyms\ndog,animals,0.3,puppy;hound\ncar,,,\n"
    )
    assert labels[0] == ForeignLabel("dog", "animals", 0.3, ("puppy", "hound"))
    assert labels[1] == ForeignLabel("car")


def test_json_objects_give_threshold_and_category(read):
    content = json.dumps([{"label": "dog", "threshold": 0.25, "category": 4}])
    assert read("l.json", content) == [ForeignLabel("dog", "4", 0.25)]


def test_quotes_and_commas_in_names_survive(read):
    assert names(read("l.csv", 'name,count\n"a, b",1\n"say ""hi""",2\n')) == ["a, b", 'say "hi"']


def test_list_that_is_not_utf8_is_read(read):
    assert names(read("l.txt", "caf\xe9\n".encode("latin-1"))) == ["café"]


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("l.txt", "", "lists no labels"),
        ("l.csv", "", "lists no labels"),
        ("l.json", "[]", "lists no labels"),
        ("l.json", '["a", ', "is not valid JSON"),
        ("l.json", "5", "neither a list"),
        ("l.json", '{"a": "b"}', "holds no list of labels"),
        ("l.json", '{"0": "a", "2": "b"}', "no label has the number 1"),
        ("l.json", '["a", 7]', "entry 1 is not a name"),
        ("l.txt", "a\n\nb\n", "label 1 .* has no name"),
        ("l.csv", "name,threshold\na,high\n", "row 2: threshold 'high' is not a number"),
        ("l.csv", "name,threshold\na,7\n", "row 2: threshold is 7, not between 0 and 1"),
        ("l.csv", "x,y\na,b\n", "no column is called 'name'"),
    ],
)
def test_unusable_lists_are_refused_with_the_place(read, file, content, sentence):
    with pytest.raises(BundleError, match=sentence):
        read(file, content)


def test_missing_list_is_named(tmp_path):
    with pytest.raises(BundleError, match=r"nowhere\.csv cannot be read"):
        read_labels(tmp_path / "nowhere.csv")
