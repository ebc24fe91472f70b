"""The right side: the open photo's name, its groups (or the selection's), and the main answers."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tagger.app.models.answers import Answers
from tagger.app.models.desk import Desk
from tagger.app.models.verdicts import photo_name, photos
from tagger.app.theme import Theme
from tagger.app.thumbnails import Thumbnails
from tagger.app.widgets.add_label import AddLabel
from tagger.app.widgets.crowd_page import CrowdPage
from tagger.app.widgets.listening import listen
from tagger.app.widgets.photo_page import PhotoPage
from tagger.app.widgets.question_bar import QuestionBar


class Panel(QWidget):
    """Says what is known of the open photo or the selection, and takes answers."""

    def __init__(
        self,
        desk: Desk,
        answers: Answers,
        thumbnails: Thumbnails,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.desk, self.answers, self.theme = desk, answers, theme
        self.thumbnails = thumbnails
        self.title = QLabel(wordWrap=True)
        self.title.setProperty("role", "heading")
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.facts = QLabel(wordWrap=True)
        self.facts.setProperty("role", "muted")
        self.photo = PhotoPage(desk, answers, thumbnails, theme)
        self.photo.setObjectName("scrolled")
        self.crowd = CrowdPage(desk, answers, theme)
        self.crowd.setObjectName("scrolled")
        self.pages = QStackedWidget()
        self._areas = [self._area(self.photo), self._area(self.crowd)]
        self.photo.focus_moved.connect(lambda button: self._areas[0].ensureWidgetVisible(button))
        self.add = AddLabel(desk, theme)
        self.add.chosen.connect(answers.add)
        self.confirm = QPushButton()
        self.confirm.setProperty("main", True)
        self.confirm.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.confirm.clicked.connect(answers.confirm)
        self.review = QPushButton()
        self.review.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.review.clicked.connect(answers.review)
        self._lay_out()
        listen(self, desk.board_changed, self._update)
        listen(self, desk.asked, self._update)
        listen(self, desk.photos.marks_changed, self._update_head)
        thumbnails.ready.connect(self._looked_at)
        self._update()

    def _area(self, page: QWidget) -> QScrollArea:
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(page)
        self.pages.addWidget(area)
        return area

    def _lay_out(self) -> None:
        px = self.theme.px
        head = QVBoxLayout()
        head.setContentsMargins(px(1.5), px(1.5), px(1.5), px(0.5))
        head.setSpacing(px(0.25))
        head.addWidget(self.title)
        head.addWidget(self.facts)
        foot = QWidget()
        foot.setObjectName("panelFoot")
        below = QVBoxLayout(foot)
        below.setContentsMargins(px(1.5), px(1), px(1.5), px(1.5))
        below.setSpacing(px(1))
        below.addWidget(QuestionBar(self.desk, self.theme))
        below.addWidget(self.add)
        below.addWidget(self.confirm)
        below.addWidget(self.review)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.pages, 1)
        column.addWidget(foot)

    def _update(self) -> None:
        many = self.desk.many
        self.pages.setCurrentIndex(1 if many else 0)
        if many:
            self.confirm.setText("Confirm all suggestions  ⏎")
            self.review.setText("Reviewed only  ⇧⏎")
            self.crowd.update_crowd()
        else:
            self.confirm.setText("Confirm and go on  ⏎")
            self.review.setText("Reviewed only  ⇧⏎")
        self.confirm.setToolTip("Enter: confirm what is shown, mark reviewed, next photo")
        self.review.setToolTip("Shift+Enter: mark reviewed without confirming, next photo")
        is_open = many or self.desk.board.slot >= 0
        self.add.setEnabled(is_open)
        for button in (self.confirm, self.review):  # Enter answers a question first
            button.setEnabled(is_open and self.desk.question is None)
        self._update_head()

    def _looked_at(self, slot: int) -> None:
        """Say so when it turns out that the open photo cannot be read."""
        if slot == self.desk.selection.current and self.thumbnails.problem(slot):
            self.photo.update_board()
            self._update_head()

    def _update_head(self) -> None:
        desk, slot = self.desk, self.desk.selection.current
        if desk.many:
            self.title.setText(f"{photos(desk.selection.count)} selected")
            self.facts.setText("Answers count for all of them.")
            return
        if slot < 0:
            self.title.setText("No photo")
            self.facts.setText("")
            return
        name = photo_name(desk.session, slot)
        self.title.setText(_breakable(name))
        self.title.setToolTip(desk.session.library.photos.path(slot).decode("utf-8", "replace"))
        self.facts.setText(self._facts(slot))

    def _facts(self, slot: int) -> str:
        desk = self.desk
        table = desk.session.library.photos
        problem = self.thumbnails.problem(slot)
        if problem:
            return problem
        said = [f"{desk.photos.place(slot) + 1:,} of {len(desk.photos):,}"]
        taken = float(table.taken[slot])
        if taken > 0:
            said.append(datetime.fromtimestamp(taken).strftime("%d %b %Y"))
        folder = table.path(slot).rpartition(b"/")[0].decode("utf-8", "replace")
        if folder:
            said.append(_breakable(folder))
        if desk.photos.dimmed[slot]:
            said.append("no longer matches the filter")
        return " · ".join(said)


def _breakable(name: str) -> str:
    """Return a name that may be broken into lines anywhere a file name has a joint."""
    for joint in "_-./":
        name = name.replace(joint, joint + "\u200b")
    return "\u200b".join(name[at : at + 24] for at in range(0, len(name), 24))
