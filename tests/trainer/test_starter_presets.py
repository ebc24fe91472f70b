"""Schema presets are complete, consistent, and follow the starter's maps."""

import json
from importlib import resources

import pytest

from tagger.core.names import fold_name
from trainer.starter.maps import read_maps
from trainer.starter.presets import derived_presets, preset_text

NAMES = ("everyday", "dogs-121", "dogs-udacity-133", "fashionai", "blank")


def preset_file(name):
    return resources.files("resources").joinpath("presets", f"{name}.json").read_text("utf-8")


@pytest.fixture(params=NAMES)
def preset(request):
    return json.loads(preset_file(request.param))


def test_presets_are_well_formed(preset):
    assert set(preset) == {"name", "title", "description", "groups"}
    group_names = [fold_name(group["name"]) for group in preset["groups"]]
    assert len(group_names) == len(set(group_names))
    ids = [label["id"] for group in preset["groups"] for label in group["labels"]]
    assert len(ids) == len(set(ids))
    for group in preset["groups"]:
        assert set(group) == {"id", "name", "kind", "gate", "labels"}
        assert group["kind"] in ("multi", "single")
        assert group["gate"] is None or group["gate"] in ids
        owner = {}
        for label in group["labels"]:
            assert set(label) == {"id", "name", "parent", "synonyms"}
            assert label["parent"] is None or label["parent"] in ids
            for name in (label["name"], *label["synonyms"]):
                assert owner.setdefault(fold_name(name), label["id"]) == label["id"], name


def test_a_label_of_the_starter_keeps_its_name_and_parent(preset):
    known = {label.id: label for label_map in read_maps() for label in label_map.labels}
    for group in preset["groups"]:
        for label in group["labels"]:
            if label["id"].startswith("starter-"):
                assert label["name"] == known[label["id"]].name
                assert label["parent"] == known[label["id"]].parent


@pytest.mark.parametrize("name", ["everyday", "dogs-121"])
def test_derived_presets_are_up_to_date_with_the_maps(name):
    assert preset_file(name) == preset_text(derived_presets()[name])


def test_dogs_121_holds_every_breed_of_the_starter():
    breed = json.loads(preset_file("dogs-121"))["groups"][1]
    assert (breed["name"], breed["kind"], breed["gate"]) == ("breed", "single", "starter-tags-dog")
    assert len(breed["labels"]) == 121


def test_udacitys_133_classes_are_all_there_in_order(test_data):
    names = (test_data / "dogs" / "udacity133.txt").read_text().split()
    breed = json.loads(preset_file("dogs-udacity-133"))["groups"][1]
    assert len(breed["labels"]) == 133
    for name, label in zip(names, breed["labels"], strict=True):
        assert name in (label["name"], *label["synonyms"])
        assert "_" not in label["name"]


def test_fashionai_is_the_eight_groups_exactly(test_data):
    wanted = json.loads((test_data / "fashionai" / "groups.json").read_text("utf-8"))["groups"]
    groups = json.loads(preset_file("fashionai"))["groups"]
    assert {g["name"]: [label["name"] for label in g["labels"]] for g in groups} == wanted
    assert [group["name"] for group in groups] == list(wanted)
    assert {group["kind"] for group in groups} == {"single"}


def test_blank_is_blank():
    assert json.loads(preset_file("blank"))["groups"] == []
