"""A person at the real window: looks, waits, presses keys, clicks. Drives `tagger FOLDER`."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QWidget

from tagger.__main__ import main
from tagger.app.main import make_application
from tagger.app.models.board import Entry
from tagger.app.window import Window

_NONE = Qt.KeyboardModifier.NoModifier
_HARMLESS = ("This plugin does not support",)
PATIENCE = 90.0


class Hands:
    """Acts on the window and reads what it shows.

    Attributes:
        window: the main window.
        told: how often the window said that everything is up to date.
    """

    def __init__(self, window: Window, errors: list[BaseException]) -> None:
        """Take hold of a window; `errors` is where those of its callbacks come in."""
        self.window = window
        self.told = 0
        self._errors = errors
        window.up_to_date.connect(self._note)

    def _note(self) -> None:
        self.told += 1

    # -- waiting -----------------------------------------------------------------------------

    def wait(self, condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        """Let the program work until a condition holds; the test fails if it never does."""
        end = time.monotonic() + seconds
        while not condition():
            assert not self._errors, f"a callback failed: {self._errors[0]!r}"
            assert time.monotonic() < end, f"in {seconds:.0f} s it did not happen: {what}"
            QTest.qWait(15)

    def wait_until_suggested(self) -> None:
        """Wait until the folder is scanned, suggestions are complete, and all of it is shown."""
        self.wait(lambda: self.told > 0, "suggestions are complete")
        self.wait_until_calm()

    def wait_until_calm(self) -> None:
        """Wait until counts are up to date and everything done is on disk."""
        window = self.window
        self.wait(lambda: not window.desk.chores.busy, "counts are up to date")
        self.wait(lambda: window.status.saved.text() == "Saved", "everything is saved")

    # -- keys and mouse ----------------------------------------------------------------------

    def _active(self) -> QWidget:
        """Return the window that has the keyboard; a desktop gives it back after a dialog."""
        if QApplication.activeWindow() is None:
            self.window.activateWindow()
            assert QTest.qWaitForWindowActive(self.window, 5_000), "the window gets the keyboard"
        found = QApplication.activeWindow()
        assert found is not None
        return found

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = _NONE, times: int = 1) -> None:
        """Press a key as the window system delivers it: to whatever has the keyboard."""
        for _ in range(times):
            QTest.keyClick(self._active().windowHandle(), key, modifiers)
            QApplication.processEvents()

    def type(self, text: str) -> None:
        """Type into whatever has the keyboard."""
        field = QApplication.focusWidget()
        assert field is not None, "something has the keyboard"
        QTest.keyClicks(field, text)
        QApplication.processEvents()

    def click_photo(self, slot: int, modifiers: Qt.KeyboardModifier = _NONE) -> None:
        """Click a photo in the grid."""
        grid = self.window.workspace.grid
        grid.show_slot(slot)
        spot = grid.cell_rect(slot).center()
        QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, modifiers, spot)
        QApplication.processEvents()

    def click(self, widget: QWidget) -> None:
        """Click the middle of a widget that a person could click."""
        self.wait(lambda: widget.isVisible() and widget.isEnabled(), f"{widget} can be clicked", 10)
        middle = QPoint(widget.width() // 2, widget.height() // 2)
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, _NONE, middle)
        QApplication.processEvents()

    # -- looking -----------------------------------------------------------------------------

    def slot(self, name: str) -> int:
        """Return the photo with a file name."""
        photos = self.window.session.library.photos
        wanted = os.fsencode(name)
        return next(
            slot
            for slot in photos.by_name.tolist()
            if photos.path(slot).rpartition(b"/")[2] == wanted
        )

    def shown_labels(self) -> dict[tuple[str, str], Entry]:
        """Return what the panel paints of the open photo: (group, label) → entry."""
        found = {}
        for section in self.window.workspace.panel.photo.sections:
            if section.board is None or section.isHidden():
                continue
            for button in section.buttons:
                if not button.isHidden():
                    found[section.board.name, button.entry.name] = button.entry
        return found

    def dialog(self, kind: str) -> QDialog:
        """Wait for an open dialog whose class is called so, and return it."""

        def visible() -> list[QDialog]:
            return [
                w
                for w in QApplication.topLevelWidgets()
                if isinstance(w, QDialog) and w.isVisible() and type(w).__name__ == kind
            ]

        self.wait(visible, f"the dialog {kind} is open", 15)
        return visible()[0]

    def button(self, parent: QWidget, *words: str) -> QAbstractButton:
        """Return the visible button whose text begins with one of these words."""
        for found in parent.findChildren(QAbstractButton):
            text = found.text().replace("&", "")
            if found.isVisible() and text.startswith(words):
                return found
        shown = [b.text() for b in parent.findChildren(QAbstractButton) if b.isVisible()]
        raise AssertionError(f"no button {words}; there are {shown}")


def at_the_window(folder: str | None, drive: Callable[[Hands], object]) -> None:
    """Run `tagger FOLDER` in this process, do `drive` at the window, and close it.

    Errors of the program's own callbacks and warnings of Qt are errors here too.
    """
    app = make_application()
    assert not [w for w in app.topLevelWidgets() if isinstance(w, Window) and w.isVisible()]
    errors: list[BaseException] = []
    warnings: list[str] = []

    starting, ending = QTimer(interval=5), QTimer(interval=20_000, singleShot=True)

    def begin() -> None:
        found = [w for w in app.topLevelWidgets() if isinstance(w, Window) and w.isVisible()]
        if not found:
            return
        starting.stop()
        try:
            drive(Hands(found[0], errors))
        except BaseException as error:
            errors.append(error)
        finally:
            for dialog in app.topLevelWidgets():
                if isinstance(dialog, QDialog):
                    dialog.close()
            ending.start()
            found[0].close()

    def overdue() -> None:
        errors.append(AssertionError("closing the window did not end the program"))
        app.exit(1)

    starting.timeout.connect(begin)
    ending.timeout.connect(overdue)

    def hear(kind: QtMsgType, context: object, text: str) -> None:
        if kind != QtMsgType.QtDebugMsg and not text.startswith(_HARMLESS):
            warnings.append(text)

    def uncaught(kind: type[BaseException], error: BaseException, trace: object) -> None:
        errors.append(error)
        traceback.print_exception(error)

    hook, handler = sys.excepthook, qInstallMessageHandler(hear)
    sys.excepthook = uncaught
    starting.start()
    try:
        code = main([] if folder is None else [folder])
    finally:
        starting.stop()
        ending.stop()
        sys.excepthook = hook
        qInstallMessageHandler(handler)
    if errors:
        raise errors[0]
    assert warnings == [], f"Qt complained: {warnings}"
    assert code == 0
