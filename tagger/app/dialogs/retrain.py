"""*Retrain from my labels*: what there is to learn, the training, and its report."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFormLayout,
    QProgressBar,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from tagger.app.dialogs.frame import Dialog, Pages
from tagger.app.dialogs.host import Host, opened
from tagger.app.dialogs.parts import button, line, row, text, whole_number
from tagger.app.dialogs.pick import Combo
from tagger.app.dialogs.plots import Plots
from tagger.app.dialogs.report_pictures import pictures_of
from tagger.app.dialogs.report_view import ReportView
from tagger.app.dialogs.retrain_need import AIMS, GroupNeed, Need, has_training, read_need
from tagger.app.dialogs.retrain_run import RetrainRun, run_of
from tagger.app.dialogs.table import Column, Table
from tagger.app.dialogs.words import count
from tagger.core.errors import TaggerError
from tagger.library.session import bundle_store

_QUICK = (
    "Learns from what the model has seen already: seconds to a minute. Right for almost everything."
)
_BETTER = (
    "Also looks for what several traits mean together, and for photos alike: half a minute or "
    "so. Worth it from a few hundred labelled photos on."
)
_DEEP = "Also teaches the model to look at photos differently: minutes to hours."
_NO_TRAINING = (
    "Deep retraining needs the training libraries (torch, several hundred megabytes), which are "
    "not installed. To fetch them run “python3 installer/bootstrap.py setup --training” in the "
    "program's folder, then open this dialog again."
)

_COLUMNS: tuple[Column[GroupNeed], ...] = (
    Column("Group", lambda g: g.name if g.learned else f"{g.name} (not learned)", grows=True),
    Column("Photos", lambda g: f"{g.photos:,}", lambda g: g.photos, True),
    Column("Labels with answers", lambda g: f"{g.labels:,}", lambda g: g.labels, True),
    Column("Enough to be judged", lambda g: f"{g.ready:,}", lambda g: g.ready, True),
)


def open_retrain(window: QWidget) -> RetrainDialog:
    """Open the dialog; a training under way, or its report, is shown again."""
    return opened(window, RetrainDialog)


class RetrainDialog(Dialog):
    """Starts a training and shows its report. The new model is used only when that is pressed."""

    def __init__(self, host: Host, parent: QWidget | None = None) -> None:
        super().__init__(host.theme, "Retrain from my labels", parent, 136, 92)
        self.host = host
        self.session = host.session
        self.run = run_of(parent or self, host.session)
        self.run.changed.connect(self._follow)
        self.pages = Pages()
        self.body.addWidget(self.pages, 1)
        self.start_page, self.run_page = self._start_page(), self._run_page()
        self.view = ReportView(self.theme, pictures_of(host))
        for page in (self.start_page, self.run_page, self.view):
            self.pages.add(page)
        self.close_button = button("Close", self.reject)
        self.cancel_button = button("Stop", self.run.cancel)
        self.again_button = button("Retrain again", self._begin_again)
        self.keep_button = button("Keep the present model", self._keep)
        self.start_button = button("Retrain", self.start, main=True)
        self.use_button = button("Use the new model", self.use, main=True)
        self.add_buttons(self.again_button, left=True)
        self.add_buttons(
            self.close_button,
            self.cancel_button,
            self.keep_button,
            self.start_button,
            self.use_button,
        )
        self.need = read_need(host.session.library)
        self._show_need(self.need)
        self._follow()

    # -- pages ---------------------------------------------------------------------------------

    def _start_page(self) -> QWidget:
        px = self.theme.px
        page = QWidget()
        inside = QVBoxLayout(page)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(px(1.5))
        inside.addWidget(text("Make a better model from your labels", "title"))
        inside.addWidget(
            text(
                "Learns from what you confirmed, rejected and looked at in full. You then see "
                "how the new model compares with the present one, and decide which to use."
            )
        )
        self.basis = text("", "heading")
        self.groups: Table[GroupNeed] = Table(_COLUMNS, self.theme, "What there is to learn")
        self.hints = text(role="muted")
        inside.addWidget(self.basis)
        inside.addWidget(self.groups)
        inside.addWidget(self.hints)
        inside.addWidget(line())
        self.ways = QButtonGroup(self)
        self.quick, self.deep = QRadioButton("Quick"), QRadioButton("Deep")
        self.better = QRadioButton("Better (takes a little longer)")
        self.quick.setChecked(True)
        self.deep.setEnabled(has_training())
        ways = ((self.quick, _QUICK), (self.better, _BETTER), (self.deep, _DEEP))
        for place, (choice, words) in enumerate(ways):
            self.ways.addButton(choice, place)
            choice.setAccessibleDescription(words)
            explained = text(words, "muted")
            explained.setContentsMargins(px(3), 0, 0, 0)
            both = QVBoxLayout()
            both.setSpacing(0)
            both.addWidget(choice)
            both.addWidget(explained)
            inside.addLayout(both)
        if not has_training():
            missing = text(_NO_TRAINING, "warning")
            missing.setContentsMargins(px(3), 0, 0, 0)
            missing.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            inside.addWidget(missing)
        self.minutes = whole_number(self.theme, "At most so many minutes", 0, 1_000, 0)
        self.minutes.setSpecialValueText("as long as it takes")
        self.minutes.setSuffix(" minutes")
        self.minutes_words = text("Time for fine-tuning", wrap=False)
        self.deep.toggled.connect(self._follow_way)
        limits = row(self.minutes_words, self.minutes, None, gap=px(1))
        limits.setContentsMargins(px(3), 0, 0, 0)
        inside.addLayout(limits)
        self._follow_way(False)
        self.aim = Combo("What suggestions aim at")
        for name, words in AIMS.items():
            self.aim.addItem(words, name)
        form = QFormLayout()
        form.addRow("Suggestions aim at", self.aim)
        inside.addLayout(row(form, None))
        inside.addStretch(1)
        return page

    def _follow_way(self, deep: bool) -> None:
        self.minutes.setVisible(deep)
        self.minutes_words.setVisible(deep)

    def _run_page(self) -> QWidget:
        page = QWidget()
        inside = QVBoxLayout(page)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(self.theme.px(1.5))
        inside.addStretch(2)
        inside.addWidget(text("Retraining", "title"))
        self.message = text()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the training")
        inside.addWidget(self.message)
        inside.addWidget(self.bar)
        inside.addWidget(
            text("You can go on working, and close this: you are told when it is done.", "muted")
        )
        self.curves = Plots(self.theme)
        inside.addWidget(self.curves, 4)
        self.go_on = QCheckBox("Go on when the window is closed")
        self.go_on.setToolTip("What it made is shown when this folder is opened the next time.")
        self.go_on.setChecked(self.host.settings.get("training_at_close") == "go on")
        self.go_on.toggled.connect(
            lambda on: self.host.settings.set("training_at_close", "go on" if on else "stop")
        )
        inside.addWidget(self.go_on)
        inside.addStretch(3)
        return page

    def _show_need(self, need: Need) -> None:
        judged = (
            f", of which {count(need.judging, 'photo')} judge the result" if need.photos else ""
        )
        self.basis.setText(f"{count(need.photos, 'photo').capitalize()} with answers{judged}")
        self.groups.show_rows(need.groups)
        self.groups.setVisible(bool(need.groups))
        self.groups.fit_rows(6)
        self.hints.setText("\n".join(f"•  {hint}" for hint in need.hints))
        self.hints.setVisible(bool(need.hints))

    # -- following the run ---------------------------------------------------------------------

    def _follow(self) -> None:
        """Show the page that fits the state of the training."""
        run, report = self.run, self.run.report
        if run.running:
            self.pages.turn_to(self.run_page)
            self.message.setText(run.message)
            self.bar.setValue(round(run.fraction * 1000))
            self.curves.show_curves(run.curves())
        elif report is not None:
            fresh = self.pages.shown is not self.view
            if fresh:
                self.view.show_report(report)
            self.pages.turn_to(self.view)
            if fresh:
                (self.use_button if report.recommended else self.keep_button).setFocus()
        else:
            self.pages.turn_to(self.start_page)
        shown = self.pages.shown
        in_use = report is not None and self.session.library.bundle_id == report.bundle
        self.show_problem("" if run.running or report else run.failure or self.need.hindrance)
        self.start_button.setVisible(shown is self.start_page)
        self.start_button.setEnabled(not self.need.hindrance)
        self.cancel_button.setVisible(shown is self.run_page)
        self.again_button.setVisible(shown is self.view)
        self.keep_button.setVisible(shown is self.view and not in_use)
        self.use_button.setVisible(shown is self.view)
        self.use_button.setEnabled(not in_use)
        self.use_button.setText("In use now" if in_use else "Use the new model")
        self.close_button.setVisible(shown is not self.view or in_use)
        self._choose_main(report is not None and not report.recommended and not in_use)

    def _choose_main(self, keep: bool) -> None:
        """Make keeping the present model the main button where that is the advice.

        On the report no button is the one that Enter presses from anywhere: a model is chosen
        by its own button only.
        """
        self.start_button.setDefault(self.start_button.isVisibleTo(self))
        for made, main in ((self.keep_button, keep), (self.use_button, not keep)):
            made.setProperty("main", main)
            made.setDefault(False)
            made.style().unpolish(made)
            made.style().polish(made)

    def done(self, result: int) -> None:
        """Close; a training that still runs tells its end through the window."""
        if self.run.running:
            run, host, window = self.run, self.host, self.parentWidget()
            once = Qt.ConnectionType.SingleShotConnection
            run.ended.connect(lambda: _tell_end(run, host, window), once)
        super().done(result)

    # -- what the buttons do -------------------------------------------------------------------

    def start(self) -> None:
        """Start a training."""
        options = ["--aim", str(self.aim.currentData())]
        if self.better.isChecked():
            options.append("--better")
        if self.deep.isChecked() and self.minutes.value():
            options += ["--seconds", str(self.minutes.value() * 60)]
        self.run.start("fit" if self.deep.isChecked() else "quick", options)

    def use(self) -> None:
        """Make the new model the active one."""
        report = self.run.report
        if report is None:
            return
        try:
            spec = bundle_store().get(report.bundle)
        except TaggerError as error:
            self.show_error(error)
            return
        self.use_button.setEnabled(False)
        self.host.use_model(spec, then=self._used)

    def _used(self, refusal: str) -> None:
        if not self.alive:
            return
        self._follow()
        if refusal:
            self.show_problem(refusal)
        else:
            self.close_button.setFocus()

    def _keep(self) -> None:
        self.run.report = None
        self.reject()

    def _begin_again(self) -> None:
        self.run.report = None
        self.need = read_need(self.session.library)
        self._show_need(self.need)
        self._follow()


def follow_training(window: QWidget) -> None:
    """Find a training of the open library again that went on without the window."""
    host = cast(Host, window)
    run = run_of(window, host.session)
    if run.reattach() is not None:
        _tell_end(run, host, window)
    elif run.running:
        once = Qt.ConnectionType.SingleShotConnection
        run.ended.connect(lambda: _tell_end(run, host, window), once)
        host.say(
            "A training of this folder is still under way.", ("Show it", lambda: _open(window))
        )


def _tell_end(run: RetrainRun, host: Host, window: QWidget | None) -> None:
    """Say outside of the dialog how a training ended, unless the dialog is open again."""
    if window is None or any(each.isVisible() for each in window.findChildren(RetrainDialog)):
        return
    if run.report is not None:
        words = f"A new model was made. {run.report.title} {run.report.advice}."
        host.say(words, ("Show the report", lambda: _open(window)))
    elif run.failure:
        host.say(f"No new model was made: {run.failure}")


def _open(window: QWidget) -> None:
    open_retrain(window)
