"""What the model runs on here, and what to do where that is less than it could be."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtWidgets import QApplication, QFormLayout, QProgressBar, QWidget

from tagger.app.dialogs.child import Child
from tagger.app.dialogs.frame import Dialog
from tagger.app.dialogs.host import Host, opened
from tagger.app.dialogs.parts import button, path_text, text
from tagger.app.dialogs.words import listed


def open_doctor(window: QWidget) -> DoctorDialog:
    """Open the dialog; the examination begins at once."""
    return opened(window, DoctorDialog)


def findings(found: dict[str, Any]) -> tuple[str, list[str], list[tuple[str, str]]]:
    """Return the headline, the problems, and what else was found as (heading, words)."""
    titles = {each["key"]: each["title"] for each in found.get("providers") or ()}
    obtained = found.get("obtained_provider") or ""
    requested = found.get("requested_provider") or "auto"
    name = titles.get(obtained, obtained.upper())
    headline = f"Suggestions run on: {name}" if obtained else "Suggestions cannot run here"
    asked = "automatic" if requested == "auto" else titles.get(requested, requested)
    lines = [("Asked for", asked), ("Obtained", name or "nothing")]
    here = [each["title"] for each in found.get("providers") or () if each.get("available")]
    lines.append(("Installed", listed(here, 8) or "none"))
    gpus = [" ".join(str(v) for v in gpu.values() if v) for gpu in found.get("gpus") or ()]
    lines.append(("Graphics cards", listed(gpus) or "none found that can compute"))
    lines.append(("Processor cores", str(found.get("cores", "?"))))
    versions = found.get("versions") or {}
    lines += [
        (f"Version of {key}", str(value))
        for key, value in versions.items()
        if isinstance(value, str)
    ]
    return headline, [str(problem) for problem in found.get("problems") or ()], lines


class DoctorDialog(Dialog):
    """Runs `tagger doctor` as a child process and shows what it found."""

    def __init__(self, host: Host, parent: QWidget | None = None) -> None:
        super().__init__(host.theme, "What suggestions run on", parent, 84, 60)
        self._found: dict[str, Any] = {}
        self.heading = text("Looking at this machine …", "title")
        self.problems = text(role="warning")
        self.problems.hide()
        self.lines = QFormLayout()
        self.lines.setHorizontalSpacing(self.theme.px(2))
        self.lines.setVerticalSpacing(self.theme.px(0.5))
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setAccessibleName("Looking")
        self.body.addWidget(self.heading)
        self.body.addWidget(self.busy)
        self.body.addWidget(self.problems)
        self.body.addLayout(self.lines)
        self.body.addStretch(1)
        self.copy_button = button("Copy", self._copy)
        self.copy_button.setEnabled(False)
        self.again_button = button("Look again", self.examine)
        self.add_buttons(self.copy_button, self.again_button, left=True)
        self.add_buttons(button("Close", self.reject, main=True))
        self._child: Child | None = None
        self.examine()

    def examine(self) -> None:
        """Look at the machine."""
        self.show_problem("")
        self.busy.show()
        self.again_button.setEnabled(False)
        child = Child(["doctor", "--json"], self)
        child.done.connect(self._show)
        child.failed.connect(self._failed)
        self._child = child
        child.start()

    def done(self, result: int) -> None:
        """Close, and end the examination."""
        if self._child is not None:
            self._child.close()
        super().done(result)

    def _show(self, found: dict[str, Any]) -> None:
        self._found = found
        headline, problems, lines = findings(found)
        self._finished(headline)
        self.problems.setText("\n".join(f"•  {problem}" for problem in problems))
        self.problems.setVisible(bool(problems))
        while self.lines.rowCount():
            self.lines.removeRow(0)
        for title, words in lines:
            self.lines.addRow(text(title, "muted", wrap=False), path_text(words))
        self.copy_button.setEnabled(True)

    def _failed(self, sentence: str) -> None:
        self._finished("This machine could not be examined")
        self.show_problem(sentence)

    def _finished(self, headline: str) -> None:
        self.heading.setText(headline)
        self.busy.hide()
        self.again_button.setEnabled(True)

    def _copy(self) -> None:
        QApplication.clipboard().setText(json.dumps(self._found, indent=1, ensure_ascii=False))
