"""The window does not open photos on which a decoder crashed or hung."""

import shutil

import pytest

from tagger.app.danger import Danger
from tagger.app.thumbnails import Thumbnails
from tagger.library.cache_problems import ProblemTable, new_problem
from tagger.library.library import Library
from tagger.library.scan import scan
from tagger.suggest.inflight import InFlight


@pytest.fixture
def library(tmp_path, test_data):
    """A library of four photos that are all sound."""
    home = tmp_path / "photos"
    home.mkdir()
    for photo in sorted((test_data / "dogs").rglob("*.jpg"))[:4]:
        shutil.copy(photo, home / photo.name)
    with Library.open(home) as opened:
        scan(opened)
        opened.reload_photos()
        yield opened


def signature(library, slot):
    return int(library.photos.signature[slot])


def test_a_photo_that_crashed_a_decoder_is_not_opened_by_the_grid(library, qtbot):
    table = ProblemTable(library.places.cache)
    table.put(new_problem(2, signature(library, 2), "crash", "It crashes the decoder."))
    table.put(new_problem(3, 1, "crash", "Other bytes than those of now."))
    table.close()
    thumbnails = Thumbnails(10_000_000)
    try:
        thumbnails.use(library)
        thumbnails.avoid(4, "It hangs.")
        thumbnails.want([1, 2, 3, 4], 100, 100)
        qtbot.waitUntil(lambda: thumbnails.get(1) is not None and thumbnails.get(3) is not None)
        qtbot.waitUntil(lambda: thumbnails.idle)
        assert thumbnails.get(2) is None
        assert thumbnails.get(4) is None
        assert thumbnails.problem(2) == "It crashes the decoder."
        assert thumbnails.problem(4) == "It hangs."
        assert thumbnails.problem(3) is None
    finally:
        thumbnails.close()


def test_what_was_open_when_the_program_died_waits_for_the_suggester(library, monkeypatch):
    cache = library.places.cache
    suspect = (1, signature(library, 1))
    table = InFlight(cache)
    with table.noted(*suspect):
        danger = Danger(cache)
        assert "being examined" in danger.reason(*suspect)
        assert danger.reason(2, signature(library, 2)) is None
    monkeypatch.setattr("tagger.app.danger._LOOK_S", 0.0)
    assert danger.reason(*suspect) is None, "it was found innocent"
    table.close()
