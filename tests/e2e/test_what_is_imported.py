"""The window needs no inference or training library (of quick retraining, see tests/trainer)."""

import json
from pathlib import Path

import pytest

SCENES = Path(__file__).with_name("window_scenes.py")

pytestmark = pytest.mark.slow


def test_the_windows_process_has_not_imported_them_after_showing_suggestions(model, photos, start):
    folder = photos("dogs", 20)[0].parent
    child = start(SCENES, "look_around", folder)
    out = child.stdout.read()
    assert child.wait() == 0
    scene = json.loads(out.splitlines()[-1])
    assert scene["suggested"] > 20, "suggestions were shown"
    assert scene["modules"] == []
