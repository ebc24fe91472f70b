"""The bottom line: photos, model, provider, progress with a pause button, problems, saved."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from tagger.app.icons import icon
from tagger.app.theme import Theme
from tagger.app.widgets.eliding_label import ElidingLabel


class StatusBar(QWidget):
    """Shows what goes on; every part of it is told from outside.

    Attributes:
        pause_pressed: pause or go on suggesting.
        problems_pressed: show the problem files.
        models_pressed: show the models.
    """

    pause_pressed = Signal()
    problems_pressed = Signal()
    models_pressed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statusBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.theme = theme
        self.photos = QLabel()
        self.model = self._button("models", "The model and what it runs on", self.models_pressed)
        self.work = ElidingLabel()
        self.work.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.work.setAccessibleName("What is being done")
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedWidth(theme.px(12))
        self.bar.setAccessibleName("Progress")
        self.pause = self._button("pause", "Pause suggesting", self.pause_pressed)
        self.problems = self._button("problem", "Files that cannot be read", self.problems_pressed)
        self.saved = QLabel()
        self.saved.setProperty("role", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px(1.5), theme.px(0.25), theme.px(1.5), theme.px(0.25))
        row.setSpacing(theme.px(1.5))
        row.addWidget(self.photos)
        row.addWidget(self.model)
        row.addWidget(self.work, 1)
        parts: tuple[QWidget, ...] = (self.bar, self.pause, self.problems, self.saved)
        for part in parts:
            row.addWidget(part)
        self.setMinimumHeight(theme.px(4))
        self.clear()

    def _button(self, name: str, words: str, signal: SignalInstance) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name, self.theme.tokens.muted))
        button.setToolTip(words)
        button.setAccessibleName(words)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.clicked.connect(signal)
        return button

    def clear(self) -> None:
        """Show nothing: no library is open."""
        self.show_photos("")
        self.show_model("", "")
        self.show_work("")
        self.show_pause(False, False)
        self.show_problems(0)
        self.saved.setText("")

    def show_photos(self, words: str) -> None:
        """Show how many photos there are."""
        self.photos.setText(words)

    def show_model(self, model: str, provider: str) -> None:
        """Name the model and the provider really in use (empty: none yet)."""
        words = f"{model}  ·  {provider}" if model and provider else model
        self.model.setText(words)
        self.model.setVisible(bool(model))
        self.model.setAccessibleName(f"Model: {words}")

    def show_work(self, words: str, done: int = 0, total: int = 0) -> None:
        """Show what is being done; with a total also how far it is."""
        self.work.setText(words)
        self.bar.setVisible(bool(words) and total > 0)
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(min(done, total))

    def show_pause(self, shown: bool, paused: bool) -> None:
        """Show the button that pauses or goes on."""
        words = "Go on suggesting" if paused else "Pause suggesting"
        self.pause.setIcon(icon("resume" if paused else "pause", self.theme.tokens.text))
        self.pause.setToolTip(words)
        self.pause.setAccessibleName(words)
        self.pause.setVisible(shown)

    def show_problems(self, count: int) -> None:
        """Show how many files cannot be read."""
        self.problems.setText(f"{count:,} problem{'' if count == 1 else 's'}")
        self.problems.setIcon(icon("problem", self.theme.tokens.warning))
        self.problems.setVisible(count > 0)

    def show_saved(self, saved: bool) -> None:
        """Say whether everything done is on disk."""
        self.saved.setText("Saved" if saved else "Saving …")
