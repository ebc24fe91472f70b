"""Where old and new model err: learning curves, precision and recall, calibration, confusion."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from tagger.app.dialogs.parts import row, text
from tagger.app.dialogs.pick import Combo
from tagger.app.dialogs.plots import Line, Plots
from tagger.app.dialogs.report_facts import Report
from tagger.app.theme import Theme

_MODELS = (("after", "new model"), ("before", "present model"))
_LEARNING = "How it learned"
_AGAIN_MS = 100
_COUNTED = (
    ("right", "Right", "Suggested, and the photo shows it."),
    ("wrong", "Wrong", "Suggested, and the photo does not show it."),
    ("missed", "Missed", "Not suggested, and the photo shows it."),
)
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_STRONGEST = 150


class ErrorsPage(QWidget):
    """Plots of one group, chosen above them, or of the training itself."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._report: Report | None = None
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, theme.px(1), 0, 0)
        inside.setSpacing(theme.px(1))
        self.choice = Combo("What the curves are of")
        self.choice.currentIndexChanged.connect(lambda _: self._show())
        self.words = text("", "muted")
        self.plots = Plots(theme)
        self.table = QTableWidget()
        self.table.setAccessibleName("What was answered for what the photos show")
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setMinimumHeight(theme.px(16))
        inside.addLayout(row(self.choice, None))
        inside.addWidget(self.words)
        inside.addWidget(self.plots, 3)
        inside.addWidget(self.table, 2)
        inside.addStretch(1)

    def show_report(self, report: Report) -> None:
        """Show the curves of a report; the first group that has some."""
        self._report = report
        names = [group.name for group in report.groups if group.diagnostics]
        self.choice.blockSignals(True)
        self.choice.clear()
        self.choice.addItems([*names, *([_LEARNING] if report.curves else [])])
        self.choice.blockSignals(False)
        self._show()

    def _show(self) -> None:
        report, chosen = self._report, self.choice.currentText()
        self.choice.setVisible(bool(chosen))
        self.table.hide()
        if report is None or not chosen:
            self.words.setText("There are too few judged photos for curves.")
            self.plots.show_plots({})
            return
        if chosen == _LEARNING:
            self.words.setText("Losses and figures while it learned.")
            self._until_shown(lambda: self.plots.show_curves(report.curves))
            return
        found = next(group.diagnostics for group in report.groups if group.name == chosen)
        self.words.setText(
            f"All decisions of “{chosen}” together, on {found['photos']:,} photos kept out of "
            "training. Calibrated scores follow the dashed line: of the suggestions with a score "
            "of 0.8, 80 % are right."
        )
        plots = {
            "Precision by recall": [
                Line(words, found["precision_recall"][key])
                for key, words in _MODELS
                if key in found["precision_recall"]
            ],
            "Share true by score": [
                Line("", [(0.0, 0.0), (1.0, 1.0)]),
                *(
                    Line(words, [bin_[:2] for bin_ in found["calibration"][key]["bins"]], True)
                    for key, words in _MODELS
                    if key in found["calibration"]
                ),
            ],
        }
        self._until_shown(lambda: self.plots.show_plots(plots))
        self._show_confusion((found.get("confusion") or {}).get("after"))
        self._show_counts(found.get("counts") or {})

    def _until_shown(self, show: Any) -> None:
        """Show plots now, or as soon as the plotting library is there."""
        wanted = (self._report, self.choice.currentIndex())

        def attempt() -> None:
            if wanted == (self._report, self.choice.currentIndex()) and not show():
                QTimer.singleShot(_AGAIN_MS, self, attempt)

        attempt()

    def _show_counts(self, counts: dict[str, dict[str, dict[str, int]]]) -> None:
        """Show what becomes of the suggestions of a group of many labels, most errors first."""
        if not counts:
            return
        rows = sorted(counts.items(), key=lambda item: -_errors(item[1].get("after", {})))
        table = self.table
        table.setRowCount(len(rows))
        table.setColumnCount(len(_COUNTED))
        table.setVerticalHeaderLabels([label for label, _ in rows])
        table.setHorizontalHeaderLabels([title for _, title, _ in _COUNTED])
        table.setToolTip("Suggestions on judged photos, present model → new model.")
        for at, (_, models) in enumerate(rows):
            for place, (key, _, _) in enumerate(_COUNTED):
                said = [f"{models[name][key]:,}" for name, _ in reversed(_MODELS) if name in models]
                cell = QTableWidgetItem(" → ".join(said))
                cell.setTextAlignment(_RIGHT)
                table.setItem(at, place, cell)
        for place, (_, _, words) in enumerate(_COUNTED):
            if (head := table.horizontalHeaderItem(place)) is not None:
                head.setToolTip(words)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.show()

    def _show_confusion(self, confusion: dict[str, Any] | None) -> None:
        if not confusion:
            return
        labels, counts = confusion["labels"], confusion["counts"]
        table = self.table
        table.setRowCount(len(labels))
        table.setColumnCount(len(labels))
        table.setVerticalHeaderLabels(labels)
        table.setHorizontalHeaderLabels(labels)
        table.setToolTip("Rows: what the photo shows. Columns: what the new model answered.")
        for at, each in enumerate(counts):
            whole = max(1, sum(each))
            for place, number in enumerate(each):
                cell = QTableWidgetItem(f"{number:,}" if number else "")
                heat = QColor(self._theme.colour("accent"))
                heat.setAlpha(round(_STRONGEST * number / whole))
                cell.setBackground(heat)
                cell.setTextAlignment(_RIGHT)
                table.setItem(at, place, cell)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.show()


def _errors(counts: dict[str, int]) -> int:
    return counts.get("wrong", 0) + counts.get("missed", 0)
