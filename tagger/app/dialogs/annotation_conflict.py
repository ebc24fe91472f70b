"""The annotation file was changed by another program: what differs, and what to do about it."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar, QWidget

from tagger.app.dialogs.annotation_difference import (
    Difference,
    compare_with_file,
    difference_words,
    take_annotations_in,
)
from tagger.app.dialogs.frame import Dialog
from tagger.app.dialogs.host import Host, opened, take_changes, work_on_copy
from tagger.app.dialogs.parts import button, text
from tagger.app.dialogs.words import count
from tagger.library.annotation_read import TakenIn


def open_annotation_conflict(window: QWidget) -> ConflictDialog:
    """Open the dialog that settles a change of the annotation file."""
    return opened(window, ConflictDialog)


class ConflictDialog(Dialog):
    """Shows the difference and offers both ways out; nothing is lost by waiting."""

    def __init__(self, host: Host, parent: QWidget | None = None) -> None:
        super().__init__(host.theme, "Annotation file", parent, 84, 52)
        self.host, self.session = host, host.session
        self.path = host.mirror.state.path
        self.body.addWidget(text(f"{self.path.name} was changed by another program", "title"))
        self.body.addWidget(
            text(
                "The program keeps your work in its catalog and mirrors it in this file. Nothing "
                "was overwritten; until this is settled the file is not written."
            )
        )
        self.heading = text("Looking for what differs …", "heading")
        self.words = text()
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setAccessibleName("Working")
        self.body.addWidget(self.heading)
        self.body.addWidget(self.words)
        self.body.addWidget(self.busy)
        self.body.addStretch(1)
        self.later_button = button("Later", self.reject)
        self.overwrite_button = button("Overwrite with mine", self.overwrite)
        self.take_button = button("Take its changes in", self.take_in, main=True)
        self.take_button.setEnabled(False)
        self.add_buttons(self.later_button, self.overwrite_button, self.take_button)
        self.fit()
        self._look()

    def _look(self) -> None:
        self.session.settle()
        library, path = self.session.library, self.path
        self.host.background.run(
            lambda: compare_with_file(library, path), self._show, self._cannot_read
        )

    def _show(self, found: Difference) -> None:
        if not self.alive:
            return
        self.busy.hide()
        self.heading.setText("What the file says otherwise")
        self.words.setText("\n".join(f"•  {line}" for line in difference_words(found)))
        self.take_button.setEnabled(True)
        self.fit()

    def _cannot_read(self, error: Exception) -> None:
        if not self.alive:
            return
        self.busy.hide()
        self.heading.setText("The file cannot be read")
        self.words.setText("Overwrite it, or leave it as it is until you have looked at it.")
        self.show_error(error)

    # -- the ways out --------------------------------------------------------------------------

    def overwrite(self) -> None:
        """Write the file as the catalog has it."""
        self.host.mirror.overwrite()
        self.accept()

    def take_in(self) -> None:
        """Make the catalog say what the file says, on another thread."""
        path = self.path
        self.busy.show()
        for made in (self.take_button, self.overwrite_button):
            made.setEnabled(False)
        work_on_copy(
            self.host, lambda library: take_annotations_in(library, path), self._taken, self._failed
        )

    def _taken(self, taken: TakenIn) -> None:
        take_changes(self.host)
        self.host.mirror.touch()
        self.host.say(f"Took in {self.path.name}: {count(taken.photos, 'photo')}.")
        if self.alive:
            self.accept()

    def _failed(self, error: Exception) -> None:
        if not self.alive:
            self.host.say(f"Nothing was taken in: {error}")
            return
        self.busy.hide()
        self.overwrite_button.setEnabled(True)
        self.show_error(error)
