"""The frame of every dialog: a body that scrolls, a line for problems, buttons at the foot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from tagger.app.dialogs.parts import text
from tagger.app.models.signal import Signal
from tagger.app.theme import Theme
from tagger.core.errors import TaggerError

_MOST_OF_SCREEN = 0.92


class Dialog(QDialog):
    """A dialog in our look. Esc closes it; the main button is pressed by Enter.

    Attributes:
        theme: as it was when the dialog was opened.
        body: where the content goes.
        problem: one sentence of what went wrong; hidden while empty.
    """

    def __init__(
        self, theme: Theme, title: str, parent: QWidget | None, width: float, height: float
    ) -> None:
        """Make an empty dialog of about `width` × `height` units of 8 pixels."""
        super().__init__(parent)
        self.theme = theme
        self._listening: list[tuple[Signal, Callable[..., Any]]] = []
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        px = theme.px
        whole = self._whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        self._area = _Area()
        content = self._content = QWidget()
        content.setObjectName("scrolled")
        self.body = QVBoxLayout(content)
        self.body.setContentsMargins(px(3), px(3), px(3), px(2))
        self.body.setSpacing(px(1.5))
        self._area.setWidget(content)
        whole.addWidget(self._area, 1)
        self.problem = self._problem_line()
        holder = QHBoxLayout()
        holder.setContentsMargins(px(3), 0, px(3), px(1))
        holder.addWidget(self._problem_frame)
        whole.addLayout(holder)
        self._foot = QHBoxLayout()
        self._foot.setContentsMargins(px(3), px(1), px(3), px(2))
        self._foot.setSpacing(px(1))
        self._foot.addStretch(1)
        whole.addLayout(self._foot)
        self._wanted = QSize(px(width), px(height))
        self.resize(self._fitting(self._wanted))

    def _problem_line(self) -> QLabel:
        px = self.theme.px
        self._problem_frame = QFrame()
        self._problem_frame.setObjectName("note")
        inside = QVBoxLayout(self._problem_frame)
        inside.setContentsMargins(px(1.5), px(1), px(1.5), px(1))
        label = text(role="warning")
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        inside.addWidget(label)
        self._problem_frame.hide()
        return label

    def add_buttons(self, *buttons: QWidget, left: bool = False) -> None:
        """Put buttons at the foot: the main one last, so that it stands in the corner."""
        for place, made in enumerate(buttons):
            if left:
                self._foot.insertWidget(place, made)
            else:
                self._foot.addWidget(made)

    def show_problem(self, sentence: str) -> None:
        """Show what went wrong, in one sentence; an empty one takes it away."""
        self.problem.setText(sentence)
        self.problem.setAccessibleName(sentence)
        self._problem_frame.setVisible(bool(sentence))

    def show_error(self, error: Exception) -> None:
        """Show an error that the user can do something about, or that it was ours."""
        self.show_problem(sentence_of(error))

    @property
    def alive(self) -> bool:
        """Whether the dialog is still there: work may end after it was closed."""
        return isValid(self) and self.isVisible()

    def listen(self, signal: Signal, listener: Callable[..., Any]) -> None:
        """Call `listener` on a signal of the view-models, as long as the dialog is open."""
        signal.connect(listener)
        self._listening.append((signal, listener))

    def done(self, result: int) -> None:
        """Close, and stop listening."""
        for signal, listener in self._listening:
            signal.disconnect(listener)
        self._listening = []
        super().done(result)

    def _fitting(self, wanted: QSize) -> QSize:
        screen = QGuiApplication.primaryScreen()
        if screen is None:
            return wanted
        return wanted.boundedTo(screen.availableSize() * _MOST_OF_SCREEN)

    def reveal(self, widget: QWidget) -> None:
        """Scroll to a widget, once everything has its place."""
        QTimer.singleShot(0, self, lambda: self._area.ensureWidgetVisible(widget))

    def fit(self) -> None:
        """Make the dialog as high as its content needs, where the screen allows."""
        width = max(self._wanted.width(), self._content.minimumSizeHint().width())
        needed = self.body.heightForWidth(width) if self.body.hasHeightForWidth() else -1
        height = max(needed, self._content.sizeHint().height())
        foot = self._whole.totalMinimumSize().height() - self._area.minimumSizeHint().height()
        self.resize(self._fitting(QSize(width, height + foot)))


class Pages(QWidget):
    """Pages of which one is shown; it alone says how much room is needed.

    Qt's own stack asks every page how high it is for a width, also those that are not shown.
    """

    def __init__(self) -> None:
        super().__init__()
        self._inside = QVBoxLayout(self)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._shown: QWidget | None = None

    def add(self, page: QWidget) -> None:
        """Add a page; the first one is shown."""
        self._inside.addWidget(page)
        page.setVisible(self._shown is None)
        self._shown = self._shown or page

    def turn_to(self, page: QWidget) -> None:
        """Show a page."""
        if self._shown is not None and self._shown is not page:
            self._shown.hide()
        self._shown = page
        page.show()

    @property
    def shown(self) -> QWidget | None:
        """The page that is shown."""
        return self._shown


class _Area(QScrollArea):
    """Room for the content, which is scrolled to where it does not fit."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def minimumSizeHint(self) -> QSize:
        """Return a little, so that the dialog can be made small."""
        return QSize(200, 80)


def sentence_of(error: Exception) -> str:
    """Return what the user is told of an error."""
    if isinstance(error, TaggerError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'The file'} cannot be used: {error.strerror or error}."
    return f"Something went wrong that should not have ({error}). The log has the details."
