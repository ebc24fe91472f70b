"""A question that waits for a yes, and notices that pass; neither holds up the user."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from tagger.app.icons import icon
from tagger.app.models.desk import Desk
from tagger.app.models.notices import Notice
from tagger.app.theme import Theme
from tagger.app.widgets.listening import listen

_SHOWN_MS = 6_000


class QuestionBar(QFrame):
    """Shows `Desk.question`: Enter agrees, Esc does not."""

    def __init__(self, desk: Desk, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("question")
        self.desk = desk
        self.text = QLabel(wordWrap=True)
        self.yes = QPushButton()
        self.yes.setProperty("main", True)
        self.yes.setToolTip("Enter")
        self.yes.clicked.connect(lambda: desk.answer(True))
        self.no = QPushButton("Cancel")
        self.no.setToolTip("Esc")
        self.no.clicked.connect(lambda: desk.answer(False))
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px(1.5), theme.px(1), theme.px(1.5), theme.px(1))
        row.setSpacing(theme.px(1))
        row.addWidget(self.text, 1)
        row.addWidget(self.yes)
        row.addWidget(self.no)
        listen(self, desk.asked, self.update_question)
        self.update_question()

    def update_question(self) -> None:
        """Show the question that waits, or nothing."""
        question = self.desk.question
        self.setVisible(question is not None)
        if question is not None:
            self.text.setText(question.text)
            self.yes.setText(question.yes)


class NoticeBar(QFrame):
    """Shows what the program has to say; goes away by itself unless it is a warning."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.theme = theme
        self.text = QLabel(wordWrap=True)
        self._buttons: list[QPushButton] = []
        self._close = QToolButton()
        self._close.setIcon(icon("reject", theme.tokens.muted))
        self._close.setAccessibleName("Dismiss")
        self._close.clicked.connect(self.hide)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(theme.px(1.5), theme.px(0.5), theme.px(0.5), theme.px(0.5))
        self._row.setSpacing(theme.px(0.5))
        self._row.addWidget(self.text, 1)
        self._row.addWidget(self._close)
        self._timer = QTimer(self, singleShot=True, interval=_SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def show_notice(self, notice: Notice) -> None:
        """Show a notice instead of the one before; a warning is not pushed away by good news."""
        if self.isVisible() and self.property("warning") and not notice.warning:
            return
        self.text.setText(notice.text)
        for button in self._buttons:
            button.setParent(None)
            button.deleteLater()
        self._buttons = []
        for words, run in notice.offers:
            button = QPushButton(words)
            button.setProperty("quiet", True)
            button.clicked.connect(lambda _=False, r=run: self._take(r))
            self._row.insertWidget(self._row.count() - 1, button)
            self._buttons.append(button)
        self.setProperty("warning", notice.warning)
        self.style().unpolish(self)
        self.style().polish(self)
        self.setAccessibleName(notice.text)
        self.show()
        self.raise_()
        if notice.warning:
            self._timer.stop()
        else:
            self._timer.start()

    def _take(self, run: Callable[[], None]) -> None:
        self.hide()
        run()
