"""The bottom line: photos, model, provider, progress with a pause button, problems, saved."""

from __future__ import annotations

from collections.abc import Mapping

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
        idle_gpu_pressed: show why the graphics card is not used.
        idle_gpu_dismissed: say no more of that.
    """

    pause_pressed = Signal()
    problems_pressed = Signal()
    models_pressed = Signal()
    idle_gpu_pressed = Signal()
    idle_gpu_dismissed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statusBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.theme = theme
        self.photos = QLabel()
        self.model = self._button("models", "The model and what it runs on", self.models_pressed)
        self.idle_gpu = self._button("problem", "A graphics card is idle", self.idle_gpu_pressed)
        self.dismiss = self._button("reject", "Say no more of this", self.idle_gpu_dismissed)
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
        row.addWidget(self.idle_gpu)
        row.addWidget(self.dismiss)
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
        self.show_idle_gpu(None)
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

    def show_idle_gpu(self, idle: Mapping[str, str] | None) -> None:
        """Say that a graphics card is not used: `short` and `sentence`; None: nothing to say."""
        self.idle_gpu.setVisible(idle is not None)
        self.dismiss.setVisible(idle is not None)
        if idle is not None:
            self.idle_gpu.setText(idle["short"])
            self.idle_gpu.setToolTip(idle["sentence"])
            self.idle_gpu.setAccessibleName(f"{idle['short']}: {idle['sentence']}")
            self.idle_gpu.setIcon(icon("problem", self.theme.tokens.warning))

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
