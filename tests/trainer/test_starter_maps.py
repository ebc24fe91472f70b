"""The curated maps say what they mean, and other people's breed names find their breed."""

import json

import pytest

from tagger.core.names import fold_name
from trainer.starter.maps import MapError, imagenet_classes, parse_map, read_maps, starter_file

WILD_DOGS = [273, 274, 275]


@pytest.fixture(scope="module")
def maps():
    return {label_map.name: label_map for label_map in read_maps()}


@pytest.fixture(scope="module")
def labels(maps):
    return {label.id: label for label_map in maps.values() for label in label_map.labels}


def named(label_map, name):
    return next(label for label in label_map.labels if label.name == name)


@pytest.mark.slow
def test_class_names_are_imagenets_in_order():
    meta = pytest.importorskip("torchvision.models._meta")
    assert list(imagenet_classes()) == meta._IMAGENET_CATEGORIES


def test_tags_are_at_least_150_labels_on_several_levels(maps, labels):
    tags = maps["tags"]
    assert tags.kind == "multi"
    assert len(tags.labels) >= 150
    assert named(tags, "dog").parent == named(tags, "animal").id
    assert "puppy" in named(tags, "dog").synonyms
    race_car = named(tags, "race car")
    assert labels[labels[race_car.parent].parent].name == "vehicle"


def test_dog_is_rows_151_to_268_and_the_three_wild_dogs(maps):
    assert list(named(maps["tags"], "dog").rows) == [*range(151, 269), *WILD_DOGS]


def test_breed_is_121_labels_of_one_row_each_gated_by_dog(maps):
    breed = maps["breed"]
    assert breed.kind == "single"
    assert breed.gate == "starter-tags-dog"
    assert [label.rows for label in breed.labels] == [(r,) for r in [*range(151, 269), *WILD_DOGS]]
    assert {label.parent for label in breed.labels} == {"starter-tags-dog"}


def test_a_parent_holds_every_row_of_its_children(labels):
    for label in labels.values():
        if label.parent is not None:
            assert set(label.rows) <= set(labels[label.parent].rows), label.id


def test_ids_are_readable_and_tell_their_group(maps):
    for label_map in maps.values():
        assert label_map.id == f"starter-{label_map.name}"
        for label in label_map.labels:
            assert label.id.startswith(f"{label_map.id}-")
            assert label.id.replace("-", "").isalnum()
            assert label.id == label.id.lower()


def breed_of(maps):
    return {
        fold_name(name): label
        for label in maps["breed"].labels
        for name in (label.name, *label.synonyms)
    }


def test_every_breed_of_stanford_and_kaggle_is_found_once(maps, test_data):
    names = (test_data / "dogs" / "breeds120.txt").read_text().split()
    found = breed_of(maps)
    dogs = [*range(151, 269), *WILD_DOGS]
    classes = {fold_name(imagenet_classes()[row]): row for row in dogs}
    assert len({found[fold_name(name)].id for name in names}) == len(names) == 120
    for name in names:
        assert found[fold_name(name)].rows == (classes[fold_name(name)],), name


def test_udacitys_names_find_the_same_breeds(maps, test_data):
    found = breed_of(maps)
    names = (test_data / "dogs" / "udacity133.txt").read_text().split()
    known = {name: found[fold_name(name)].name for name in names if fold_name(name) in found}
    assert len(known) >= 80
    assert len(set(known.values())) == len(known)
    assert known["Xoloitzcuintli"] == "Xoloitzcuintli"
    assert known["Belgian_sheepdog"] == "Groenendael"
    assert known["Japanese_chin"] == "Japanese Chin"
    for another_breed in ("Smooth_fox_terrier", "American_eskimo_dog", "Mastiff", "Poodle"):
        assert another_breed not in known


def test_a_map_that_contradicts_itself_is_refused():
    classes = imagenet_classes()

    def refused(change, reason):
        data = json.loads(starter_file("breed.json"))
        change(data["labels"])
        with pytest.raises(MapError, match=reason):
            parse_map(json.dumps(data).encode(), classes, "breed.json")

    refused(lambda labels: labels[0].update(rows=["152 Chihuahua"]), "should read Japanese spaniel")
    refused(lambda labels: labels[0].update(rows=["151"]), "not a row number and its name")
    refused(lambda labels: labels[0].update(rows=["1510 Chihuahua"]), "not a readable label map")
    refused(lambda labels: labels[0].update(synonyms=["golden_retriever"]), "names two labels")
    refused(lambda labels: labels[0].update(rows=labels[1]["rows"]), "belongs to two labels")
    refused(lambda labels: labels[0].update(rows=[]), "has no rows")
    refused(lambda labels: labels[0].pop("id"), "not a readable label map")
