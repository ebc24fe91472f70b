"""What this program is: version, licence, where it keeps its things."""

from __future__ import annotations

from PySide6.QtCore import qVersion
from PySide6.QtWidgets import QFormLayout, QWidget

import tagger
from tagger.app.dialogs.frame import Dialog
from tagger.app.dialogs.host import Host, opened
from tagger.app.dialogs.parts import button, path_text, show_in_folder, text
from tagger.library.places import user_data_dir


def open_about(window: QWidget) -> AboutDialog:
    """Open the dialog that says what this program is."""
    return opened(window, AboutDialog)


class AboutDialog(Dialog):
    """Name, version, licence, places."""

    def __init__(self, host: Host, parent: QWidget | None = None) -> None:
        super().__init__(host.theme, "About", parent, 68, 44)
        self.body.addWidget(text("Photo Tagger", "title"))
        self.body.addWidget(
            text(
                "Suggests labels for your photos with a model that runs on this machine, and "
                "learns from your corrections. No cloud, no account: your photos stay here."
            )
        )
        lines = QFormLayout()
        lines.setHorizontalSpacing(self.theme.px(2))
        lines.setVerticalSpacing(self.theme.px(0.5))
        data = user_data_dir()
        for title, words in (
            ("Version", tagger.__version__),
            ("Licence", "MIT"),
            ("Built with", f"Qt {qVersion()} (LGPL), Material Design Icons (Apache 2.0)"),
            ("Models, runs and settings", str(data)),
        ):
            lines.addRow(text(title, "muted", wrap=False), path_text(words))
        self.body.addLayout(lines)
        self.body.addStretch(1)
        self.add_buttons(
            button("Show that folder", lambda: show_in_folder(data / "settings.json")), left=True
        )
        self.add_buttons(button("Close", self.reject, main=True))
        self.fit()
