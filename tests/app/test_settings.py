"""Settings."""

import json

import pytest

from tagger.app.settings import SETTINGS, Settings


def test_a_setting_is_kept_and_unknown_or_wrong_values_are_not_believed(own_user_data):
    settings = Settings()
    settings.set("theme", "dark")
    assert Settings().get("theme") == "dark"
    file = own_user_data / "settings.json"
    data = json.loads(file.read_text())
    file.write_text(json.dumps({**data, "theme": "pink", "ask_from": "many", "side": 100000}))
    again = Settings()
    assert (again.get("theme"), again.get("ask_from"), again.get("side")) == ("system", 50, 160)


def test_a_damaged_settings_file_gives_the_defaults(own_user_data):
    own_user_data.mkdir()
    (own_user_data / "settings.json").write_text("{half a")
    assert Settings().get("theme") == "system"


def test_a_wrong_value_is_refused():
    with pytest.raises(ValueError, match="theme"):
        Settings().set("theme", "pink")


def test_recent_folders_are_newest_first_without_repeats(tmp_path):
    settings = Settings()
    for name in ("a", "b", "a"):
        settings.note_recent(tmp_path / name)
    assert settings.get("recent") == [str(tmp_path / "a"), str(tmp_path / "b")]


def test_every_setting_says_what_it_does():
    assert all(setting.description for setting in SETTINGS)
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
