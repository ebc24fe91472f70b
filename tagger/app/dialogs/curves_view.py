"""Learning curves while a training runs, and of one that has ended."""

from __future__ import annotations

import sys
import threading
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from tagger.app.dialogs.parts import text
from tagger.app.theme import Theme

PLOTS = "pyqtgraph"
"""Takes a second to import, so that is done on another thread, when there is a curve to show."""

_COLOURS = ("accent", "yes", "maybe", "unsure", "no")
_FEWEST = 2


class CurvesView(QWidget):
    """One small plot for each measure; series of one measure (`loss`, `loss/val`) share a plot.

    Hidden as long as there is nothing to show.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._loading: threading.Thread | None = None
        self._plots: dict[str, Any] = {}
        self._lines: dict[str, Any] = {}
        self._inside = QHBoxLayout(self)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(theme.px(2))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.hide()

    def show_curves(self, series: list[dict[str, Any]]) -> None:
        """Show series as `tagger.library.runs.read_curves` gives them; others go."""
        worth = [each for each in series if len(each["points"]) >= _FEWEST]
        if worth and not self._ready():
            return
        names = {each["name"] for each in worth}
        if not self._lines.keys() <= names:
            self._clear()
        for each in worth:
            x, y = zip(*each["points"], strict=True)
            self._line(each["name"]).setData(list(x), list(y))
        self.setVisible(bool(worth))

    def _ready(self) -> bool:
        """Say whether the plotting library is there; begin to fetch it if it is not."""
        if self._loading is None:
            self._loading = threading.Thread(target=__import__, args=(PLOTS,), daemon=True)
            self._loading.start()
        return not self._loading.is_alive() and PLOTS in sys.modules

    def _clear(self) -> None:
        while (item := self._inside.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._plots.clear()
        self._lines.clear()

    def _line(self, name: str) -> Any:
        if name not in self._lines:
            measure, _, part = name.partition("/")
            plot = self._plot(measure)
            colour = self._theme.colour(_COLOURS[len(plot.listDataItems()) % len(_COLOURS)])
            pen = QPen(colour, 0)
            pen.setWidthF(self._theme.px(0.25))
            pen.setCosmetic(True)
            self._lines[name] = plot.plot(name=part or "training", pen=pen)
        return self._lines[name]

    def _plot(self, measure: str) -> Any:
        """Return the plot of a measure, made at its first series."""
        if measure in self._plots:
            return self._plots[measure]
        import pyqtgraph

        theme = self._theme
        view = pyqtgraph.PlotWidget(background=theme.colour("raised"))
        view.setAccessibleName(f"Learning curve: {measure}")
        view.setMinimumSize(theme.px(24), theme.px(16))
        view.setMouseEnabled(False, False)
        view.setMenuEnabled(False)
        view.hideButtons()
        plot = view.getPlotItem()
        plot.addLegend(offset=(-10, 10), labelTextColor=theme.colour("text"))
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(theme.colour("line"))
            axis.setTextPen(theme.colour("muted"))
        page = QWidget()
        inside = QVBoxLayout(page)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.px(0.5))
        heading = text(measure, "muted", wrap=False)
        heading.setAlignment(Qt.AlignmentFlag.AlignLeft)
        inside.addWidget(heading)
        inside.addWidget(view, 1)
        self._inside.addWidget(page)
        self._plots[measure] = plot
        return plot
