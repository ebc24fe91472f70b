"""Line plots: learning curves while a training runs, and what a report shows as curves."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from tagger.app.dialogs.parts import row, text
from tagger.app.theme import Theme

LIBRARY = "pyqtgraph"
"""Takes a second to import, so that is done on another thread, when there is a curve to show."""

_COLOURS = ("accent", "unsure", "yes", "no")
_FEWEST = 2

Points = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Line:
    """One line of a plot.

    Attributes:
        name: in the legend; empty for a line that only guides the eye.
        points: (x, y).
        dots: mark the points.
    """

    name: str
    points: Points
    dots: bool = False


class Plots(QWidget):
    """Plots side by side, by title. Hidden as long as there is nothing to show."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._loading: threading.Thread | None = None
        self.plots: dict[str, Any] = {}
        self.lines: dict[tuple[str, str], Any] = {}
        self._legends: dict[str, QLabel] = {}
        self._inside = QHBoxLayout(self)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(theme.px(2))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.hide()

    def show_curves(self, series: Sequence[dict[str, Any]]) -> bool:
        """Show learning curves as `tagger.library.runs.read_curves` gives them.

        Series of one measure (`loss`, `loss/kept out`) share a plot; those of one point wait.
        """
        plots: dict[str, list[Line]] = {}
        for each in series:
            if len(each["points"]) >= _FEWEST:
                measure, _, part = each["name"].partition("/")
                plots.setdefault(measure, []).append(Line(part or "training", each["points"]))
        return self.show_plots(plots)

    def show_plots(self, plots: dict[str, list[Line]]) -> bool:
        """Show lines by the title of their plot; other plots go.

        Returns:
            False while the plotting library is still being fetched: to be called again.
        """
        if plots and not self._ready():
            return False
        wanted = {(title, line.name) for title, lines in plots.items() for line in lines}
        if not self.lines.keys() <= wanted:
            self._clear()
        for title, lines in plots.items():
            for line in lines:
                x, y = zip(*line.points, strict=True) if line.points else ((), ())
                self._line(title, line).setData(list(x), list(y))
        self.setVisible(bool(plots))
        return True

    def _ready(self) -> bool:
        """Say whether the plotting library is there; begin to fetch it if it is not."""
        if self._loading is None:
            self._loading = threading.Thread(target=__import__, args=(LIBRARY,), daemon=True)
            self._loading.start()
        return not self._loading.is_alive() and LIBRARY in sys.modules

    def _clear(self) -> None:
        while (item := self._inside.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.plots.clear()
        self.lines.clear()
        self._legends.clear()

    def _line(self, title: str, line: Line) -> Any:
        key = (title, line.name)
        if key not in self.lines:
            plot = self._plot(title)
            named = sum(1 for at, name in self.lines if at == title and name)
            token = _COLOURS[named % len(_COLOURS)] if line.name else "muted"
            colour = self._theme.colour(token)
            pen = QPen(colour, self._theme.px(0.25))
            pen.setCosmetic(True)
            if not line.name:
                pen.setStyle(Qt.PenStyle.DashLine)
            elif named <= len(_COLOURS):
                key_words = f'<span style="color: {colour.name()}">●</span> {escape(line.name)}'
                more = key_words if named < len(_COLOURS) else "…"
                self._legends[title].setText(f"{self._legends[title].text()} &nbsp;{more}")
            options: dict[str, Any] = {"pen": pen}
            if line.dots:
                options |= {"symbol": "o", "symbolSize": self._theme.px(0.75)}
                options |= {"symbolBrush": colour, "symbolPen": None}
            self.lines[key] = plot.plot(**options)
        return self.lines[key]

    def _plot(self, title: str) -> Any:
        """Return the plot of a title, made at its first line."""
        if title in self.plots:
            return self.plots[title]
        import pyqtgraph

        theme = self._theme
        view = pyqtgraph.PlotWidget(background=theme.colour("raised"))
        view.setAccessibleName(title)
        view.setMinimumSize(theme.px(24), theme.px(24))
        view.sizeHint = view.minimumSize  # else it asks for 640 × 480, and dialogs scroll
        view.setMouseEnabled(False, False)
        view.setMenuEnabled(False)
        view.hideButtons()
        plot = view.getPlotItem()
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(theme.colour("line"))
            axis.setTextPen(theme.colour("muted"))
        page = QWidget()
        inside = QVBoxLayout(page)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.px(0.5))
        legend = text(rich=True, wrap=False)
        head = row(text(title[:1].upper() + title[1:], "muted"), legend)
        head.setStretch(0, 1)
        inside.addLayout(head)
        inside.addWidget(view, 1)
        self._legends[title] = legend
        self._inside.addWidget(page, 1)
        self.plots[title] = plot
        return plot
