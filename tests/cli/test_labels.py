"""Groups and labels on the command line: made, split, renamed, merged, deleted, and undone."""

import json

import pytest


@pytest.fixture
def library(tagger, photos):
    """A folder of four photos with a single and a multi group."""
    folder = photos("dogs", 4)
    assert tagger("labels", "add-group", folder, "weather", "--kind", "single")[0] == 0
    assert (
        tagger("labels", "add-group", folder, "place", "--kind", "multi", "--labels", "sea")[0] == 0
    )
    return folder


def labels_of(tagger, folder, group):
    """Return the labels of a group by name, as `tagger labels list --json` gives them."""
    found = tagger("labels", "list", folder, "--group", group, "--json")[1]["groups"]
    return {each["label"]: each for each in found[0]["labels"]}


def table(folder, tagger, rows):
    """Import a table of the group `weather`: photo name → label."""
    names = sorted(path.name for path in folder.rglob("*.jpg"))
    path = folder.parent / "weather.csv"
    lines = [f"{name},{label}" for name, label in zip(names, rows, strict=True)]
    path.write_text("\n".join(["photo,weather", *lines]))
    assert tagger("import", folder, path, "--single", "weather")[0] == 0


def decisions(folder):
    """Return what the annotation file says of each photo, without its times."""
    photos = json.loads((folder / "tagger-annotations.json").read_text())["photos"]
    return {p["path"]: (p.get("confirmed"), p.get("reviewed")) for p in photos}


def test_a_label_split_from_another_returns_its_photos_to_review(tagger, model, library):
    table(library, tagger, ["rainy", "rainy", "sunny", "rainy"])
    before = decisions(library)
    code, _, err = tagger("labels", "add", library, "drizzle", "--group", "weather")
    assert code == 1
    assert "--new" in err
    assert "--split-from" in err
    assert "“rainy” (3), “sunny” (1)" in err
    assert "drizzle" not in labels_of(tagger, library, "weather")
    code, result, _ = tagger(
        "labels", "add", library, "drizzle", "--group", "Weather", "--split-from", "Rainy", "--json"
    )
    assert code == 0
    assert result["returned_to_review"] == 3
    found = labels_of(tagger, library, "weather")
    assert (found["rainy"]["confirmed"], found["sunny"]["confirmed"]) == (0, 1)
    assert sum(not reviewed for _, reviewed in decisions(library).values()) == 3
    tagger("undo", library)
    assert decisions(library) == before


def test_a_new_label_of_a_single_group_moves_nothing(tagger, model, library):
    table(library, tagger, ["rainy", "rainy", "sunny", "rainy"])
    before = decisions(library)
    assert tagger("labels", "add", library, "foggy", "--group", "weather", "--new")[0] == 0
    assert "foggy" in labels_of(tagger, library, "weather")
    assert decisions(library) == before


def test_labels_of_a_multi_group_are_simply_added(tagger, library):
    names = ("lake", "pond")
    assert (
        tagger("labels", "add", library, *names, "--group", "place", "--parent", "place/sea")[0]
        == 0
    )
    found = labels_of(tagger, library, "place")
    assert [found[name]["parent"] for name in names] == ["place/sea", "place/sea"]


def test_renaming_merging_and_deleting_are_acts_that_can_be_undone(tagger, library):
    tagger("labels", "add", library, "lake", "--group", "place")
    tagger("labels", "rename", library, "lake", "mere", "--group", "place")
    assert labels_of(tagger, library, "place")["mere"]["synonyms"] == ["lake"]
    tagger("labels", "merge", library, "mere", "--into", "sea", "--group", "place")
    assert list(labels_of(tagger, library, "place")) == ["sea"]
    tagger("labels", "delete", library, "sea", "--group", "place")
    assert labels_of(tagger, library, "place") == {}
    for _ in range(3):
        tagger("undo", library)
    assert set(labels_of(tagger, library, "place")) == {"sea", "lake"}


def test_a_label_added_to_a_group_that_only_the_model_offers_is_in_the_annotation_file(
    tagger, model, photos
):
    folder = photos("dogs", 2)
    assert tagger("labels", "add", folder, "Puggle", "--group", "breed")[0] == 0
    groups = json.loads((folder / "tagger-annotations.json").read_text())["schema"]["groups"]
    breed = next(group for group in groups if group["name"] == "breed")
    assert [label["name"] for label in breed["labels"]] == ["Puggle"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "{}", "kite", "--group", "tgas"], "no group “tgas”. There are “weather” and"),
        (["add", "{}", "Sea", "--group", "place"], "There is a label “sea” in this group already"),
        (["add-group", "{}", "PLACE", "--kind", "multi"], "There is a group “place” already"),
        (["add", "{}", "x", "--group", "weather", "--split-from", "hail"], "no label “hail” in"),
        (["add", "{}", "x", "--group", "place", "--split-from", "sea"], "needs no splitting"),
        (["add", "{}", "x", "--group", "place", "--parent", "sea"], "GROUP/LABEL"),
        (["add", "{}", " ", "--group", "place"], "at least one letter or digit"),
        (["delete", "{}", "pond", "--group", "place"], "no label “pond” in “place”"),
        (["merge", "{}", "sea", "--into", "sea", "--group", "place"], "cannot be merged"),
        (["list", "{}/missing"], "does not exist"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(tagger, library, arguments, words):
    before = (library / "tagger-annotations.json").read_bytes()
    code, out, err = tagger("labels", *(each.format(library) for each in arguments))
    assert (code, out) == (1, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert (library / "tagger-annotations.json").read_bytes() == before
