"""The labels of a report, before and after, and those with too few examples."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from tagger.app.dialogs.parts import button, row, text
from tagger.app.dialogs.report_bars import ChangeDelegate, interval_words
from tagger.app.dialogs.report_facts import LabelRow, Report, share
from tagger.app.dialogs.table import Column, Table
from tagger.app.theme import Theme
from tagger.core.names import fold_name
from tagger.core.verdict import JUDGED_WELL, signed


class LabelsPage(QWidget):
    """A table of labels, the worst losses first, to be searched."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._report: Report | None = None
        self._inside = QVBoxLayout(self)
        self._inside.setContentsMargins(0, theme.px(1), 0, 0)
        self._inside.setSpacing(theme.px(1))
        self._build_labels()
        self._build_missing()

    def _build_labels(self) -> None:
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a label")
        self.search.setAccessibleName("Find a label in the report")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._find)
        self.search.setFixedWidth(self._theme.px(30))
        self.labels_heading = text("Labels, worst losses first", "heading", wrap=False)
        self.well = QCheckBox(f"Only well judged ones ({JUDGED_WELL} photos or more)")
        self.well.toggled.connect(lambda on: self._find(self.search.text()))
        gap = self._theme.px(2)
        self._inside.addWidget(self.labels_heading)
        self._inside.addLayout(row(self.search, self.well, None, gap=gap))
        self.labels: Table[LabelRow] = Table(_COLUMNS, self._theme, "Labels before and after")
        self.labels.setItemDelegateForColumn(_BAR, ChangeDelegate(self.labels, self._theme))
        self.labels.horizontalHeader().setSectionResizeMode(
            _BAR, self.labels.horizontalHeader().ResizeMode.Fixed
        )
        self.labels.setColumnWidth(_BAR, self._theme.px(16))
        self.labels.setMinimumHeight(self._theme.px(28))
        self.labels.sortable(_DIFFERENCE)
        self._inside.addWidget(self.labels, 1)

    def _build_missing(self) -> None:
        self.missing_words = text(wrap=False)
        self.show_missing = button("Show them", self._toggle_missing, quiet=True)
        self.missing = QPlainTextEdit()
        self.missing.setReadOnly(True)
        self.missing.setAccessibleName("Labels with too few examples")
        self.missing.setMinimumHeight(self._theme.px(16))
        self._inside.addLayout(row(self.missing_words, self.show_missing, None))
        self._inside.addWidget(self.missing)

    def show_report(self, report: Report) -> None:
        """Show the labels of a report."""
        self._report = report
        several = len({label.group for label in report.labels}) > 1
        self.labels.leave_out(_GROUP, not several)
        self.well.setChecked(sum(label.judged_well for label in report.labels) >= _SEVERAL)
        self._find(self.search.text())
        self.missing_words.setText(report.missing_words)
        for widget in (self.missing_words, self.show_missing):
            widget.setVisible(bool(report.missing))
        self.missing.setPlainText("\n".join(report.missing))
        self.missing.hide()

    def _find(self, words: str) -> None:
        if self._report is None:
            return
        wanted = fold_name(words)
        found = [each for each in self._report.labels if wanted in fold_name(each.name)]
        if self.well.isChecked():
            found = [each for each in found if each.judged_well]
        self.labels.show_rows(found)
        whole = len(self._report.labels)
        some = f"{len(found):,} of {whole:,} labels" if len(found) < whole else "Labels"
        self.labels_heading.setText(f"{some}, worst losses first")

    def _toggle_missing(self) -> None:
        self.missing.setVisible(not self.missing.isVisible())
        self.show_missing.setText("Hide them" if self.missing.isVisible() else "Show them")


def _suggested(label: LabelRow) -> str:
    counts = (label.suggested_before, label.suggested_after)
    if counts == (None, None):
        return ""
    before, after = ("–" if number is None else f"{number:,}" for number in counts)
    return f"{before} → {after}"


def _bounds(label: LabelRow) -> str:
    return "" if label.alone is None else "{:.2f} to {:.2f}".format(*label.alone)


def _tip(label: LabelRow) -> str:
    if label.alone is None:
        return interval_words(label.change)
    return f"No model before knew it: {share(label.change.after)} ({_bounds(label)})"


def _colour(label: LabelRow) -> str | None:
    change = label.change
    if change.low is None or change.high is None or not label.judged_well:
        return "muted"
    return "yes" if change.low > 0 else "no" if change.high < 0 else None


_AP = "Average precision: 1 if all photos that show the label are ranked before all others."

_COLUMNS: tuple[Column[LabelRow], ...] = (
    Column("Label", lambda r: f"{r.name}  (new)" if r.new else r.name, grows=True),
    Column("Group", lambda r: r.group, optional=True),
    Column("Before", lambda r: share(r.change.before), lambda r: r.change.before, True, help=_AP),
    Column("After", lambda r: share(r.change.after), lambda r: r.change.after, True, help=_AP),
    Column(
        "Difference",
        lambda r: "–" if r.change.difference is None else signed(r.change.difference),
        lambda r: r.change.difference,
        True,
        tip=_tip,
        colour=_colour,
        help="After minus before; the line shows the range it probably lies in (95 %).",
    ),
    Column("", _bounds, lambda r: r.change.difference, tip=_tip, colour=lambda r: "muted"),
    Column(
        "Photos",
        lambda r: f"{r.support:,}" if r.support else "–",
        lambda r: r.support,
        True,
        help="Judged photos that show the label; the fewer, the less the figures mean.",
    ),
    Column(
        "Suggested",
        _suggested,
        lambda r: r.suggested_after,
        True,
        help="In how many photos the label is suggested, before → after.",
        optional=True,
    ),
)
_GROUP, _DIFFERENCE, _BAR = 1, 4, 5
_SEVERAL = 5
