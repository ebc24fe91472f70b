"""Showing the report of a training: verdict in big words, groups and labels before → after."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from tagger.app.dialogs.parts import button, line, row, text
from tagger.app.dialogs.report_facts import Change, GroupRow, LabelRow, Report, share
from tagger.app.dialogs.table import Column, Index, Table
from tagger.app.dialogs.words import signed
from tagger.app.theme import Theme
from tagger.core.names import fold_name
from tagger.core.verdict import JUDGED_WELL


def paint_change(
    painter: QPainter, area: QRectF, change: Change, theme: Theme, span: float, sure: bool = True
) -> None:
    """Paint a difference with its interval on an axis from −span to +span, 0 in the middle.

    It is green or red where the interval leaves no doubt, unless too few photos make it unsure.
    """
    middle, height = area.center(), theme.px(0.75)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("line"), 1))
    painter.drawLine(int(middle.x()), int(area.top()) + 2, int(middle.x()), int(area.bottom()) - 2)
    if change.difference is None or change.low is None or change.high is None:
        return

    def place(value: float) -> float:
        clipped = max(-span, min(span, value))
        return middle.x() + clipped / span * (area.width() / 2 - height)

    token = "yes" if change.low > 0 else "no" if change.high < 0 else "muted"
    token = token if sure else "muted"
    colour = theme.colour(token)
    pen = QPen(colour, max(2, theme.px(0.25)))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.drawLine(
        round(place(change.low)), round(middle.y()), round(place(change.high)), round(middle.y())
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    dot = QRectF(0, 0, height, height)
    dot.moveCenter(middle)
    dot.moveLeft(place(change.difference) - height / 2)
    painter.drawEllipse(dot)


class ChangeBar(QWidget):
    """A difference with its interval, painted."""

    def __init__(self, change: Change, theme: Theme, span: float) -> None:
        super().__init__()
        self._change, self._theme, self._span = change, theme, span
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(interval_words(change))
        self.setToolTip(interval_words(change))

    def sizeHint(self) -> QSize:
        """Return a flat area (Qt calls this)."""
        return QSize(self._theme.px(20), self._theme.px(2.5))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it (Qt calls this)."""
        painter = QPainter(self)
        paint_change(painter, QRectF(self.rect()), self._change, self._theme, self._span)
        painter.end()


class _ChangeDelegate(QStyledItemDelegate):
    """Paints the differences in the table of labels."""

    def __init__(self, table: Table[LabelRow], theme: Theme) -> None:
        super().__init__(table)
        self._table, self._theme = table, theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the row's background, then the difference (Qt calls this)."""
        super().paint(painter, option, index)
        found = self._table.rows.rows[index.row()]
        painter.save()
        area, sure = QRectF(option.rect), found.judged_well
        paint_change(painter, area, found.change, self._theme, 0.5, sure)
        painter.restore()


class ReportView(QWidget):
    """A whole report."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
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
        self._inside.addWidget(self.title)
        self._inside.addWidget(self.advice)
        self._inside.addWidget(self.reasons)
        self._inside.addWidget(self.basis)
        self._inside.addWidget(line())
        self.groups = QGridLayout()
        self.groups.setHorizontalSpacing(px(2))
        self.groups.setVerticalSpacing(px(0.5))
        self.groups.setColumnStretch(3, 1)
        self._inside.addLayout(self.groups)
        self._inside.addWidget(line())
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
        self.labels.setItemDelegateForColumn(_BAR, _ChangeDelegate(self.labels, self._theme))
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
        self._show_groups(report.groups)
        several = len({label.group for label in report.labels}) > 1
        self.labels.leave_out(_GROUP, not several)
        self.well.setChecked(sum(label.judged_well for label in report.labels) >= _SEVERAL)
        self._find(self.search.text())
        self.missing_words.setText(report.missing_words)
        for widget in (self.missing_words, self.show_missing):
            widget.setVisible(bool(report.missing))
        self.missing.setPlainText("\n".join(report.missing))
        self.missing.hide()

    def _show_groups(self, groups: tuple[GroupRow, ...]) -> None:
        while (item := self.groups.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        spans = [abs(v) for g in groups for v in (g.change.low, g.change.high) if v is not None]
        span = max([0.05, *spans]) * 1.1
        for place, group in enumerate(groups):
            self.groups.addWidget(text(group.name, "heading", wrap=False), 2 * place, 0)
            if group.change.difference is not None:
                figures = f"{share(group.change.before)} → {share(group.change.after)}"
                self.groups.addWidget(text(figures, wrap=False), 2 * place, 1)
                self.groups.addWidget(text(group.verdict, wrap=False), 2 * place, 2)
                self.groups.addWidget(ChangeBar(group.change, self._theme, span), 2 * place, 3)
                self.groups.addWidget(text(interval_words(group.change), wrap=False), 2 * place, 4)
                self.groups.addWidget(text(group.words, "muted"), 2 * place + 1, 0, 1, 5)
            else:
                self.groups.addWidget(text(group.words, "muted"), 2 * place, 1, 1, 4)

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


def interval_words(change: Change) -> str:
    """Return a difference and its interval: `+0.047 (+0.013 to +0.075)`."""
    if change.difference is None:
        return "not measured"
    if change.low is None or change.high is None:
        return signed(change.difference)
    return f"{signed(change.difference)} ({signed(change.low)} to {signed(change.high)})"


def _suggested(label: LabelRow) -> str:
    counts = (label.suggested_before, label.suggested_after)
    if counts == (None, None):
        return ""
    before, after = ("–" if number is None else f"{number:,}" for number in counts)
    return f"{before} → {after}"


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
        tip=lambda r: interval_words(r.change),
        colour=_colour,
        help="After minus before; the line shows the range it probably lies in (95 %).",
    ),
    Column("", lambda r: "", lambda r: r.change.difference, tip=lambda r: interval_words(r.change)),
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
