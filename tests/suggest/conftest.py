"""Libraries of real photos, small bundles, and a real suggester to talk to."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bundle"))

import bundle_makers
from suggest_helpers import Talk, copy_photos, scan_folder

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def children_find_the_program(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))


@pytest.fixture
def tiny(tmp_path):
    """Folder of a small quick bundle."""
    folder = tmp_path / "tiny-bundle"
    bundle_makers.make(folder)
    return folder


@pytest.fixture
def make_library(tmp_path, test_data):
    """Return a function that makes a scanned library of so many photos of `everyday`."""

    def make(count, name="photos"):
        home = tmp_path / name
        copy_photos(test_data / "everyday", home, count)
        scan_folder(home)
        return home

    return make


@pytest.fixture
def talk(tmp_path):
    opened = []

    def make():
        opened.append(Talk(tmp_path / "suggester.log"))
        return opened[-1]

    yield make
    for one in opened:
        one.client.close()
