"""Whether there is a display to show a window on."""

from __future__ import annotations

import os
import subprocess
import sys


def has_display() -> bool:
    """Say whether a window can be shown to a person."""
    if os.environ.get("QT_QPA_PLATFORM", "").split(":")[0] in ("offscreen", "minimal"):
        return False
    if not _may_have_display():
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    probe = "from PySide6.QtGui import QGuiApplication; QGuiApplication([])"  # aborts without one
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, check=False)
    return done.returncode == 0


def can_open_window() -> bool:
    """Say whether a window can be opened at all, be it without a person before it."""
    return bool(os.environ.get("QT_QPA_PLATFORM")) or _may_have_display()


def _may_have_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
