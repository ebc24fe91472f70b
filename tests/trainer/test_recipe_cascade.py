"""The dog/human/neither cascade: the source's words, and how often its detectors are right."""

from pathlib import Path

import pytest

from trainer.recipes.cascade import cascaded, rates, table_text, truth_of
from trainer.recipes.detectors import Detected, DogDetector, detect


def test_the_cascade_speaks_in_the_sources_words():
    dog = cascaded(Detected(dog=True, faces=2), "Airedale_terrier", 0.8749)
    assert dog.words == "hello, dog! The dog looks like a … Airedale terrier (Probability: 0.87)"
    human = cascaded(Detected(dog=False, faces=1), "Pug", 0.1)
    assert human.words == "hello, human! You look like a … Pug (Probability: 0.10)"
    neither = cascaded(Detected(dog=False, faces=0), "Pug", 0.1)
    assert neither.words == "sorry, you look like neither dog or human…"


def test_folders_tell_the_truth():
    assert truth_of(Path("x/dogs/a.jpg")) == "dogs"
    assert truth_of(Path("lfw/Ada/a.jpg")) == "humans"
    assert truth_of(Path("x/holiday/a.jpg")) is None


def test_the_two_by_two_table_counts_each_detector_on_each_kind():
    photos = [Path(f"{kind}/{at}.jpg") for kind in ("dogs", "humans") for at in range(4)]
    found = [Detected(True, 0), Detected(True, 1), Detected(False, 0), "cannot be read"]
    found += [Detected(False, 1)] * 4
    table = rates(photos, found)
    assert (table["dogs"].photos, table["dogs"].human, table["dogs"].dog) == (3, 1 / 3, 2 / 3)
    assert (table["humans"].human, table["humans"].dog) == (1.0, 0.0)
    assert "100%" in table_text(table)


@pytest.mark.slow
def test_both_detectors_are_mostly_right_on_real_dogs_and_faces(test_data):
    dogs = sorted((test_data / "dogs/photos").iterdir())[:16]
    humans = sorted((test_data / "faces/photos").iterdir())[:16]
    detector = DogDetector()
    found = detect([*dogs, *humans], detector)
    by_name = [Path("dogs") / p.name for p in dogs] + [Path("humans") / p.name for p in humans]
    table = rates(by_name, found)
    assert table["dogs"].dog >= 0.85
    assert table["dogs"].human <= 0.4
    assert table["humans"].human >= 0.9
    assert table["humans"].dog <= 0.1
