"""Adding a model: a file of ours, a model folder, or a single ONNX file with its labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from tagger.app.dialogs.frame import Dialog
from tagger.app.dialogs.host import Host
from tagger.app.dialogs.parts import button, row, text
from tagger.app.dialogs.pick import Combo
from tagger.bundle.spec import BundleSpec
from tagger.library.session import bundle_store
from tagger.suggest.adding import add_foreign

_FILES = "Models (*.tagmodel *.onnx);;All files (*)"
_LABELS = "Lists of labels (*.csv *.txt *.json);;All files (*)"

_CHOICES: dict[str, tuple[str, dict[str, str]]] = {
    "kind": ("Labels", {"multi": "any number per photo", "single": "one per photo"}),
    "output": ("Comes out", {"logits": "logits", "probabilities": "probabilities"}),
    "layout": ("Order of the input", {"NCHW": "channels first", "NHWC": "channels last"}),
    "channels": ("Colours", {"RGB": "red, green, blue", "BGR": "blue, green, red"}),
    "fit": (
        "Photos are",
        {"squash": "squashed to its size", "crop": "cropped in the middle", "pad": "padded"},
    ),
}
_NUMBERS: dict[str, tuple[str, str]] = {
    "scale": ("Pixels times", "such as 0.00392 (1/255)"),
    "mean": ("Mean", "three numbers, subtracted"),
    "std": ("Standard deviation", "three numbers, divided by"),
    "threshold": ("Suggested from", "a score from 0 to 1"),
}


def parse_numbers(name: str, words: str) -> Any:
    """Return what stands in a field for numbers: one, three, or None where it is empty.

    Raises:
        ValueError: it is something else; the message says what is expected.
    """
    parts = words.replace(",", " ").replace(";", " ").split()
    if not parts:
        return None
    title = _NUMBERS[name][0]
    wanted = 3 if name in ("mean", "std") else 1
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != wanted:
        number = "three numbers" if wanted == 3 else "one number"
        raise ValueError(f"“{title}” takes {number}, with a point for decimals.")
    return numbers if wanted == 3 else numbers[0]


class AddModelDialog(Dialog):
    """Asks for a model; it is checked and made into one of ours in a process of its own.

    Attributes:
        added: (bundle id) a model came in.
    """

    added = Signal(str)

    def __init__(self, host: Host, parent: QWidget | None = None) -> None:
        super().__init__(host.theme, "Add a model", parent, 78, 70)
        self.host = host
        self.setAcceptDrops(True)
        px = self.theme.px
        self.path = QLineEdit()
        self.path.setAccessibleName("Model file or folder")
        self.path.setPlaceholderText(".tagmodel, .onnx, or a folder with a model")
        self.path.textChanged.connect(lambda _: self._follow())
        self.file_button = button("File…", self._choose_file)
        self.folder_button = button("Folder…", self._choose_folder)
        self.body.addWidget(
            text(
                "A model saved by this program, a tagger folder as published (WD tagger and the "
                "like), or any image classifier in ONNX with a list of its labels."
            )
        )
        self.body.addLayout(row(self.path, self.file_button, self.folder_button, gap=px(1)))
        self.foreign = self._foreign_fields()
        self.body.addWidget(self.foreign)
        self.notes = text()
        self.body.addWidget(self.notes)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setAccessibleName("Checking the model")
        self.busy.hide()
        self.body.addWidget(self.busy)
        self.body.addStretch(1)
        self.close_button = button("Cancel", self.reject)
        self.add_button = button("Check and add", self.add, main=True)
        self.add_buttons(self.close_button, self.add_button)
        self._follow()

    def _foreign_fields(self) -> QWidget:
        holder = QWidget()
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(0, 0, 0, 0)
        form = QFormLayout()
        form.setHorizontalSpacing(self.theme.px(2))
        form.setVerticalSpacing(self.theme.px(1))
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        inside.addWidget(
            text(
                "What is left open is found in the files beside the model, where they say it.",
                "muted",
            )
        )
        self.labels = self._field("List of labels", "CSV, TXT or JSON; found beside the model")
        choose = button("Choose…", self._choose_labels)
        choose.setAccessibleName("Choose the list of labels")
        form.addRow("List of labels", row(self.labels, choose, gap=self.theme.px(1)))
        self.group = self._field("Group", "name of the group they form")
        form.addRow("Group", self.group)
        self.choices: dict[str, Combo] = {}
        for name, (title, values) in _CHOICES.items():
            combo = Combo(title)
            combo.addItem("found by itself", None)
            for value, words in values.items():
                combo.addItem(words, value)
            self.choices[name] = combo
            form.addRow(title, combo)
        self.numbers = {name: self._field(*words) for name, words in _NUMBERS.items()}
        for name, (title, _) in _NUMBERS.items():
            form.addRow(title, self.numbers[name])
        inside.addLayout(form)
        return holder

    def _field(self, name: str, placeholder: str) -> QLineEdit:
        made = QLineEdit()
        made.setAccessibleName(name)
        made.setPlaceholderText(placeholder)
        return made

    # -- choosing ------------------------------------------------------------------------------

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Model", str(Path.home()), _FILES)
        if name:
            self.path.setText(name)

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Folder with a model", str(Path.home()))
        if name:
            self.path.setText(name)

    def _choose_labels(self) -> None:
        start = str(Path(self.path.text()).parent)
        name, _ = QFileDialog.getOpenFileName(self, "List of labels", start, _LABELS)
        if name:
            self.labels.setText(name)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take one file or folder."""
        if len(event.mimeData().urls()) == 1 and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take what was dropped as the model."""
        self.path.setText(event.mimeData().urls()[0].toLocalFile())

    def _follow(self) -> None:
        """Ask about foreign models only where the path is one."""
        path = Path(self.path.text().strip()).expanduser()
        own = path.suffix == ".tagmodel" or (path / "bundle.json").is_file()
        self.foreign.setVisible(path.exists() and bool(self.path.text().strip()) and not own)
        self.add_button.setEnabled(bool(self.path.text().strip()))

    # -- adding --------------------------------------------------------------------------------

    def options(self) -> dict[str, Any]:
        """Return what the user said about a foreign model.

        Raises:
            ValueError: a field does not hold numbers.
        """
        given: dict[str, Any] = {
            "labels": Path(self.labels.text()).expanduser() if self.labels.text() else None,
            "group_name": self.group.text().strip() or None,
        }
        given |= {name: combo.currentData() for name, combo in self.choices.items()}
        given |= {n: parse_numbers(n, field.text()) for n, field in self.numbers.items()}
        return given

    def add(self) -> None:
        """Check the model and add it, on another thread."""
        path = Path(self.path.text().strip()).expanduser()
        self.show_problem("")
        if not path.exists():
            self.show_problem(f"{path} does not exist. Choose a model file or folder.")
            return
        try:
            options = self.options()
        except ValueError as error:
            self.show_problem(str(error))
            return
        notes: list[str] = []
        self._working(True)
        self.host.background.run(
            lambda: add_foreign(path, bundle_store(), options, notes.append),
            lambda spec: self._added(spec, notes),
            self._failed,
        )

    def _working(self, working: bool) -> None:
        self.busy.setVisible(working)
        self.add_button.setEnabled(not working)

    def _added(self, spec: BundleSpec, notes: list[str]) -> None:
        if not self.alive:
            self.host.say(f"Added the model “{spec.name}”.")
            return
        self._working(False)
        self.added.emit(spec.bundle_id)
        if not notes:
            self.accept()
            return
        lines = "\n".join(f"•  {note}" for note in notes)
        self.notes.setText(f"Added “{spec.name}”. What was assumed:\n{lines}")
        self.foreign.hide()
        self.add_button.hide()
        self.close_button.setText("Close")
        self.close_button.setFocus()

    def _failed(self, error: Exception) -> None:
        if not self.alive:
            self.host.say(f"The model was not added: {error}")
            return
        self._working(False)
        self.show_error(error)
