"""The models of this machine: use one, go back, add, save, delete; their cards and reports."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QFrame,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from tagger.app.dialogs.card import CardDialog, read_card
from tagger.app.dialogs.frame import Dialog
from tagger.app.dialogs.host import Host, opened
from tagger.app.dialogs.models_compare import Comparison
from tagger.app.dialogs.models_facts import ModelLine, describe, read_models
from tagger.app.dialogs.parts import button, path_text, row, text
from tagger.app.dialogs.report import ReportDialog
from tagger.app.dialogs.report_facts import Report, read_report, report_path
from tagger.app.dialogs.report_pictures import pictures_of
from tagger.app.dialogs.table import Column, Table
from tagger.app.dialogs.words import moment, quoted
from tagger.bundle.spec import BundleSpec
from tagger.bundle.store import LONGEST_NOTE
from tagger.core.errors import TaggerError
from tagger.library.session import bundle_store

_COLUMNS: tuple[Column[ModelLine], ...] = (
    Column("Name", lambda m: m.spec.name, grows=True),
    Column("Made", lambda m: moment(m.spec.created), lambda m: m.spec.created, optional=True),
    Column("Labels", lambda m: f"{m.spec.label_count:,}", lambda m: m.spec.label_count, True),
    Column(
        "Learned from",
        lambda m: f"{m.learned_from:,} photos" if m.learned_from else "",
        lambda m: m.learned_from,
        True,
        optional=True,
    ),
    Column("Used by", lambda m: m.used, colour=lambda m: "yes" if m.active else None),
)


def open_models(window: QWidget) -> ModelsDialog:
    """Open the list of models."""
    return opened(window, ModelsDialog)


class ModelsDialog(Dialog):
    """A table of models, and below it what the chosen one is."""

    def __init__(self, host: Host, parent: QWidget | None = None) -> None:
        super().__init__(host.theme, "Models", parent, 112, 82)
        self.host, self.session = host, host.session
        self.store = bundle_store()
        self._compared_name = ""
        px = self.theme.px
        self.table: Table[ModelLine] = Table(_COLUMNS, self.theme, "Models on this machine")
        self.table.setSelectionMode(Table.SelectionMode.SingleSelection)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_chosen())
        self.table.doubleClicked.connect(lambda _: self.use())
        self.broken = text(role="warning")
        self.heading = text(role="heading")
        self.details = QFormLayout()
        self.details.setHorizontalSpacing(px(2))
        self.details.setVerticalSpacing(px(0.5))
        self.details.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.note = QLineEdit()
        self.note.setPlaceholderText("A note of your own about this model")
        self.note.setAccessibleName("Note about the chosen model")
        self.note.setMaxLength(LONGEST_NOTE)
        self.note.editingFinished.connect(self._keep_note)
        self.comparison = Comparison(self._compared, self._not_compared, self)
        self.comparison.changed.connect(lambda: self._show_comparison(self.chosen))
        self.compare_button = button("Compare", self.compare)
        self.report_button = button("Report", self.show_report)
        self.card_button = button("Card", self.show_card)
        self.save_button = button("Save to a file…", self._save)
        self.default_button = button("Use for new libraries", self.make_default)
        self.delete_button = button("Delete…", self._ask_delete)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.broken)
        self.body.addWidget(self.heading)
        self.body.addLayout(self.details)
        self.body.addWidget(self.note)
        tools = (self.compare_button, self.report_button, self.card_button, self.save_button)
        self.body.addLayout(row(*tools, self.default_button, self.delete_button, None, gap=px(1)))
        self.body.addWidget(self._question())
        self.back_button = button("", self.go_back, theme=self.theme, sign="undo")
        self.add_button = button("Add a model…", self._add, theme=self.theme, sign="add")
        self.use_button = button("Use in this library", self.use, main=True)
        self.add_buttons(self.add_button, self.back_button, left=True)
        self.add_buttons(button("Close", self.reject), self.use_button)
        self.reload()

    def _question(self) -> QFrame:
        self.question = QFrame()
        self.question.setObjectName("question")
        inside = QVBoxLayout(self.question)
        px = self.theme.px
        inside.setContentsMargins(px(1.5), px(1), px(1.5), px(1))
        self.asked = text()
        self.delete_now = button("Delete it for good", self.delete)
        keep = button("Keep it", self.question.hide)
        inside.addWidget(self.asked)
        inside.addLayout(row(self.delete_now, keep, None, gap=px(1)))
        self.question.hide()
        return self.question

    # -- showing -------------------------------------------------------------------------------

    def reload(self, choose: str | None = None) -> None:
        """Show the models as they are now, with one of them chosen (by default the active one)."""
        wanted = choose or self.session.library.bundle_id
        self.table.show_rows(read_models(self.store, self.session.library))
        self.table.choose(lambda line: line.spec.bundle_id == wanted)
        problems = [problem.reason for problem in self.store.problems()]
        self.broken.setText("\n".join(problems[:3]))
        self.broken.setVisible(bool(problems))
        before = self._before()
        self.back_button.setVisible(before is not None)
        if before is not None:
            self.back_button.setText(f"Back to {quoted(before.name)}")
        self._show_chosen()

    def _before(self) -> BundleSpec | None:
        bundle_id = self.session.library.previous_bundle_id()
        try:
            return self.store.get(bundle_id) if bundle_id else None
        except TaggerError:
            return None

    @property
    def chosen(self) -> ModelLine | None:
        """The chosen model."""
        found = self.table.chosen()
        return found[0] if found else None

    def _show_chosen(self) -> None:
        line = self.chosen
        self.question.hide()
        while self.details.rowCount():
            self.details.removeRow(0)
        self.heading.setText(line.spec.name if line else "")
        for title, words in describe(line, self.session.library) if line else ():
            shown = path_text(words)
            self.details.addRow(text(title, "muted", wrap=False), shown)
        self.note.setVisible(line is not None)
        self.note.setText(self.store.notes().get(line.spec.bundle_id, "") if line else "")
        self._show_comparison(line)
        made_here = line is not None and report_path(line.spec) is not None
        self.report_button.setVisible(made_here)
        for made in (self.card_button, self.save_button):
            made.setEnabled(line is not None)
        self.default_button.setEnabled(line is not None and not line.default)
        self.delete_button.setEnabled(line is not None and not line.active)
        self.delete_button.setToolTip(
            "The model in use cannot be deleted." if line is not None and line.active else ""
        )
        self.use_button.setEnabled(line is not None and not line.active)

    def _show_comparison(self, line: ModelLine | None) -> None:
        present = self.session.library.bundle
        self.compare_button.setText("Comparing …" if self.comparison.running else "Compare")
        other = line is not None and not line.active and present is not None
        self.compare_button.setEnabled(other and not self.comparison.running)
        if present is not None:
            self.compare_button.setToolTip(
                f"Against {quoted(present.name)}, on photos of this library with answers that "
                "neither was trained on."
            )

    # -- what the buttons do -------------------------------------------------------------------

    def use(self) -> None:
        """Make the chosen model the active one of the open library."""
        if self.chosen is None or self.chosen.active:
            return
        self.show_problem("")
        self.host.use_model(self.chosen.spec, then=self._used)

    def go_back(self) -> None:
        """Use the model again that was used before."""
        before = self._before()
        if before is not None:
            self.show_problem("")
            self.host.use_model(before, back=True, then=self._used)

    def _used(self, refusal: str) -> None:
        if not self.alive:
            return
        self.reload()
        if refusal:
            self.show_problem(refusal)

    def make_default(self) -> None:
        """Use the chosen model for new libraries."""
        if self.chosen is not None:
            chosen = self.chosen.spec.bundle_id
            self._try(lambda: self.store.set_default(chosen))
            self.reload(chosen)

    def compare(self) -> None:
        """Compare the chosen model with the one in use."""
        present = self.session.library.bundle
        if self.chosen is None or self.chosen.active or present is None:
            return
        self.show_problem("")
        self.session.settle()
        self._compared_name = self.chosen.spec.name
        home = self.session.library.places.home
        self.comparison.start(home, present.bundle_id, self.chosen.spec.bundle_id)

    def _compared(self, report: Report) -> None:
        title = f"{self._compared_name} against the present model"
        self._open(ReportDialog(self.theme, title, report, self, pictures_of(self.host)))

    def _not_compared(self, sentence: str) -> None:
        self.show_problem(sentence)

    def _keep_note(self) -> None:
        if self.chosen is not None:
            chosen, note = self.chosen.spec.bundle_id, self.note.text()
            if note.strip() != self.store.notes().get(chosen, ""):
                self._try(lambda: self.store.set_note(chosen, note))

    def done(self, result: int) -> None:
        """Close; a comparison under way is given up."""
        self._keep_note()
        self.comparison.close()
        super().done(result)

    def show_report(self) -> None:
        """Show the report of the training that made the chosen model."""
        line = self.chosen
        path = report_path(line.spec) if line else None
        if line is None or path is None:
            return
        try:
            report = read_report(path)
        except TaggerError as error:
            self.show_error(error)
            return
        self._open(ReportDialog(self.theme, line.spec.name, report, self, pictures_of(self.host)))

    def show_card(self) -> None:
        """Show what the chosen model's maker wrote."""
        line = self.chosen
        if line is None:
            return
        try:
            card = read_card(self.store.folder(line.spec.bundle_id))
        except TaggerError as error:
            self.show_error(error)
            return
        self._open(CardDialog(self.theme, line.spec.name, card, self))

    def _open(self, dialog: Dialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def _save(self) -> None:
        line = self.chosen
        if line is None:
            return
        start = str(Path.home() / f"{line.spec.name.replace('/', '-')}.tagmodel")
        name, _ = QFileDialog.getSaveFileName(self, "Save the model to", start, "(*.tagmodel)")
        if name:
            self.save(Path(name))

    def save(self, path: Path) -> None:
        """Write the chosen model as one file, on another thread."""
        line = self.chosen
        if line is None:
            return
        chosen = line.spec.bundle_id
        self.save_button.setEnabled(False)
        self.host.background.run(
            lambda: self.store.pack(chosen, path),
            lambda _: self._saved(path, None),
            lambda error: self._saved(path, error),
        )

    def _saved(self, path: Path, error: Exception | None) -> None:
        if not self.alive:
            self.host.say(str(error) if error else f"Saved the model to {path}.")
            return
        self.save_button.setEnabled(True)
        if error is not None:
            self.show_error(error)
        else:
            self.heading.setText(f"Saved to {path}")

    def _ask_delete(self) -> None:
        if self.chosen is None or self.chosen.active:
            return
        name = quoted(self.chosen.spec.name)
        made = [
            m.spec.name for m in self.table.rows.rows if m.spec.parent == self.chosen.spec.bundle_id
        ]
        words = f"Delete {name} from this machine? This cannot be undone."
        if made:
            words += f" Models made from it, such as {quoted(made[0])}, stay and go on working."
        self.asked.setText(words)
        self.question.show()
        self.reveal(self.question)

    def delete(self) -> None:
        """Delete the chosen model."""
        line = self.chosen
        if line is not None and not line.active:
            self._try(lambda: self.store.delete(line.spec.bundle_id))
            self.reload()

    def _try(self, change: object) -> None:
        self.show_problem("")
        try:
            change()  # type: ignore[operator]
        except TaggerError as error:
            self.show_error(error)

    def _add(self) -> None:
        from tagger.app.dialogs.models_add import AddModelDialog

        dialog = AddModelDialog(self.host, self)
        dialog.added.connect(self.reload)
        self._open(dialog)
