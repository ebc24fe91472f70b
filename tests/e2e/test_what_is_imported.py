"""The window needs no inference or training library, and quick retraining needs no torch."""

import json
import sys
from pathlib import Path

import pytest

SCENES = Path(__file__).with_name("window_scenes.py")

pytestmark = pytest.mark.slow

QUICK = """
import sys
from trainer.__main__ import main
code = main(["quick", "--library", sys.argv[1], "--json"])
print(code, sorted({"torch", "torchvision", "timm", "sklearn", "PySide6"} & set(sys.modules)))
"""


def test_the_windows_process_has_not_imported_them_after_showing_suggestions(model, photos, start):
    folder = photos("dogs", 20)[0].parent
    child = start(SCENES, "look_around", folder)
    out = child.stdout.read()
    assert child.wait() == 0
    scene = json.loads(out.splitlines()[-1])
    assert scene["suggested"] > 20, "suggestions were shown"
    assert scene["modules"] == []


def test_quick_retraining_has_not_imported_torch(model, photos, test_data, tagger, start):
    folder = photos("captions", 60)[0].parent
    tagger("import", folder, test_data / "captions" / "labels.csv")
    tagger("suggest", folder)
    child = start("-c", QUICK, folder, stderr=sys.stderr)
    lines = child.stdout.read().decode().splitlines()
    assert child.wait() == 0
    assert json.loads(lines[-2])["bundle"]
    assert lines[-1] == "0 []"
