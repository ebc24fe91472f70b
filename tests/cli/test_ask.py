"""`tagger ask`: dog, human or neither, by the real starter and the real child."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tagger.bundle.store import BundleStore
from tagger.core.cascade import cascade
from tagger.imaging.faces import find_faces

CHECKOUT = Path(__file__).resolve().parents[2]


def ask(data, photo, *options):
    environment = os.environ | {"TAGGER_DATA_DIR": str(data), "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-m", "tagger", "ask", str(photo), *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.fixture
def with_starter(starter, own_user_data):
    shutil.copytree(starter, own_user_data / "bundles" / starter.name)
    BundleStore(own_user_data / "bundles").set_default(starter.name)
    return own_user_data


def test_the_dog_is_asked_first_and_one_face_is_enough():
    assert cascade(True, 3) == "dog"
    assert cascade(False, 1) == "human"
    assert cascade(False, 0) == "neither"


def test_faces_are_found_on_press_photos_and_not_on_a_landscape(test_data):
    with_face = [
        len(find_faces(path)) > 0 for path in sorted((test_data / "faces/photos").iterdir())[:12]
    ]
    assert sum(with_face) >= 11
    assert len(find_faces(test_data / "scenes/images/100.jpg")) == 0


@pytest.mark.parametrize(
    ("photo", "answer", "says"),
    [
        ("dogs/photos/n02086910_papillon.jpg", "dog", "Papillon"),
        ("faces/photos/Colin_Powell_0003.jpg", "human", "a face was found"),
        ("scenes/images/100.jpg", "neither", "neither a dog"),
    ],
)
def test_a_photo_is_called_what_it_shows(with_starter, test_data, photo, answer, says):
    done = ask(with_starter, test_data / photo, "--json")
    result = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0
    assert result["answer"] == answer
    assert says in result["sentence"]
    assert 0 <= result["breed_probability"] <= 1


def test_a_file_that_is_no_photo_is_answered_in_one_sentence(with_starter, tmp_path):
    text = tmp_path / "notes.jpg"
    text.write_text("not a photo")
    done = ask(with_starter, text)
    assert done.returncode == 1
    assert done.stdout == ""
    assert str(text) in done.stderr
    assert "Traceback" not in done.stderr
