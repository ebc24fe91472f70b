"""The export dialog: form, scores, file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFileDialog,
    QLineEdit,
    QProgressBar,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from tagger.app.dialogs.export_choice import (
    FORM_TITLES,
    FORM_WORDS,
    ExportChoice,
    Form,
    check_target,
    proposed_target,
    target_problem,
    write_export,
)
from tagger.app.dialogs.frame import Dialog
from tagger.app.dialogs.host import Host, opened, work_on_copy
from tagger.app.dialogs.parts import (
    button,
    decimal_number,
    line,
    path_text,
    row,
    show_in_folder,
    text,
    whole_number,
)
from tagger.app.dialogs.words import count
from tagger.core.errors import TaggerError

_MEMORY = "export"


def open_export(window: QWidget) -> ExportDialog:
    """Open the export dialog."""
    return opened(window, ExportDialog)


class ExportDialog(Dialog):
    """Asks what to write and where, writes it on another thread, says where it lies."""

    def __init__(self, host: Host, parent: QWidget | None = None) -> None:
        super().__init__(host.theme, "Export labels", parent, 76, 60)
        self.host = host
        self._places = host.session.library.places
        self.choice = ExportChoice.recall(host.remembered(_MEMORY))
        self._typed = False
        self._build_forms()
        self._build_scores()
        self._build_target()
        self.outcome = text(role="heading")
        self.where = path_text()
        self.body.addWidget(self.outcome)
        self.body.addWidget(self.where)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setAccessibleName("Writing")
        self.body.addWidget(self.busy)
        self.body.addStretch(1)
        self.show_button = button("Show in folder", self._show_in_folder)
        self.close_button = button("Cancel", self.reject)
        self.export_button = button("Export", self.export, main=True)
        self.add_buttons(self.show_button, self.close_button, self.export_button)
        for hidden in (self.outcome, self.where, self.busy, self.show_button):
            hidden.hide()
        self._follow()
        self.fit()

    # -- building ------------------------------------------------------------------------------

    def _build_forms(self) -> None:
        self.forms = QButtonGroup(self)
        for place, form in enumerate(FORM_TITLES):
            choice = QRadioButton(FORM_TITLES[form])
            choice.setChecked(form == self.choice.form)
            choice.setAccessibleDescription(FORM_WORDS[form])
            self.forms.addButton(choice, place)
            both = QVBoxLayout()
            both.setSpacing(0)
            both.addWidget(choice)
            words = text(FORM_WORDS[form], "muted")
            words.setContentsMargins(self.theme.px(3), 0, 0, 0)
            both.addWidget(words)
            self.body.addLayout(both)
        self.forms.idToggled.connect(self._form_chosen)
        self.body.addWidget(line())

    def _build_scores(self) -> None:
        self.scores = QCheckBox("With the model's scores")
        self.scores.setChecked(self.choice.scores)
        self.scores.toggled.connect(lambda on: self._follow())
        self.body.addWidget(self.scores)
        lowest = self.choice.min_score
        self.min_score = decimal_number(self.theme, "Leave out scores below", 0.0, 1.0, lowest)
        self.limit = QCheckBox("Only the best of each group:")
        self.limit.setChecked(self.choice.top > 0)
        self.limit.toggled.connect(lambda on: self._follow())
        best = self.choice.top or 5
        self.top = whole_number(self.theme, "So many labels of each group", 1, 10_000, best)
        gap = self.theme.px(1)
        self.min_words = text("Leave out scores below", wrap=False)
        options = QVBoxLayout()
        options.setContentsMargins(self.theme.px(3), 0, 0, 0)
        options.addLayout(row(self.min_words, self.min_score, None, gap=gap))
        options.addLayout(row(self.limit, self.top, None, gap=gap))
        self.body.addLayout(options)
        self.body.addWidget(line())

    def _build_target(self) -> None:
        self.target = QLineEdit()
        self.target.setAccessibleName("File to write")
        self.target.textEdited.connect(self._edited)
        choose = button("Choose…", self._choose)
        choose.setAccessibleName("Choose the file to write")
        self.body.addWidget(text("File", "heading"))
        self.body.addLayout(row(self.target, choose, gap=self.theme.px(1)))
        self.target_words = text(role="muted")
        self.body.addWidget(self.target_words)

    # -- choosing ------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Bring fields in line with each other."""
        form: Form = list(FORM_TITLES)[max(0, self.forms.checkedId())]
        self.choice = replace(
            self.choice,
            form=form,
            scores=self.scores.isChecked(),
            min_score=round(self.min_score.value(), 4),
            top=self.top.value() if self.limit.isChecked() else 0,
        )
        takes = self.choice.takes_scores
        self.scores.setEnabled(takes)
        self.scores.setToolTip("" if takes else "A table with one row per photo has no scores.")
        given = takes and self.choice.scores
        for field in (self.min_words, self.min_score, self.limit):
            field.setEnabled(given)
        self.top.setEnabled(given and self.limit.isChecked())
        if not self._typed:
            self.target.setText(str(proposed_target(self.choice, self._places)))
        self._judge_target()

    def _form_chosen(self, place: int, chosen: bool) -> None:
        """Give the file the ending of the form."""
        if not chosen:
            return
        self._follow()
        if self._typed and self._target().suffix in (".csv", ".json"):
            self.target.setText(str(self._target().with_suffix(self.choice.suffix)))
            self._judge_target()

    def _target(self) -> Path:
        return Path(self.target.text().strip()).expanduser()

    def _edited(self) -> None:
        self._typed = True
        self._judge_target()

    def _judge_target(self) -> None:
        words = target_problem(self._target(), self._places)
        self.target_words.setText(words)
        self.target_words.setVisible(bool(words))

    def _choose(self) -> None:
        kinds = "JSON (*.json)" if self.choice.form == "json" else "CSV (*.csv)"
        name, _ = QFileDialog.getSaveFileName(self, "Export labels to", self.target.text(), kinds)
        if name:
            path = Path(name)
            self._typed = True
            self.target.setText(str(path if path.suffix else path.with_suffix(self.choice.suffix)))
            self._judge_target()

    # -- writing -------------------------------------------------------------------------------

    def export(self) -> None:
        """Write the file on another thread."""
        self._follow()
        target, choice = self._target(), self.choice
        self.show_problem("")
        try:
            check_target(target, self._places)
        except TaggerError as error:
            self.show_error(error)
            return
        self._working(True)
        self.host.remember(_MEMORY, replace(choice, folder=str(target.absolute().parent)).memory())
        work_on_copy(
            self.host,
            lambda library: write_export(library, choice, target),
            lambda photos: self._written(photos, target.absolute()),
            self._failed,
        )

    def _working(self, working: bool) -> None:
        self.busy.setVisible(working)
        self.export_button.setEnabled(not working)

    def _written(self, photos: int, target: Path) -> None:
        if not self.alive:
            self.host.say(f"Exported {count(photos, 'photo')} to {target}.")
            return
        self._working(False)
        self._done = target
        self.outcome.setText(f"Wrote {count(photos, 'photo')} to")
        self.where.setText(str(target))
        for shown in (self.outcome, self.where, self.show_button):
            shown.show()
        self.close_button.setText("Close")
        self.export_button.setText("Export again")
        self.target_words.hide()
        self.close_button.setFocus()
        self.fit()
        self.reveal(self.where)

    def _failed(self, error: Exception) -> None:
        if not self.alive:
            self.host.say(f"Nothing was exported: {error}")
            return
        self._working(False)
        self.show_error(error)

    def _show_in_folder(self) -> None:
        show_in_folder(self._done)
