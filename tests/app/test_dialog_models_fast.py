"""The fast starter is offered in plain words, and changing to it and back loses nothing."""

import shutil

import numpy as np
import pytest
from dialog_hands import press, says

from tagger.app.dialogs.models import open_models
from tagger.app.dialogs.models_switch import duration, switching, unseen_photos
from tagger.bundle.store import BundleStore
from tagger.library.cache import EmbeddingStore
from tagger.suggest.last_run import LastRun
from trainer.starter.build import FAST_STARTER, ensure_starter


@pytest.fixture(scope="session")
def made_fast(tmp_path_factory):
    """The fast starter, built once."""
    bundles = tmp_path_factory.mktemp("fast")
    return BundleStore(bundles).folder(ensure_starter(bundles, variant=FAST_STARTER).bundle_id)


@pytest.fixture
def fast(own_user_data, starter, made_fast):
    """The spec of the fast starter, in the store beside the starter."""
    for folder in (starter, made_fast):
        shutil.copytree(folder, own_user_data / "bundles" / folder.name)
    return BundleStore(own_user_data / "bundles").get(made_fast.name)


@pytest.fixture
def dialog(window, fast, starter):
    store = BundleStore(starter.parent)
    window.session.use_bundle(store.get(starter.name), remember=False)
    opened = open_models(window)
    yield opened
    opened.close()


def keep_embeddings(library, spec):
    """Keep an embedding of every photo, as after a run of the suggester."""
    slots = np.flatnonzero(library.photos.present)
    store = EmbeddingStore.open(
        library.places.cache, spec.space_id, spec.embedding_size, writable=True
    )
    rows = np.ones((len(slots), spec.embedding_size), np.float16)
    store.write(slots, rows, library.photos.signature[slots])
    store.close()


def choose(dialog, name):
    dialog.table.choose(lambda line: line.spec.name.startswith(name))


def test_the_fast_starter_says_what_it_is_and_what_changing_costs(dialog):
    choose(dialog, "Fast")
    assert says(dialog, "About twice as fast as the starter, and nearly the same suggestions.")
    assert says(dialog, "once more")
    assert says(dialog, "Your decisions stay")


def test_the_model_in_use_says_nothing_of_changing(dialog):
    choose(dialog, "Starter")
    assert not says(dialog, "once more")


def test_changing_counts_only_photos_that_were_not_seen_and_back_is_instant(window, fast, starter):
    library = window.session.library
    photos = int(library.photos.present.sum())
    assert unseen_photos(library, fast) == photos
    keep_embeddings(library, fast)
    assert unseen_photos(library, fast) == 0
    assert "in a moment" in switching(library, fast, None)
    ordinary = BundleStore(starter.parent).get(starter.name)
    assert ordinary.space_id != fast.space_id


def test_the_time_is_told_by_the_speed_of_the_last_run(window, fast):
    run = LastRun("2027-01-01T00:00:00Z", 100, 1.0, 3.0, 9.0, "cpu", 8)
    words = switching(window.session.library, fast, run)
    assert "in about 5 seconds at the 3 photos a second of the last run, or less" in words
    assert "second" not in switching(window.session.library, fast, None)


def test_using_it_is_one_click_and_so_is_going_back(dialog, window, fast, starter, qtbot):
    library = window.session.library
    choose(dialog, "Fast")
    press(dialog, "Use in this library")
    qtbot.waitUntil(lambda: library.bundle_id == fast.bundle_id, timeout=60_000)
    press(dialog, "Back to “Starter (EfficientNet-Lite0)”")
    qtbot.waitUntil(lambda: library.bundle_id == starter.name, timeout=60_000)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "5 seconds"),
        (31, "30 seconds"),
        (60, "1 minute"),
        (700, "12 minutes"),
        (9000, "2 hours"),
    ],
)
def test_times_are_told_coarsely(seconds, words):
    assert duration(seconds) == words
