"""The right panel for one photo: its groups, one below the other."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tagger.app.models.answers import Answers
from tagger.app.models.desk import Desk
from tagger.app.models.filters import Filter
from tagger.app.theme import Theme
from tagger.app.thumbnails import Thumbnails
from tagger.app.widgets.group_section import GroupSection
from tagger.app.widgets.label_button import LabelButton
from tagger.app.widgets.listening import listen

_AUDIT = (
    "Audit photo: label it from what you see. Suggestions are left out here, so that the model "
    "can be judged honestly."
)
_UNSCORED = "No suggestions yet: the model has not come to this photo."
_UNREADABLE = "This file cannot be read, so nothing is suggested. You can label it all the same."


class PhotoPage(QWidget):
    """Shows `Desk.board` and passes clicks to the answers.

    Attributes:
        focus_moved: (LabelButton) it should be on screen.
    """

    focus_moved = Signal(object)

    def __init__(
        self,
        desk: Desk,
        answers: Answers,
        thumbnails: Thumbnails,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.desk, self.answers, self.theme = desk, answers, theme
        self.thumbnails = thumbnails
        self.sections: list[GroupSection] = []
        self._note = QFrame()
        self._note.setObjectName("note")
        self._note_text = QLabel(wordWrap=True)
        row = QHBoxLayout(self._note)
        row.addWidget(self._note_text)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(theme.px(1.5), theme.px(1), theme.px(1.5), theme.px(1))
        self._column.setSpacing(theme.px(2))
        self._column.addWidget(self._note)
        self._column.addStretch(1)
        listen(self, desk.board_changed, self.update_board)
        listen(self, desk.focused, self.update_focus)
        self.update_board()

    def update_board(self) -> None:
        """Show what the board says now."""
        if self.desk.many:
            return
        board = self.desk.board
        note = self._note_of()
        self._note.setVisible(bool(note))
        self._note_text.setText(note)
        while len(self.sections) < len(board.groups):
            self._add_section()
        for section, group in zip(self.sections, board.groups, strict=False):
            section.show_board(group, board.focus)
            section.setVisible(True)
        for section in self.sections[len(board.groups) :]:
            section.setVisible(False)

    def _note_of(self) -> str:
        board, session = self.desk.board, self.desk.session
        if board.slot < 0:
            return ""
        if board.audit:
            return _AUDIT
        if session.library.bundle is None or session.logits_of(board.slot):
            return ""
        return _UNREADABLE if self.thumbnails.problem(board.slot) else _UNSCORED

    def _add_section(self) -> None:
        section = GroupSection(self.theme)
        section.folded.connect(self.desk.fold)
        section.none_chosen.connect(self.answers.none_of_these)
        section.unsure_chosen.connect(self.answers.unsure_group)
        section.made.connect(self._connect)
        self._column.insertWidget(self._column.count() - 1, section)
        self.sections.append(section)

    def _connect(self, button: LabelButton) -> None:
        button.toggled_label.connect(self.answers.toggle)
        button.rejected_label.connect(self.answers.reject)
        button.unsure_label.connect(self.answers.unsure)
        button.forgotten_label.connect(self.answers.forget)
        button.find_label.connect(lambda label: self.desk.set_filter(Filter(label=label)))

    def update_focus(self) -> None:
        """Move the focus ring, and bring it on screen."""
        if self.desk.many:
            return
        for section in self.sections:
            if not section.isHidden():
                section.show_focus(self.desk.board.focus)
                for button in section.buttons:
                    if button.focused and not button.isHidden():
                        QTimer.singleShot(0, button, lambda b=button: self.focus_moved.emit(b))
