"""Showing the report of a training: verdict in big words, then what stands behind it."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QFont
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from tagger.app.dialogs.parts import button, line, row, text
from tagger.app.dialogs.report_bars import ChangeBar, interval_words
from tagger.app.dialogs.report_changes import ChangesPage, Pictures
from tagger.app.dialogs.report_errors import ErrorsPage
from tagger.app.dialogs.report_facts import GroupRow, Report, share
from tagger.app.dialogs.report_labels import LabelsPage
from tagger.app.theme import Theme


class ReportView(QWidget):
    """A whole report."""

    def __init__(
        self, theme: Theme, pictures: Pictures | None = None, parent: QWidget | None = None
    ) -> None:
        """Make an empty view; with `pictures` the photos that change are shown."""
        super().__init__(parent)
        self._theme = theme
        self._report: Report | None = None
        px = theme.px
        self._inside = QVBoxLayout(self)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(px(1.5))
        self.title = text(role="title")
        big = QFont(self.font())
        self.title.setStyleSheet(f"font-size: {round(big.pointSizeF() * 2)}pt;")
        self.advice = QLabel()
        self.reasons = text()
        self.basis = text(role="muted")
        self.page_button = button("Open as a page", self._open_page, quiet=True)
        self.page_button.setToolTip("The whole report in the browser, to read, print or keep.")
        self._inside.addWidget(self.title)
        self._inside.addWidget(self.advice)
        self._inside.addWidget(self.reasons)
        basis = row(self.basis, self.page_button)
        basis.setStretch(0, 1)
        self._inside.addLayout(basis)
        self._inside.addWidget(line())
        self.groups = QGridLayout()
        self.groups.setHorizontalSpacing(px(2))
        self.groups.setVerticalSpacing(px(0.5))
        self.groups.setColumnStretch(3, 1)
        self._inside.addLayout(self.groups)
        self.compared_by = text(role="muted")
        self._inside.addWidget(self.compared_by)
        self.labels_page = LabelsPage(theme)
        self.changes_page = ChangesPage(theme, pictures)
        self.errors_page = ErrorsPage(theme)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.labels_page, "Labels")
        self.tabs.addTab(self.changes_page, "What would change")
        self.tabs.addTab(self.errors_page, "Curves")
        self.parity = text(role="muted")
        self._inside.addWidget(self.tabs, 1)
        self._inside.addWidget(self.parity)

    def show_report(self, report: Report) -> None:
        """Show a report."""
        self._report = report
        tokens = self._theme.tokens
        good = report.recommended
        self.title.setText(report.title)
        self.advice.setText(report.advice)
        front, back = (tokens.on_yes, tokens.yes) if good else (tokens.warning, tokens.warning_tint)
        unit = self._theme.px
        self.advice.setStyleSheet(
            f"color: {front}; background: {back}; border-radius: {unit(1)}px; font-weight: 600;"
            f"padding: {unit(0.5)}px {unit(1.5)}px;"
        )
        self.advice.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
        self.reasons.setText("\n".join(f"•  {reason}" for reason in report.reasons))
        self.reasons.setVisible(bool(report.reasons))
        self.basis.setText(report.basis)
        self.parity.setText(" ".join(report.parity))
        self.parity.setVisible(bool(report.parity))
        self.page_button.setVisible(report.page is not None)
        self._show_groups(report.groups)
        self.compared_by.setText(report.compared_by)
        self.compared_by.setVisible(bool(report.compared_by))
        for page in (self.labels_page, self.changes_page, self.errors_page):
            page.show_report(report)

    def _open_page(self) -> None:
        if self._report is not None and self._report.page is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._report.page)))

    def _show_groups(self, groups: tuple[GroupRow, ...]) -> None:
        while (item := self.groups.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        spans = [abs(v) for g in groups for v in (g.change.low, g.change.high) if v is not None]
        span = max([0.05, *spans]) * 1.1
        for place, group in enumerate(groups):
            self.groups.addWidget(text(group.name, "heading", wrap=False), place, 0)
            if group.change.difference is None:
                self.groups.addWidget(text(group.words, "muted"), place, 1, 1, 4)
                continue
            figures = f"{share(group.change.before)} → {share(group.change.after)}"
            self.groups.addWidget(text(figures, wrap=False), place, 1)
            self.groups.addWidget(text(group.verdict, wrap=False), place, 2)
            self.groups.addWidget(ChangeBar(group.change, self._theme, span), place, 3)
            self.groups.addWidget(text(interval_words(group.change), wrap=False), place, 4)
