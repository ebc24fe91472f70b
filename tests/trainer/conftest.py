"""Small libraries of real photos, suggested and labelled once, copied for every test."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tagger.bundle.store import BundleStore
from tagger.library.library import Library

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Place:
    """A library's folder and the user data folder it was made with."""

    home: Path
    data: Path

    def run(self, *arguments, check=True):
        """Run `python -m ARGUMENTS` as a user would; returns the finished process."""
        environment = os.environ | {"TAGGER_DATA_DIR": str(self.data), "PYTHONPATH": str(CHECKOUT)}
        command = [sys.executable, "-m", *[str(argument) for argument in arguments]]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert not check or done.returncode == 0, done.stderr
        return done

    def result(self, *arguments):
        """Run with `--json` and return the last line of stdout."""
        return json.loads(self.run(*arguments, "--json").stdout.splitlines()[-1])

    @property
    def store(self):
        return BundleStore(self.data / "bundles")

    def open(self):
        """Open the library with its active bundle in use."""
        library = Library.open(self.home)
        library.use_bundle(self.store.get(library.active_bundle_id), remember=False)
        return library


def make_place(folder, starter, source, names):
    """Copy photos, compute suggestions with the real suggester."""
    place = Place(folder / "photos", folder / "data")
    for name in names:
        target = place.home / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target)
    shutil.copytree(starter, place.data / "bundles" / starter.name)
    place.store.set_default(starter.name)
    place.result("tagger", "suggest", place.home)
    return place


def copied(place, folder):
    shutil.copytree(place.home, folder / "photos")
    shutil.copytree(place.data, folder / "data")
    return Place(folder / "photos", folder / "data")


@pytest.fixture(scope="session")
def scenes_template(tmp_path_factory, starter, test_data):
    """240 photos of `scenes` with suggestions, labels and split (multi group `tags`)."""
    source = test_data / "scenes"
    names = sorted(f"images/{path.name}" for path in (source / "images").iterdir())[::2][:240]
    place = make_place(tmp_path_factory.mktemp("scenes"), starter, source, names)
    place.result("tagger", "import", place.home, source / "annotations.json")
    place.result("tagger", "import", place.home, source / "split.csv")
    return place


@pytest.fixture(scope="session")
def garments_template(tmp_path_factory, starter, test_data):
    """200 photos of `garments` with suggestions, labels and split (single group `garment`)."""
    source = test_data / "garments"
    names = sorted(f"photos/{path.name}" for path in (source / "photos").iterdir())[::4][:200]
    place = make_place(tmp_path_factory.mktemp("garments"), starter, source, names)
    place.result("tagger", "import", place.home, source / "labels.csv")
    return place


@pytest.fixture(scope="session")
def bare_template(tmp_path_factory, starter, test_data):
    """80 photos of `scenes` with suggestions and not one label."""
    source = test_data / "scenes"
    names = sorted(f"images/{path.name}" for path in (source / "images").iterdir())[::7][:80]
    return make_place(tmp_path_factory.mktemp("bare"), starter, source, names)


@pytest.fixture
def scenes(scenes_template, tmp_path, monkeypatch):
    """A copy of the `scenes` library, its user data folder in use."""
    place = copied(scenes_template, tmp_path / "scenes")
    monkeypatch.setenv("TAGGER_DATA_DIR", str(place.data))
    return place


@pytest.fixture
def garments(garments_template, tmp_path, monkeypatch):
    """A copy of the `garments` library, its user data folder in use."""
    place = copied(garments_template, tmp_path / "garments")
    monkeypatch.setenv("TAGGER_DATA_DIR", str(place.data))
    return place


@pytest.fixture
def bare(bare_template, tmp_path, monkeypatch):
    """A copy of the library without labels, its user data folder in use."""
    place = copied(bare_template, tmp_path / "bare")
    monkeypatch.setenv("TAGGER_DATA_DIR", str(place.data))
    return place
