"""Fixtures for tests of the window: a library of real photos with a synthetic model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_libraries import copy_photos, made_scores, open_scanned, spec, write_scores
from pytestqt.qtbot import QtBot

from tagger.app.main import make_application, make_window
from tagger.app.models.answers import Answers
from tagger.app.models.desk import Desk
from tagger.app.models.session import Session
from tagger.app.window import Window
from tagger.library.library import Library


@pytest.fixture
def photos_folder(test_data: Path, tmp_path: Path) -> Path:
    """Twelve real photos."""
    return copy_photos(test_data, tmp_path / "photos")


@pytest.fixture
def library(photos_folder: Path) -> Iterator[Library]:
    """Twelve real photos with scores: every third a pug on a beach, then a cat, then nothing."""
    opened = open_scanned(photos_folder)
    model = spec()
    opened.use_bundle(model)
    write_scores(opened, model, made_scores(opened.photos.count))
    yield opened
    opened.close()


@pytest.fixture
def desk(library: Library) -> Iterator[Desk]:
    """The view-models of that library, with everything counted."""
    made = Desk(Session(library))
    made.chores.finish()
    yield made
    made.session.settle()


@pytest.fixture
def answers(desk: Desk) -> Answers:
    """The user's answers on that desk."""
    return Answers(desk)


@pytest.fixture
def window(qtbot: QtBot, library: Library) -> Iterator[Window]:
    """The real window on twelve real photos with made scores."""
    make_application()
    made = make_window()
    made.resize(1280, 800)
    made.show_library(library)
    made.show()
    qtbot.waitExposed(made)
    made.desk.chores.finish()
    yield made
    made.close()


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter model, made once."""
    from trainer.starter.build import ensure_starter

    folder = tmp_path_factory.mktemp("models") / "bundles"
    ensure_starter(folder)
    return folder


@pytest.fixture
def with_starter(bundles: Path, own_user_data: Path) -> None:
    """A user who has the starter model already."""
    from tagger.bundle.store import BundleStore

    own_user_data.mkdir(exist_ok=True)
    shutil.copytree(bundles, own_user_data / "bundles")
    store = BundleStore(own_user_data / "bundles")
    store.set_default(store.list()[0].bundle_id)


@pytest.fixture
def live_window(qtbot: QtBot) -> Iterator[Window]:
    """The real window with the keyboard and nothing open yet."""
    make_application()
    made = make_window()
    made.resize(1280, 800)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()
