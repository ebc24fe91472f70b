"""What Qt is told of a theme: palette, and style sheet on a rhythm of 8 pixels."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

import resources
from tagger.app.theme import Theme


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Give the program a theme: palette and style sheet."""
    app.setPalette(palette(theme))
    app.setStyleSheet(style_sheet(theme))


def palette(theme: Theme) -> QPalette:
    """Return the palette of a theme, for what the style sheet does not reach."""
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    colours = {
        role.Window: "window",
        role.WindowText: "text",
        role.Base: "raised",
        role.AlternateBase: "window",
        role.Text: "text",
        role.Button: "raised",
        role.ButtonText: "text",
        role.BrightText: "on_accent",
        role.Highlight: "accent",
        role.HighlightedText: "on_accent",
        role.ToolTipBase: "raised",
        role.ToolTipText: "text",
        role.PlaceholderText: "muted",
        role.Link: "accent",
        role.LinkVisited: "accent",
        role.Light: "raised",
        role.Midlight: "line",
        role.Mid: "line",
        role.Dark: "line",
        role.Shadow: "canvas",
        role.Accent: "accent",
    }
    made = QPalette()
    for each, token in colours.items():
        made.setColor(each, theme.colour(token))
    for each in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(group.Disabled, each, theme.colour("muted"))
    return made


def style_sheet(theme: Theme) -> str:
    """Return the style sheet of a theme."""
    t, px = theme.tokens, theme.px
    half, one, two = px(0.5), px(1), px(2)
    icon, knob = px(2), px(1.5)
    letters = round(2 * theme.unit - 8)  # grows as the text does, see `make_theme`
    chevron, tick = (_picture(f"{name}-{t.name}.png") for name in ("chevron", "tick"))
    return f"""
* {{ outline: none; }}
QWidget {{ color: {t.text}; }}
QMainWindow, QDialog, QMenuBar {{ background: {t.window}; }}
QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line};
    padding: {half}px {one}px; }}

QMenuBar {{ padding: {px(0.25)}px {half}px; border-bottom: 1px solid {t.line}; }}
QMenuBar::item {{ padding: {half}px {one}px; border-radius: {half}px; background: transparent; }}
QMenuBar::item:selected {{ background: {t.hover}; }}
QMenu {{ background: {t.raised}; border: 1px solid {t.line}; padding: {half}px; }}
QMenu::item {{ padding: {half}px {px(3)}px {half}px {px(1.5)}px; border-radius: {half}px; }}
QMenu::item:selected {{ background: {t.tint}; color: {t.text}; }}
QMenu::item:disabled {{ color: {t.muted}; }}
QMenu::icon {{ padding-left: {one}px; }}
QMenu::separator {{ height: 1px; background: {t.line}; margin: {half}px {one}px; }}

QPushButton {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: {px(0.75)}px;
    padding: {px(0.75)}px {px(1.5)}px; }}
QPushButton:hover {{ background: {t.hover}; }}
QPushButton:pressed {{ background: {t.line}; }}
QPushButton:focus {{ border: 2px solid {t.accent}; padding: {px(0.75) - 1}px {px(1.5) - 1}px; }}
QPushButton:disabled {{ color: {t.muted}; background: {t.window}; }}
QPushButton[main="true"] {{ background: {t.accent}; color: {t.on_accent}; border-color: {t.accent};
    font-weight: 600; }}
QPushButton, QCheckBox, QRadioButton, QMenu {{ icon-size: {icon}px; }}
QToolButton {{ qproperty-iconSize: {icon}px {icon}px; }}
QCheckBox::indicator, QRadioButton::indicator {{ width: {icon}px; height: {icon}px; }}
QPushButton[main="true"]:hover {{ border-color: {t.text}; }}
QPushButton[main="true"]:disabled {{ background: {t.hover}; color: {t.muted};
    border-color: {t.line}; }}
QPushButton[main="true"]:focus {{ border: 2px solid {t.text}; }}
QPushButton[quiet="true"] {{ background: transparent; border-color: transparent;
    color: {t.accent}; padding: {half}px {one}px; }}
QPushButton[quiet="true"]:hover {{ background: {t.hover}; }}
QPushButton[quiet="true"]:focus {{ border: 2px solid {t.accent};
    padding: {half - 1}px {one - 1}px; }}
QToolButton {{ border: 1px solid transparent; border-radius: {half}px; padding: {half}px; }}
QToolButton:hover {{ background: {t.hover}; }}
QToolButton:checked {{ background: {t.tint}; }}
QToolButton:focus {{ border: 1px solid {t.accent}; }}
QToolButton::menu-indicator {{ image: none; }}

QLineEdit, QSpinBox, QDoubleSpinBox, QPlainTextEdit, QTextEdit, QComboBox {{
    background: {t.raised}; border: 1px solid {t.line}; border-radius: {px(0.75)}px;
    padding: {px(0.625)}px {one}px; selection-background-color: {t.accent};
    selection-color: {t.on_accent}; }}
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QPlainTextEdit:focus, QTextEdit:focus,
QComboBox:focus {{ border: 1px solid {t.accent}; }}
QLineEdit:disabled, QComboBox:disabled {{ color: {t.muted}; background: {t.window}; }}
QComboBox {{ padding: {px(0.75)}px {px(3)}px {px(0.75)}px {one}px; }}
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ background: transparent; border: none;
    padding: 0; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ subcontrol-origin: border;
    width: 0; border: none; }}
QComboBox::drop-down {{ border: none; width: {px(3)}px; }}
QComboBox::down-arrow {{ image: url("{chevron}"); width: {two}px; height: {two}px; }}
QComboBox QAbstractItemView {{ background: {t.raised}; border: 1px solid {t.line};
    selection-background-color: {t.tint}; selection-color: {t.text}; }}

QTreeView, QListView, QTableView {{ background: {t.window}; border: none;
    alternate-background-color: {t.raised}; selection-background-color: {t.tint};
    selection-color: {t.text}; }}
QDialog QTreeView, QDialog QListView, QDialog QTableView {{ background: {t.raised};
    border: 1px solid {t.line}; border-radius: {half}px; }}
QListView#offers {{ background: {t.raised}; border: 1px solid {t.line}; padding: {half}px; }}
QTreeView::item, QListView::item {{ padding: {half}px; border-radius: {half}px; }}
QTreeView::item:hover, QListView::item:hover {{ background: {t.hover}; }}
QTreeView::item:selected, QListView::item:selected {{ background: {t.tint}; color: {t.text}; }}
QTreeView::branch {{ background: {t.window}; }}
QHeaderView::section {{ background: {t.window}; color: {t.muted}; border: none;
    border-bottom: 1px solid {t.line}; padding: {half}px {two}px {half}px {one}px; }}

QScrollArea, QScrollArea > QWidget > QWidget#scrolled {{ background: transparent; border: none; }}
QScrollBar:vertical {{ background: transparent; width: {px(1.5)}px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: {px(1.5)}px; margin: 0; }}
QScrollBar::handle {{ background: {t.line}; border-radius: {half}px; min-height: {px(4)}px;
    min-width: {px(4)}px; margin: 2px; }}
QScrollBar::handle:hover {{ background: {t.muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

QSlider {{ min-height: {px(2.5)}px; }}
QSlider::groove:horizontal, QSlider::sub-page:horizontal {{ height: {half}px;
    background: {t.line}; border-radius: {half // 2}px; }}
QSlider::handle:horizontal {{ background: {t.accent}; border: 2px solid {t.window};
    width: {knob}px; height: {knob}px; margin: -{(knob + 4 - half) // 2}px 0;
    border-radius: {(knob + 4) // 2}px; }}
QSlider::handle:horizontal:focus {{ border: 2px solid {t.text}; }}
QSlider::handle:horizontal:disabled {{ background: {t.line}; }}

QCheckBox, QRadioButton {{ spacing: {one}px; padding: {half}px 0; }}
QCheckBox::indicator, QRadioButton::indicator {{ width: {two - 2}px; height: {two - 2}px;
    border: 1px solid {t.muted}; background: {t.raised}; border-radius: {half}px; }}
QRadioButton::indicator {{ border-radius: {one}px; }}
QCheckBox::indicator:checked {{ border-color: {t.accent}; background: {t.accent};
    image: url("{tick}"); }}
QRadioButton::indicator:checked {{ border-color: {t.accent};
    background: qradialgradient(cx: 0.5, cy: 0.5, radius: 0.5, fx: 0.5, fy: 0.5,
        stop: 0 {t.accent}, stop: 0.5 {t.accent}, stop: 0.6 {t.raised}, stop: 1 {t.raised}); }}
QCheckBox::indicator:focus, QRadioButton::indicator:focus {{ border: 2px solid {t.accent}; }}
QCheckBox:disabled, QRadioButton:disabled, QLabel:disabled {{ color: {t.muted}; }}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {{ border-color: {t.line}; }}
QProgressBar {{ background: {t.line}; border: none; border-radius: {px(0.25)}px;
    max-height: {half}px; min-height: {half}px; }}
QProgressBar::chunk {{ background: {t.accent}; border-radius: {px(0.25)}px; }}
QSplitter::handle {{ background: {t.line}; }}
QSplitter::handle:hover {{ background: {t.accent}; }}
QTabWidget::pane {{ border: none; border-top: 1px solid {t.line}; }}
QTabBar::tab {{ padding: {one}px {two}px; border: none; color: {t.muted}; }}
QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.accent}; }}
QTabBar::tab:focus {{ color: {t.accent}; }}

QFrame[line="true"] {{ background: {t.line}; max-height: 1px; min-height: 1px; border: none; }}
QLabel[role="title"] {{ font-size: {2 * letters}px; font-weight: 600; }}
QLabel[role="heading"] {{ font-weight: 600; }}
QLabel[role="muted"] {{ color: {t.muted}; }}
QLabel[role="key"] {{ color: {t.muted}; border: 1px solid {t.line}; border-radius: {px(0.5)}px;
    padding: 0 {half}px; background: {t.raised}; }}
QLabel[role="warning"] {{ color: {t.warning}; }}
QFrame#notice, QFrame#question {{ background: {t.raised}; border: 1px solid {t.line};
    border-radius: {one}px; }}
QFrame#notice[warning="true"], QFrame#question {{ background: {t.warning_tint};
    border-color: {t.warning}; }}
QFrame#note {{ background: {t.warning_tint}; border: none; border-radius: {half}px; }}
QWidget#filterBar {{ background: {t.window}; border-bottom: 1px solid {t.line}; }}
QWidget#statusBar {{ background: {t.window}; border-top: 1px solid {t.line}; }}
QWidget#sidebar, QWidget#panel {{ background: {t.window}; }}
QWidget#panelFoot, QWidget#sliders {{ background: {t.window}; border-top: 1px solid {t.line}; }}
"""


def _picture(name: str) -> str:
    """Return the place of one of our pictures, as a style sheet takes it."""
    return (Path(resources.__file__).parent / "icons" / name).as_posix()
