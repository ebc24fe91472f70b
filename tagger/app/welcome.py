"""What the window shows before a folder is open: where to begin."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from tagger.app.icons import icon, pixmap
from tagger.app.theme import Theme

_MOST = 6


class Welcome(QWidget):
    """Offers to open a folder, and the recent ones.

    Attributes:
        open_pressed: the user wants to choose a folder.
        folder_chosen: (Path) one of the recent folders.
    """

    open_pressed = Signal()
    folder_chosen = Signal(object)

    def __init__(self, theme: Theme, recent: list[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        px, tokens = theme.px, theme.tokens
        picture = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        picture.setPixmap(pixmap("all", tokens.muted, px(8), self.devicePixelRatioF()))
        title = QLabel("Open a folder of photos", alignment=Qt.AlignmentFlag.AlignCenter)
        title.setProperty("role", "title")
        words = QLabel(
            "Labels are suggested by a model that runs on this computer. Your photos stay where "
            "they are and are never changed.",
            alignment=Qt.AlignmentFlag.AlignCenter,
            wordWrap=True,
        )
        words.setProperty("role", "muted")
        words.setFixedWidth(px(52))  # a wrapped label that is centred does not find its size
        words.setMinimumHeight(words.heightForWidth(px(52)))
        button = QPushButton("Open folder…")
        button.setProperty("main", True)
        button.setToolTip("Ctrl+O, or drop a folder here")
        button.clicked.connect(self.open_pressed)
        column = QVBoxLayout(self)
        column.setSpacing(px(2))
        column.addStretch(2)
        for widget in (picture, title, words, button):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        again_column = QVBoxLayout()
        again_column.setSpacing(px(0.5))
        column.addLayout(again_column)
        for folder in recent[:_MOST]:
            again = QPushButton(icon("folder", tokens.accent), folder)
            again.setProperty("quiet", True)
            again.clicked.connect(lambda _=False, f=folder: self.folder_chosen.emit(Path(f)))
            again_column.addWidget(again, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
