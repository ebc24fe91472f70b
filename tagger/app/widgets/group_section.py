"""One group in the right panel: its head, and its labels as chips or as a ranked choice."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from tagger.app.icons import icon, pixmap
from tagger.app.models.board import GroupBoard
from tagger.app.theme import Theme
from tagger.app.widgets.chip import Chip
from tagger.app.widgets.choice import Choice
from tagger.app.widgets.flow import FlowLayout
from tagger.app.widgets.label_button import LabelButton


class GroupSection(QWidget):
    """Shows a `GroupBoard`; its buttons are kept and reused from photo to photo.

    Attributes:
        folded: (group num, bool) the user folded or unfolded it.
        none_chosen: (group num) none of these.
        unsure_chosen: (group num) unsure about all of it.
        made: (LabelButton) a new button was made, to be connected.
    """

    folded = Signal(int, bool)
    none_chosen = Signal(int)
    unsure_chosen = Signal(int)
    made = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.board: GroupBoard | None = None
        self.buttons: list[LabelButton] = []
        self._fold = QToolButton()
        self._fold.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._fold.clicked.connect(self._toggle_fold)
        self._name = QLabel()
        self._name.setProperty("role", "heading")
        self._tick = QLabel()
        self._tick.setToolTip("Reviewed: what is not confirmed here is not in the photo")
        self._tick.setAccessibleName("Reviewed")
        self._note = QLabel()
        self._note.setProperty("role", "muted")
        self._note.setWordWrap(True)
        self._chips = QWidget()
        self._rows = QWidget()
        self._foot = self._make_foot()
        self._lay_out()

    def _lay_out(self) -> None:
        px = self.theme.px
        head = QHBoxLayout()
        head.setSpacing(px(0.5))
        head.addWidget(self._name)
        head.addWidget(self._tick)
        head.addStretch(1)
        head.addWidget(self._fold)
        self._flow = FlowLayout(self._chips, px(0.5))
        self._column = QVBoxLayout(self._rows)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(px(0.25))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(px(0.5))
        whole.addLayout(head)
        for part in (self._chips, self._rows, self._foot, self._note):
            whole.addWidget(part)

    def _make_foot(self) -> QWidget:
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(self.theme.px(0.5))
        for text, tip, signal in (
            ("None of these  N", "N or 0: no label of this group holds", self.none_chosen),
            ("Unsure  U", "U: looked at, cannot be answered", self.unsure_chosen),
        ):
            button = QToolButton()
            button.setText(text)
            button.setAccessibleName(text.rpartition("  ")[0])
            button.setToolTip(tip)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, s=signal: s.emit(self._num()))
            row.addWidget(button)
        row.addStretch(1)
        return foot

    def _num(self) -> int:
        return self.board.group if self.board is not None else -1

    def show_board(self, board: GroupBoard, focus: int) -> None:
        """Show a group; labels keep their buttons as far as they stay in place."""
        theme = self.theme
        other_kind = self.board is None or self.board.kind != board.kind
        self.board = board
        self._name.setText(board.name)
        self._name.setEnabled(board.shown)
        self._tick.setVisible(board.reviewed)
        if board.reviewed and self._tick.pixmap().isNull():
            size = self.fontMetrics().height()
            ratio = self.devicePixelRatioF()
            self._tick.setPixmap(pixmap("review", theme.tokens.yes, size, ratio))
        self._fold.setIcon(icon("unfolded" if board.shown else "folded", theme.tokens.muted))
        self._fold.setAccessibleName(f"{'Fold' if board.shown else 'Unfold'} {board.name}")
        self._fold.setVisible(board.asked)
        self._note.setText(board.note)
        self._note.setVisible(bool(board.note))
        multi = board.kind == "multi"
        if other_kind:
            self._drop_buttons()
        self._fill(board, focus if board.shown else -1)
        self._chips.setVisible(multi and board.shown and bool(board.entries))
        self._rows.setVisible(not multi and board.shown and bool(board.entries))
        self._foot.setVisible(not multi and board.shown)

    def _fill(self, board: GroupBoard, focus: int) -> None:
        multi = board.kind == "multi"
        entries = board.entries if board.shown else ()
        while len(self.buttons) < len(entries):
            button: LabelButton = Chip(self.theme) if multi else Choice(self.theme)
            (self._flow if multi else self._column).addWidget(button)
            self.buttons.append(button)
            self.made.emit(button)
        for shown, entry in zip(self.buttons, entries, strict=False):
            shown.show_entry(entry, entry.label == focus)
            shown.setVisible(True)
        for spare in self.buttons[len(entries) :]:
            spare.setVisible(False)

    def show_focus(self, focus: int) -> None:
        """Move the focus ring."""
        for button in self.buttons:
            if not button.isHidden():
                button.show_entry(button.entry, button.entry.label == focus)

    def _drop_buttons(self) -> None:
        for button in self.buttons:
            button.setParent(None)
            button.deleteLater()
        self.buttons = []

    def _toggle_fold(self) -> None:
        if self.board is not None:
            self.folded.emit(self.board.group, not self.board.folded)
