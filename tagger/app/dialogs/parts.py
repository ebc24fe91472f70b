"""Small pieces that dialogs are made of, in the theme's look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QProcess, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSpinBox,
    QWidget,
)

from tagger.app.icons import icon
from tagger.app.theme import Theme

Number = TypeVar("Number", QSpinBox, QDoubleSpinBox)


def text(words: str = "", role: str = "", *, wrap: bool = True, rich: bool = False) -> QLabel:
    """Return a label; `role` is `title`, `heading`, `muted`, `warning`, or plain."""
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.RichText if rich else Qt.TextFormat.PlainText)
    label.setText(words)
    label.setWordWrap(wrap)
    if role:
        label.setProperty("role", role)
    return label


def path_text(words: str = "") -> QLabel:
    """Return a label for a path, which can be selected and copied."""
    label = text(words)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label


def button(
    words: str,
    press: Callable[[], object],
    *,
    theme: Theme | None = None,
    sign: str = "",
    main: bool = False,
    quiet: bool = False,
    tip: str = "",
) -> QPushButton:
    """Return a button; `sign` is the name of an icon, `main` the one that Enter presses."""
    made = QPushButton(words)
    made.setAutoDefault(False)
    made.clicked.connect(lambda: press())
    if main:
        made.setProperty("main", True)
        made.setDefault(True)
    if quiet:
        made.setProperty("quiet", True)
    if sign and theme is not None:
        tokens = theme.tokens
        colour = tokens.on_accent if main else tokens.accent if quiet else tokens.text
        made.setIcon(icon(sign, colour))
    if tip:
        made.setToolTip(tip)
    return made


def whole_number(theme: Theme, name: str, least: int, most: int, value: int) -> QSpinBox:
    """Return a field for a whole number; `name` is what a screen reader calls it."""
    made = QSpinBox()
    made.setRange(least, most)
    made.setValue(value)
    return _number(made, theme, name)


def decimal_number(
    theme: Theme, name: str, least: float, most: float, value: float, decimals: int = 2
) -> QDoubleSpinBox:
    """Return a field for a number; `name` is what a screen reader calls it."""
    made = QDoubleSpinBox()
    made.setDecimals(decimals)
    made.setRange(least, most)
    made.setSingleStep((most - least) / 20)
    made.setValue(value)
    return _number(made, theme, name)


def _number(made: Number, theme: Theme, name: str) -> Number:
    made.setAccessibleName(name)
    made.setMinimumWidth(theme.px(10))
    made.lineEdit().setTextMargins(theme.px(1), 0, theme.px(1), 0)
    return made


def line() -> QFrame:
    """Return a thin line across."""
    made = QFrame()
    made.setProperty("line", True)
    return made


def row(*widgets: QWidget | QLayout | None, gap: int = 8) -> QHBoxLayout:
    """Return widgets side by side; None is room that grows."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(gap)
    for widget in widgets:
        if widget is None:
            layout.addStretch(1)
        elif isinstance(widget, QLayout):
            layout.addLayout(widget)
        else:
            layout.addWidget(widget)
    return layout


def show_all(widgets: Sequence[QWidget], shown: bool) -> None:
    """Show or hide several widgets."""
    for widget in widgets:
        widget.setVisible(shown)


def show_in_folder(path: Path) -> None:
    """Open the file manager at a file, with the file chosen where the system can do that."""
    import sys

    if sys.platform == "win32":
        QProcess.startDetached("explorer", ["/select,", str(path)])
    elif sys.platform == "darwin":
        QProcess.startDetached("open", ["-R", str(path)])
    else:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
