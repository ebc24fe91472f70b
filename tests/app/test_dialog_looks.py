"""Every dialog: opened by its action, closed by Esc, read out by a screen reader, never cut off."""

import pytest
from dialog_hands import confirm, label_of
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
)

from tagger.app.action_table import ACTIONS
from tagger.app.dialogs.frame import Dialog
from tagger.app.dialogs.host import close_dialogs
from tagger.app.style_sheet import apply_theme
from tagger.app.theme import make_theme

CONTROLS = (
    QAbstractButton,
    QLineEdit,
    QComboBox,
    QAbstractSpinBox,
    QAbstractItemView,
    QPlainTextEdit,
)
DIALOGS = [action.name for action in ACTIONS if action.dialog]


def opened(window, name):
    """Open a dialog by its action and give it the room of a 1280 × 800 screen."""
    window.perform(name)
    QApplication.processEvents()
    found = [each for each in window.findChildren(Dialog) if each.isVisible()]
    assert len(found) == 1, f"{name} opens {len(found)} dialogs"
    return found[0]


@pytest.fixture
def labelled(window, library):
    confirm(library, [1, 2, 3], label_of(library, "tags", "beach"))
    window.session.schema_changed.emit()
    yield window
    close_dialogs(window)


@pytest.fixture(params=["light", "dark", "200 %"])
def look(request, labelled):
    """The window in one of three looks."""
    app, font = QApplication.instance(), QApplication.font()
    if request.param == "200 %":
        large = QFont(font)
        large.setPointSizeF(font.pointSizeF() * 2)
        app.setFont(large)
    labelled.theme = make_theme(app.font(), request.param == "dark")
    apply_theme(app, labelled.theme)
    yield labelled
    close_dialogs(labelled)
    app.setFont(font)
    apply_theme(app, make_theme(font, False))


def test_a_dialog_opens_once_and_escape_closes_it(labelled, qtbot):
    for name in DIALOGS:
        dialog = opened(labelled, name)
        labelled.perform(name)
        assert opened(labelled, name) is dialog, "asked for again, it comes to the front"
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        assert not dialog.isVisible(), name


def test_every_control_of_a_dialog_has_a_name(labelled):
    for name in DIALOGS:
        dialog = opened(labelled, name)
        assert dialog.windowTitle()
        nameless = [
            widget
            for kind in CONTROLS
            for widget in dialog.findChildren(kind)
            if widget.isVisible()
            and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
            and not isinstance(widget.parent(), QComboBox | QAbstractSpinBox)
            and not widget.accessibleName()
            and not (isinstance(widget, QAbstractButton) and widget.text())
        ]
        assert nameless == [], name
        dialog.close()


def test_nothing_is_cut_off_in_light_in_dark_and_with_large_letters(look):
    screen = QApplication.primaryScreen().availableSize()
    for name in DIALOGS:
        dialog = opened(look, name)
        assert dialog.width() <= screen.width(), name
        assert dialog.minimumSizeHint().height() <= 700, name
        dialog.resize(1178, 736)
        QApplication.processEvents()
        assert_whole(dialog, name)
        dialog.close()


def assert_whole(dialog, name):
    """Make sure that all words on show have the room they need."""
    for area in dialog.findChildren(QScrollArea):
        assert area.horizontalScrollBar().maximum() == 0, f"{name} needs scrolling sideways"
    for made in dialog.findChildren(QPushButton):
        if made.isVisible():
            assert made.width() >= made.sizeHint().width(), f"{name}: {made.text()}"
    for label in dialog.findChildren(QLabel):
        if label.isVisible() and label.text():
            needed = label.heightForWidth(label.width()) if label.wordWrap() else 0
            assert label.height() >= needed - 1, f"{name}: {label.text()}"
            if not label.wordWrap():
                assert label.width() >= label.sizeHint().width(), f"{name}: {label.text()}"


def test_closing_the_library_closes_its_dialogs(labelled):
    dialog = opened(labelled, "labels.schema")
    labelled.close_library()
    assert not dialog.isVisible()
