"""The right panel and the bars: by mouse, and for assistive technology."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QComboBox,
    QLabel,
    QLineEdit,
    QScrollBar,
    QWidget,
)

from tagger.app.widgets.label_button import LabelButton
from tagger.core.states import State

LEFT = Qt.MouseButton.LeftButton


def buttons(window):
    shown = window.workspace.panel.photo.findChildren(LabelButton)
    return {each.entry.name: each for each in shown if each.isVisible()}


def entry_state(window, name):
    return next(e.state for e in window.desk.board.entries() if e.name == name)


def test_a_click_on_a_chip_confirms_and_its_cross_rejects(window):
    QTest.mouseClick(buttons(window)["dog"], LEFT)
    assert entry_state(window, "dog") == State.CONFIRMED
    beach = buttons(window)["beach"]
    QTest.mouseClick(beach, LEFT, pos=beach.cross_rect().center())
    assert entry_state(window, "beach") == State.REJECTED


def test_a_click_on_a_ranked_choice_answers_the_single_group(window):
    QTest.mouseClick(buttons(window)["Boxer"], LEFT, pos=QPoint(40, 8))
    assert entry_state(window, "Boxer") == State.CONFIRMED
    assert entry_state(window, "Pug") == State.ABSENT
    QTest.mouseClick(buttons(window)["Pug"], LEFT, pos=QPoint(40, 8))
    assert entry_state(window, "Pug") == State.CONFIRMED
    assert entry_state(window, "Boxer") == State.ABSENT


def test_chips_say_what_they_are(window):
    dog = buttons(window)["dog"]
    assert dog.accessibleName() == "dog, suggested, score 80%"
    assert "2: confirm" in dog.toolTip()
    QTest.mouseClick(dog, LEFT)
    assert dog.accessibleName().startswith("dog, confirmed")


def test_assistive_technology_can_press_a_chip(window, qtbot):
    dog = QAccessible.queryAccessibleInterface(buttons(window)["dog"])
    assert dog.role() == QAccessible.Role.Button
    dog.actionInterface().doAction("Press")
    qtbot.waitUntil(lambda: entry_state(window, "dog") == State.CONFIRMED)


def test_every_control_has_a_name(window):
    window.desk.set_filter(window.desk.photos.filter)
    controls = (QAbstractButton, QAbstractSlider, QLineEdit, QComboBox)
    for kind in controls:
        for each in window.findChildren(kind):
            inner = isinstance(each, QScrollBar) or "qt_" in each.objectName()
            private = isinstance(each.parent(), QLineEdit)
            if each.isVisible() and not inner and not private:
                name = QAccessible.queryAccessibleInterface(each).text(QAccessible.Text.Name)
                assert name, f"{each!r} {each.objectName()}"


def test_slider_moved_by_keys_changes_suggestions_and_says_how_many(window, qtbot):
    box = window.workspace.sidebar.sliders
    slider = box.sliders[0]
    slider.setFocus()
    for _ in range(6):
        QTest.keyClick(slider, Qt.Key.Key_PageDown)  # to the left: fewer
    qtbot.waitUntil(lambda: "change" in box.changed.text(), timeout=3_000)
    qtbot.waitUntil(
        lambda: window.session.library.facts.thresholds.global_shift == pytest.approx(2.4),
        timeout=3_000,
    )
    assert "8 photos change" in box.changed.text()
    window.desk.chores.finish()
    assert window.desk.tally.suggestions.sum() == 0


def test_dragging_a_slider_shows_live_and_keeps_on_release(window, qtbot):
    library = window.session.library
    slider = window.workspace.sidebar.sliders.sliders[0]
    slider.setSliderDown(True)
    slider.setSliderPosition(-60)
    qtbot.waitUntil(lambda: library.facts.thresholds.global_shift > 2, timeout=3_000)
    assert library.catalog.meta("global_shift") is None, "only shown so far"
    slider.setSliderDown(False)
    assert float(library.catalog.meta("global_shift")) == pytest.approx(2.4)


def test_bulk_buttons_of_a_label_name_the_number(window):
    from tagger.app.models.filters import Filter

    schema = window.session.library.facts.schema
    dog = next(label for label in schema.labels.values() if label.name == "dog")
    window.desk.set_filter(Filter(label=dog.num))
    bar = window.workspace.filter_bar
    assert bar.confirm_all.text() == "Confirm all 4 suggested"
    QTest.mouseClick(bar.confirm_all, LEFT)
    question = window.workspace.panel.findChild(QWidget, "question")
    assert question.isVisible()
    QTest.mouseClick(question.yes, LEFT)
    assert window.desk.tally.suggestions[window.desk.photos.order].sum() == 8


def test_the_side_bar_filters_by_click(window):
    sidebar = window.workspace.sidebar
    row = next(
        number for number, row in enumerate(sidebar.model.rows) if row.text == "With suggestions"
    )
    rect = sidebar.list.visualRect(sidebar.model.index(row))
    QTest.mouseClick(sidebar.list.viewport(), LEFT, pos=rect.center())
    assert len(window.desk.photos) == 8


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_words_are_cut_off_at_1280_by_800(window, theme):
    window.settings.set("theme", theme)
    window.resize(1280, 800)
    from tagger.app.screenshots import settle

    settle(window, 2.0)
    assert (window.width(), window.height()) == (1280, 800)
    for each in window.findChildren(QLabel):
        if each.isVisible() and each.text() and not each.wordWrap():
            assert each.width() >= each.fontMetrics().horizontalAdvance(each.text()), each.text()
    for each in window.findChildren(LabelButton):
        if each.isVisible():
            assert each.width() >= each.sizeHint().width() or each.width() > 200


def test_changing_the_theme_keeps_the_work_in_hand(window, qtbot):
    slot = int(window.desk.photos.order[4])
    window.desk.selection.choose(slot)
    old = window.workspace
    window.settings.set("theme", "dark" if window.theme.tokens.name == "light" else "light")
    qtbot.waitUntil(lambda: window.workspace is not old)
    assert window.desk.selection.current == slot
    qtbot.wait(50)
    window.answers.confirm()
    assert window.desk.selection.current == window.desk.photos.order[5]


def test_where_to_begin_is_not_cut_off_and_says_why_a_folder_cannot_be_opened(qtbot, tmp_path):
    from tagger.app.main import make_application, make_window

    make_application()
    window = make_window()
    window.settings.note_recent(tmp_path)
    window.close_library()
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    with qtbot.waitSignal(window.up_to_date):
        window.open_folder(tmp_path / "missing")
    qtbot.wait(20)
    labels = [each for each in window.findChildren(QLabel) if each.isVisible() and each.text()]
    assert any("missing does not exist" in each.text() for each in labels)
    for each in labels:
        assert each.height() >= each.heightForWidth(each.width()), each.text()
    assert not window.status.pause.isVisible()
    window.close()
