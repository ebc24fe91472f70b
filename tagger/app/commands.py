"""What actions do that is more than one call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagger.app.window import Window


def open_folder(window: Window) -> None:
    """Let the user choose a folder, and open it."""
    from PySide6.QtWidgets import QFileDialog

    recent = window.settings.get("recent")
    start = str(Path(recent[0]).parent) if recent else str(Path.home())
    chosen = QFileDialog.getExistingDirectory(window, "Open a folder of photos", start)
    if chosen:
        window.open_folder(Path(chosen))


def toggle_full_screen(window: Window) -> None:
    """Use the whole screen, or the window again."""
    if window.isFullScreen():
        window.showNormal()
    else:
        window.showFullScreen()
