"""The annotation file in the window: written in the background, and a question where it changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from tagger.app.background import Background
from tagger.app.models.notices import Notice
from tagger.app.models.session import Session
from tagger.app.models.verdicts import photos
from tagger.core.errors import TaggerError
from tagger.library.annotation_read import take_in
from tagger.library.mirror import Mirror, MirrorState


class Mirroring(QObject):
    """Keeps the annotation file in line, and asks where another program changed it.

    Attributes:
        mirror: writes it.
        said: (Notice).
    """

    said = Signal(object)

    def __init__(
        self, session: Session, background: Background, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._told = ""
        post = background.post
        self.mirror = Mirror(session.library, lambda state: post(lambda: self._mirrored(state)))

    def _mirrored(self, state: MirrorState) -> None:
        """Tell the user once what the annotation file's writer has to say."""
        if state.sentence == self._told:
            return
        self._told = state.sentence
        if not state.sentence:
            return
        offers: tuple[tuple[str, Callable[[], None]], ...] = ()
        if state.conflict:
            offers = (
                ("See what differs…", self._show_conflict),
                ("Take its changes in", lambda: self._take_in(state.path)),
                ("Overwrite it", self.mirror.overwrite),
            )
        self.said.emit(Notice(state.sentence, state.conflict, offers))

    def _show_conflict(self) -> None:
        from tagger.app.dialogs.annotation_conflict import open_annotation_conflict

        owner = self.parent()
        while owner is not None and not isinstance(owner, QWidget):
            owner = owner.parent()
        if isinstance(owner, QWidget):
            open_annotation_conflict(owner)

    def _take_in(self, path: Path) -> None:
        try:
            taken = take_in(self._session.library, path)
        except TaggerError as error:
            self.said.emit(Notice(str(error), warning=True))
            return
        if taken.act is not None:
            self._session.watch(taken.act)
        self.mirror.overwrite()
        self.said.emit(Notice(f"Took in {path.name}: {photos(taken.photos)}."))
