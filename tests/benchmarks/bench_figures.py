"""Measured figures beside promised ones, as lines of a table."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One promised figure.

    Attributes:
        least: whether `promised` is the least allowed value, else the most.
    """

    what: str
    value: float
    promised: float | None
    least: bool
    unit: str = ""

    @property
    def kept(self) -> bool:
        """Whether the promise is kept."""
        if self.promised is None:
            return True
        return self.value >= self.promised if self.least else self.value <= self.promised


def at_least(what: str, value: float, promised: float | None, unit: str = "") -> Figure:
    """Return a figure that is better the larger it is."""
    return Figure(what, value, promised, True, unit)


def at_most(what: str, value: float, promised: float | None, unit: str = "") -> Figure:
    """Return a figure that is better the smaller it is."""
    return Figure(what, value, promised, False, unit)


def load() -> str:
    """Return the load average of the last minute."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def value_text(figure: Figure) -> str:
    """Return what was measured, with its unit."""
    return f"{figure.value:.3f} {figure.unit}".strip()


def promise_text(figure: Figure) -> str:
    """Return what was promised, such as `≤ 2 s`; empty where nothing was."""
    if figure.promised is None:
        return ""
    sign = "≥" if figure.least else "≤"
    return f"{sign} {figure.promised:g} {figure.unit}".strip()


def line(figure: Figure) -> str:
    """Return a figure as a line of the table."""
    mark = "" if figure.kept else "   NOT KEPT"
    value, promised = value_text(figure), promise_text(figure)
    return f"{figure.what:52}{value:>12}{promised:>14}   {load()}{mark}"
