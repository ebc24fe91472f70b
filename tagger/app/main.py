"""Opening the window."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QSize, QTimer
from PySide6.QtWidgets import QApplication

from tagger.app.keys import KeyGuard
from tagger.app.settings import Settings
from tagger.app.signals import closing_on_signals
from tagger.app.widgets.grid_view import GridView
from tagger.app.widgets.loupe import Loupe
from tagger.app.window import TITLE, Window

_NAME = "photo-tagger"


def make_application(arguments: list[str] | None = None) -> QApplication:
    """Return the application in our style; one that runs already is given it."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(arguments if arguments is not None else sys.argv[:1])
    if app.applicationName() != _NAME:
        app.setApplicationName(_NAME)
        app.setApplicationDisplayName(TITLE)
        app.setStyle("Fusion")
        app.installEventFilter(KeyGuard((GridView, Loupe), app))
    return app


def make_window(settings: Settings | None = None) -> Window:
    """Return the main window, not yet shown; there must be an application."""
    return Window(settings or Settings())


def run_window(
    folder: Path | None,
    *,
    screenshot: Path | None = None,
    size: tuple[int, int] = (1280, 800),
    patience: float = 300.0,
) -> int:
    """Open the window and return the exit code when it is closed.

    Args:
        folder: opened at once; None shows where to begin.
        screenshot: where to save a picture of the window when suggestions are complete; the
            window closes by itself then.
        size: of the window in a screenshot, in pixels.
        patience: seconds after which the screenshot is taken in any case.
    """
    app = make_application()
    window = make_window()
    if screenshot is not None:
        from tagger.app.screenshots import save_when_ready

        window.resize(QSize(*size))
        save_when_ready(window, screenshot, patience)
    window.show()
    if folder is not None:
        QTimer.singleShot(0, window, lambda: window.open_folder(folder.absolute()))
    with closing_on_signals(window):
        return app.exec()
