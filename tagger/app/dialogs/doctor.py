"""What the model runs on here, and what to do where that is less than it could be."""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFormLayout,
    QFrame,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from tagger.app.dialogs.child import Child
from tagger.app.dialogs.frame import Dialog
from tagger.app.dialogs.host import Host, opened
from tagger.app.dialogs.parts import button, path_text, row, text
from tagger.app.settings import SETTINGS
from tagger.suggest.findings import Findings, as_text, findings


def open_doctor(window: QWidget) -> DoctorDialog:
    """Open the dialog; the examination begins at once."""
    return opened(window, DoctorDialog)


class DoctorDialog(Dialog):
    """Runs `tagger doctor` as a child process and shows what it found."""

    def __init__(self, host: Host, parent: QWidget | None = None) -> None:
        super().__init__(host.theme, "What suggestions run on", parent, 92, 76)
        self._host = host
        self._found: dict[str, Any] = {}
        self._child: Child | None = None
        self.heading = text("Looking at this machine …", "title")
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setAccessibleName("Looking")
        self.provider = self._provider_field()
        self.problems = QVBoxLayout()
        self.problems.setSpacing(self.theme.px(1))
        self.sections = QVBoxLayout()
        self.sections.setSpacing(self.theme.px(0.5))
        self.body.addWidget(self.heading)
        self.body.addWidget(self.busy)
        compute = QFormLayout()
        compute.addRow("Compute on", self.provider)
        self.body.addLayout(row(compute, None))
        self.body.addLayout(self.problems)
        self.body.addLayout(self.sections)
        self.body.addStretch(1)
        self.copy_button = button("Copy", self._copy)
        self.copy_button.setEnabled(False)
        self.again_button = button("Check again", self.examine)
        self.retry_button = button(
            "Try what crashed again", lambda: self.examine(try_again=True), theme=self.theme
        )
        self.retry_button.hide()
        self.add_buttons(self.copy_button, self.again_button, self.retry_button, left=True)
        self.add_buttons(button("Close", self.reject, main=True))
        self.examine()

    def examine(self, try_again: bool = False) -> None:
        """Look at the machine; `try_again` tries providers again that crashed before."""
        if self._child is not None:
            self._child.close()
        self.show_problem("")
        self.busy.show()
        self.again_button.setEnabled(False)
        self.retry_button.setEnabled(False)
        arguments = ["doctor", "--json", "--provider", self._host.settings.get("provider")]
        bundle = self._host.session.library.bundle_id if self._host.is_open else None
        arguments += ["--model", bundle] if bundle else []
        child = Child([*arguments, "--try-again"] if try_again else arguments, self)
        child.done.connect(self._show)
        child.failed.connect(self._failed)
        self._child = child
        child.start()

    def done(self, result: int) -> None:
        """Close, and end the examination."""
        if self._child is not None:
            self._child.close()
        super().done(result)

    def _provider_field(self) -> QComboBox:
        """Return the choice of what to compute on: the setting of the preferences."""
        setting = next(each for each in SETTINGS if each.name == "provider")
        field = QComboBox()
        field.setAccessibleName(setting.title)
        field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        field.setMinimumContentsLength(16)
        for value, words in setting.choices:
            field.addItem(words, value)
        field.setCurrentIndex(field.findData(self._host.settings.get("provider")))
        field.activated.connect(self._choose)
        return field

    def _choose(self) -> None:
        self._host.settings.set("provider", self.provider.currentData())
        self.examine()

    def _show(self, found: dict[str, Any]) -> None:
        self._found = found
        read = findings(found)
        self._finished(read.headline)
        self._show_problems(read)
        _empty(self.sections)
        for section in read.sections:
            self.sections.addSpacing(self.theme.px(1.5))
            self.sections.addWidget(text(section.title, "heading"))
            lines = QFormLayout()
            lines.setContentsMargins(0, 0, 0, 0)
            lines.setHorizontalSpacing(self.theme.px(2))
            lines.setVerticalSpacing(self.theme.px(0.5))
            for label, words in section.lines:
                heading = text(label, "muted", wrap=False)
                heading.setMinimumWidth(self.theme.px(15))
                lines.addRow(heading, path_text(words))
            holder = QWidget()
            holder.setLayout(lines)
            self.sections.addWidget(holder)
        self.copy_button.setEnabled(True)
        self.retry_button.setVisible(read.can_try_again)

    def _show_problems(self, read: Findings) -> None:
        _empty(self.problems)
        for problem, remedy in read.problems:
            frame = QFrame()
            frame.setObjectName("note")
            inside = QVBoxLayout(frame)
            inside.setContentsMargins(*[self.theme.px(1.5), self.theme.px(1)] * 2)
            inside.addWidget(text(_quoted(problem), "warning"))
            if remedy:
                inside.addWidget(path_text(_quoted(remedy)))
            self.problems.addWidget(frame)

    def _failed(self, sentence: str) -> None:
        self._finished("This machine could not be examined")
        self.show_problem(sentence)

    def _finished(self, headline: str) -> None:
        self.heading.setText(headline)
        self.busy.hide()
        self.again_button.setEnabled(True)
        self.retry_button.setEnabled(True)

    def _copy(self) -> None:
        QApplication.clipboard().setText(as_text(self._found))


def _quoted(words: str) -> str:
    """Return a sentence with commands in quotes; a terminal shows them in backquotes."""
    return re.sub("`([^`]+)`", r"“\1”", words)


def _empty(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if widget := item.widget():
            widget.hide()
            widget.deleteLater()
