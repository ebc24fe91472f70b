"""Every key of the window, pressed for real."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tagger.app.window import Window
from tagger.core.decisions import Verdict, verdicts_of
from tagger.core.states import State

pytestmark = [
    pytest.mark.qt_log_level_fail("WARNING"),
    pytest.mark.qt_log_ignore("This plugin does not support"),  # the offscreen platform says so
]
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def press(key: Qt.Key, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(QApplication.focusWidget(), key, keys)


def label(window: Window, name: str) -> int:
    schema = window.session.library.facts.schema
    return next(each.num for each in schema.labels.values() if each.name == name)


def verdict(window: Window, slot: int, name: str) -> Verdict:
    codes = window.session.library.facts.decisions.codes(np.array([slot]), label(window, name))
    return Verdict(int(verdicts_of(codes)[0]))


def state(window: Window, slot: int, name: str) -> State:
    return State(int(window.session.states([label(window, name)], np.array([slot]))[0, 0]))


def test_the_grid_has_the_keyboard_and_arrows_move(window):
    order = window.desk.photos.order.tolist()
    press(Qt.Key.Key_Right)
    assert window.desk.selection.current == order[1]
    press(Qt.Key.Key_Down)
    columns = window.workspace.grid.geometry_.columns
    assert window.desk.selection.current == order[1 + columns]
    press(Qt.Key.Key_End)
    assert window.desk.selection.current == order[-1]
    press(Qt.Key.Key_Home)
    press(Qt.Key.Key_Right, SHIFT)
    assert window.desk.selection.slots().tolist() == order[:2]


@pytest.mark.parametrize("loupe", [False, True])
def test_enter_shift_enter_and_undo_work_in_grid_and_loupe(window, loupe):
    if loupe:
        press(Qt.Key.Key_Space)
        assert window.workspace.in_loupe
    order = window.desk.photos.order.tolist()
    press(Qt.Key.Key_Return)
    assert verdict(window, order[0], "dog") == Verdict.CONFIRMED
    assert window.desk.selection.current == order[1]
    press(Qt.Key.Key_Enter, SHIFT)
    assert state(window, order[1], "cat") == State.ABSENT
    assert window.desk.selection.current == order[2]
    press(Qt.Key.Key_Z)
    assert state(window, order[1], "cat") == State.SUGGESTED
    press(Qt.Key.Key_Z)
    assert verdict(window, order[0], "dog") == Verdict.NONE
    assert window.desk.selection.current == order[0]
    press(Qt.Key.Key_Z, SHIFT)
    assert verdict(window, order[0], "dog") == Verdict.CONFIRMED
    if loupe:
        press(Qt.Key.Key_Escape)
        assert not window.workspace.in_loupe


def test_x_numbers_tab_unsure_and_none(window):
    slot = window.desk.selection.current
    press(Qt.Key.Key_X)
    assert verdict(window, slot, "animal") == Verdict.REJECTED
    press(Qt.Key.Key_3)
    assert verdict(window, slot, "beach") == Verdict.CONFIRMED
    press(Qt.Key.Key_Tab)
    focused = window.desk.focused_label()
    press(Qt.Key.Key_Tab, SHIFT)
    assert window.desk.focused_label() != focused
    window.answers.undo()
    window.answers.undo()
    window.desk.focus(label(window, "dog"))
    press(Qt.Key.Key_U)
    assert verdict(window, slot, "dog") == Verdict.UNSURE
    press(Qt.Key.Key_N)
    assert verdict(window, slot, "Pug") == Verdict.NONE


def test_zero_answers_none_of_these(window):
    slot = window.desk.selection.current
    press(Qt.Key.Key_0)
    assert state(window, slot, "Pug") == State.ABSENT


def test_t_adds_by_typing_and_letters_stay_in_the_field(window):
    slot = window.desk.selection.current
    press(Qt.Key.Key_T)
    field = window.workspace.panel.add.field
    assert QApplication.focusWidget() is field
    QTest.keyClicks(field, "xz1 kite")
    assert field.text() == "xz1 kite", "the window's keys do not act in a text field"
    field.clear()
    QTest.keyClicks(field, "puppy")
    press(Qt.Key.Key_Return)
    assert verdict(window, slot, "dog") == Verdict.CONFIRMED
    assert window.desk.selection.current == slot, "Enter in the field does not go on"
    QTest.keyClicks(field, "Kite")
    press(Qt.Key.Key_Return)
    assert verdict(window, slot, "Kite") == Verdict.CONFIRMED
    press(Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is window.workspace.grid
    press(Qt.Key.Key_X)
    assert verdict(window, slot, "Kite") == Verdict.REJECTED, "the added label has the focus"


def test_space_opens_the_loupe_arrows_go_on_and_escape_returns(window):
    order = window.desk.photos.order.tolist()
    press(Qt.Key.Key_Space)
    assert QApplication.focusWidget() is window.workspace.loupe
    press(Qt.Key.Key_Right)
    press(Qt.Key.Key_Right)
    press(Qt.Key.Key_Left)
    assert window.desk.selection.current == order[1]
    press(Qt.Key.Key_Space)
    assert not window.workspace.in_loupe
    assert QApplication.focusWidget() is window.workspace.grid


def test_select_all_then_enter_asks_and_enter_again_agrees(window):
    window.settings.set("ask_from", 5)
    press(Qt.Key.Key_A, CTRL)
    assert window.desk.selection.count == 12
    press(Qt.Key.Key_Return)
    assert window.desk.question is not None
    press(Qt.Key.Key_Escape)
    assert window.desk.question is None
    assert not window.session.library.acts()
    press(Qt.Key.Key_Return)
    press(Qt.Key.Key_Return)
    assert len(window.session.library.acts()) == 1
    press(Qt.Key.Key_Escape)
    assert window.desk.selection.count == 1


def test_find_a_label_by_keyboard_alone(window):
    press(Qt.Key.Key_F, CTRL)
    search = window.workspace.sidebar.search
    assert QApplication.focusWidget() is search
    QTest.keyClicks(search, "bea")
    press(Qt.Key.Key_Return)
    assert window.desk.photos.filter.label == label(window, "beach")
    assert len(window.desk.photos) == 4


def test_f5_takes_photos_away_that_no_longer_match(window):
    from tagger.app.models.filters import Filter

    window.desk.set_filter(Filter(label=label(window, "beach")))
    press(Qt.Key.Key_X)
    assert len(window.desk.photos) == 4
    press(Qt.Key.Key_F5)
    assert len(window.desk.photos) == 3


def test_space_and_enter_operate_the_button_that_has_the_keyboard(window):
    button = window.workspace.panel.review
    button.setFocus()
    slot = window.desk.selection.current
    press(Qt.Key.Key_Space)
    assert state(window, slot, "dog") == State.ABSENT
    assert not window.workspace.in_loupe


def test_f6_goes_through_the_parts(window):
    seen = []
    for _ in range(3):
        press(Qt.Key.Key_F6)
        seen.append(QApplication.focusWidget())
    workspace = window.workspace
    assert seen == [workspace.panel.confirm, workspace.sidebar.list, workspace.grid]


def test_keys_can_be_changed_in_the_settings(window):
    from tagger.app.action_table import BY_NAME
    from tagger.app.keys import set_keys

    slot = window.desk.selection.current
    set_keys(BY_NAME["photo.reject"], ("D",), window.settings)
    press(Qt.Key.Key_X)
    assert verdict(window, slot, "animal") == Verdict.NONE
    press(Qt.Key.Key_D)
    assert verdict(window, slot, "animal") == Verdict.REJECTED


def test_no_two_actions_share_a_key():
    from tagger.app.action_table import ACTIONS

    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))


def test_a_key_press_is_painted_within_50_ms(window, qtbot):
    import time

    def once():
        start = time.perf_counter()
        press(Qt.Key.Key_Return)
        window.workspace.repaint()
        return time.perf_counter() - start

    press(Qt.Key.Key_Right)
    tries = (once() for _ in range(30))  # a busy machine has a quiet moment among so many
    assert any(seconds <= 0.05 for seconds in tries)
