"""Reading what a model's maker wrote about it: `card.md`."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QTextBrowser, QWidget

from tagger.app.dialogs.frame import Dialog
from tagger.app.dialogs.parts import button
from tagger.app.theme import Theme
from tagger.bundle.spec import CARD_FILE
from tagger.core.errors import TaggerError


class CardError(TaggerError):
    """A model's card cannot be read."""


def read_card(folder: Path) -> str:
    """Return the card of a bundle, in Markdown.

    Raises:
        CardError: there is none, or it cannot be read.
    """
    try:
        return (folder / CARD_FILE).read_text("utf-8", "replace")
    except OSError as error:
        raise CardError(f"This model's card cannot be read: {error.strerror or error}.") from error


class CardDialog(Dialog):
    """Shows a card."""

    def __init__(self, theme: Theme, name: str, card: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, f"Card of “{name}”", parent, 88, 76)
        self.text = QTextBrowser()
        self.text.setOpenExternalLinks(True)
        self.text.setAccessibleName(f"Card of {name}")
        self.text.setMarkdown(card)
        self.text.setMinimumHeight(theme.px(20))
        self.body.addWidget(self.text, 1)
        self.add_buttons(button("Close", self.reject, main=True))
