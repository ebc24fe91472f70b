"""The demo does the main job, also without a display."""

import csv
import json

import pytest

from tagger.cli.display import has_display


def test_a_display_that_is_named_but_dead_is_no_display(monkeypatch):
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":987")
    assert not has_display()


@pytest.mark.parametrize("platform", ["offscreen", "minimal", "offscreen:size=1x1"])
def test_offscreen_is_no_display(monkeypatch, platform):
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    assert not has_display()


@pytest.mark.slow
def test_headless_demo_ends_with_its_three_files(tagger, model, photos, capfd):
    from pathlib import Path

    from tagger.__main__ import main

    folder = photos("dogs", 4)
    assert main(["demo", str(folder)]) == 0
    annotations, table, picture = map(Path, capfd.readouterr().out.strip().splitlines()[-3:])
    assert annotations == folder / "tagger-annotations.json"
    assert len(json.loads(annotations.read_text())["photos"]) == 4
    assert len(list(csv.DictReader(table.open()))) == 4
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000
