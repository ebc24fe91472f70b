"""Keys, preferences, about."""

import pytest
from dialog_hands import press, says
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

from tagger.app.action_table import ACTIONS, BY_NAME
from tagger.app.dialogs.about import open_about
from tagger.app.dialogs.keys import open_keys
from tagger.app.dialogs.preferences import open_preferences
from tagger.app.keys import keys_of
from tagger.app.settings import SETTINGS, Settings


@pytest.fixture
def dialog(window):
    opened = open_keys(window)
    yield opened
    opened.close()


def choose(dialog, name):
    dialog.table.choose(lambda line: line.action.name == name)


def shortcuts(window, name):
    return [key.toString() for key in window.menus.actions[name].shortcuts()]


def test_every_action_of_the_program_is_listed_with_its_keys(dialog):
    listed = {row.action.name: row.keys for row in dialog.table.rows.rows}
    assert listed == {a.name: a.keys for a in ACTIONS if a.offered}


def test_a_key_can_be_given_and_works_at_once_and_after_a_restart(dialog, window, qtbot):
    choose(dialog, "photo.unsure")
    press(dialog, "Add a key…")
    qtbot.keyClick(dialog.catch, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert keys_of(BY_NAME["photo.unsure"], window.settings) == ("U", "Ctrl+J")
    assert shortcuts(window, "photo.unsure") == ["U", "Ctrl+J"]
    assert keys_of(BY_NAME["photo.unsure"], Settings()) == ("U", "Ctrl+J")


@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_Space])
def test_keys_that_dialogs_use_themselves_can_be_given_too(dialog, window, qtbot, key):
    choose(dialog, "view.refresh")
    press(dialog, "Add a key…")
    qtbot.keyClick(dialog.catch, key)
    assert QKeySequence(key) in window.menus.actions["view.refresh"].shortcuts()


def test_a_key_taken_from_another_action_is_said(dialog, window, qtbot):
    choose(dialog, "photo.unsure")
    press(dialog, "Add a key…")
    qtbot.keyClick(dialog.catch, Qt.Key.Key_X)
    assert says(dialog, "X was taken from “Reject the focused label”. It has no key now.")
    assert keys_of(BY_NAME["photo.reject"], window.settings) == ()
    assert shortcuts(window, "photo.unsure") == ["U", "X"]
    choose(dialog, "photo.reject")
    press(dialog, "Reset")
    assert keys_of(BY_NAME["photo.reject"], window.settings) == ("X",)
    assert keys_of(BY_NAME["photo.unsure"], window.settings) == ("U",)


def test_escape_gives_up_and_is_never_given_away(dialog, window, qtbot):
    choose(dialog, "photo.unsure")
    press(dialog, "Add a key…")
    qtbot.keyClick(dialog.catch, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert keys_of(BY_NAME["photo.unsure"], window.settings) == ("U",)


def test_a_key_can_be_taken_away_and_all_come_back(dialog, window):
    choose(dialog, "edit.undo")
    press(dialog, "Z ")
    assert keys_of(BY_NAME["edit.undo"], window.settings) == ("Ctrl+Z",)
    press(dialog, "Reset all keys")
    assert keys_of(BY_NAME["edit.undo"], window.settings) == ("Z", "Ctrl+Z")


def test_an_action_is_found_by_words_and_by_key(dialog):
    dialog.search.setText("none of")
    assert [row.action.name for row in dialog.table.rows.rows] == ["photo.none"]
    dialog.search.setText("ctrl+e")
    assert [row.action.name for row in dialog.table.rows.rows] == ["file.export"]


def test_preferences_show_every_setting_and_apply_at_once(window):
    dialog = open_preferences(window)
    titled = [setting for setting in SETTINGS if setting.title]
    assert set(dialog.fields) == {setting.name for setting in titled}
    for setting in titled:
        assert says(dialog, setting.title)
        assert says(dialog, setting.description)
    dialog.fields["ask_from"].setValue(7)
    assert window.settings.get("ask_from") == 7
    assert window.answers.ask_from == 7
    dialog.close()


def test_about_names_version_licence_and_the_folder_of_its_things(window, own_user_data):
    dialog = open_about(window)
    for words in ("0.1.0", "MIT", str(own_user_data)):
        assert says(dialog, words)
    dialog.close()
