"""Colours and sizes, for light and dark, from one table of tokens."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF
from PySide6.QtWidgets import QApplication


@dataclass(frozen=True)
class Tokens:
    """The colours of one mode, as `#rrggbb`; words on the right say where they are used.

    Text colours keep at least 4.5 : 1 against the surfaces they stand on.
    """

    name: str
    canvas: str  # behind photos
    window: str  # side bars, menus
    raised: str  # fields, buttons, chips
    hover: str
    line: str
    text: str
    muted: str
    accent: str  # what is chosen, the focus, the main button
    on_accent: str
    tint: str  # a chosen row
    yes: str  # confirmed
    on_yes: str
    maybe: str  # suggested
    maybe_tint: str
    no: str  # rejected
    unsure: str
    warning: str
    warning_tint: str


LIGHT = Tokens(
    name="light",
    canvas="#eceef1",
    window="#f8f9fa",
    raised="#ffffff",
    hover="#e9edf2",
    line="#d5dae1",
    text="#1c2127",
    muted="#59636f",
    accent="#2459c4",
    on_accent="#ffffff",
    tint="#dde7fb",
    yes="#1b7a4b",
    on_yes="#ffffff",
    maybe="#2459c4",
    maybe_tint="#e8effd",
    no="#b3362c",
    unsure="#8a5a00",
    warning="#8a5a00",
    warning_tint="#fdf1d7",
)
DARK = Tokens(
    name="dark",
    canvas="#14171a",
    window="#1d2125",
    raised="#272c31",
    hover="#31373e",
    line="#3a4149",
    text="#e8ebee",
    muted="#a2acb7",
    accent="#7ea8ff",
    on_accent="#0d1a33",
    tint="#2a3b5c",
    yes="#4cc38a",
    on_yes="#06210f",
    maybe="#8db2ff",
    maybe_tint="#243049",
    no="#ff8f83",
    unsure="#f0b954",
    warning="#f0b954",
    warning_tint="#3b3120",
)


@dataclass(frozen=True)
class Theme:
    """Tokens with the sizes that follow the system's font.

    Attributes:
        unit: 8 pixels at the usual text size, more with larger text.
    """

    tokens: Tokens
    unit: int

    def px(self, units: float) -> int:
        """Return a size in pixels from one in units of 8 pixels."""
        return max(1, round(units * self.unit))

    def colour(self, token: str) -> QColor:
        """Return a token's colour."""
        return QColor(getattr(self.tokens, token))


def is_dark(app: QApplication) -> bool:
    """Say whether the system asks for dark."""
    return app.styleHints().colorScheme() == Qt.ColorScheme.Dark


def make_theme(font: QFont, dark: bool) -> Theme:
    """Return the theme for a font; text twice as high gives sizes half as large again."""
    growth = QFontMetricsF(font).height() / 15.0
    unit = 8.0 * (1.0 + (growth - 1.0) * 0.5) if growth > 1.0 else 8.0
    return Theme(DARK if dark else LIGHT, round(unit))
