"""The presets: the page of the dialog of groups and labels that starts from one."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from tagger.app.dialogs.schema import SchemaDialog, open_schema


def open_presets(window: QWidget) -> SchemaDialog:
    """Open the dialog of groups and labels at its presets."""
    dialog = open_schema(window)
    dialog.add_preset()
    return dialog
