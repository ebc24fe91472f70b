"""The report of a model that was trained on this machine, opened again."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from tagger.app.dialogs.frame import Dialog
from tagger.app.dialogs.parts import button
from tagger.app.dialogs.report_changes import Pictures
from tagger.app.dialogs.report_facts import Report
from tagger.app.dialogs.report_view import ReportView
from tagger.app.theme import Theme


class ReportDialog(Dialog):
    """Shows a report."""

    def __init__(
        self,
        theme: Theme,
        name: str,
        report: Report,
        parent: QWidget | None = None,
        pictures: Pictures | None = None,
    ) -> None:
        super().__init__(theme, f"Report of “{name}”", parent, 136, 92)
        self.view = ReportView(theme, pictures)
        self.view.show_report(report)
        self.body.addWidget(self.view, 1)
        self.add_buttons(button("Close", self.reject, main=True))
