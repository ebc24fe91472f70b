"""Connecting a widget to a view-model for as long as the widget lives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject

from tagger.app.models.signal import Signal


def listen(widget: QObject, signal: Signal, slot: Callable[..., Any]) -> None:
    """Call `slot` on every emit until `widget` is destroyed."""
    signal.connect(slot)
    widget.destroyed.connect(lambda: signal.disconnect(slot))
