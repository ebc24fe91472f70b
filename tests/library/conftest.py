"""A small library of synthetic photos for the library's tests."""

import numpy as np
import pytest
from PIL import Image

from tagger.library.library import Library
from tagger.library.scan import scan
from tagger.library.schema_edit import add_group, add_label


def make_photo(path, seed, size=(48, 32)):
    """Write a small JPEG whose content depends on the seed."""
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=90)


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "photos"
    for number in range(5):
        make_photo(home / ("a", "b")[number % 2] / f"{number}.jpg", number)
    return home


@pytest.fixture
def library(folder):
    with Library.open(folder) as opened:
        scan(opened)
        opened.reload_photos()
        yield opened


@pytest.fixture
def tags(library):
    """Multi group `tags`; returns label name → num."""
    return _group(library, "tags", "multi", ["dog", "cat", "animal"])


@pytest.fixture
def breeds(library, tags):
    """Single group `breed`; returns label name → num."""
    return _group(library, "breed", "single", ["Pug", "Husky"])


def _group(library, name, kind, labels):
    draft = library.draft(f"Add {name}")
    group = add_group(library, draft, name, kind)
    nums = {label: add_label(library, draft, group.num, label).num for label in labels}
    draft.commit()
    return nums
