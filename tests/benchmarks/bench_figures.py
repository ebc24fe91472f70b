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


def line(figure: Figure) -> str:
    """Return a figure as a line of the table."""
    value = f"{figure.value:.3f} {figure.unit}".strip()
    sign = "≥" if figure.least else "≤"
    promised = (
        "" if figure.promised is None else f"{sign} {figure.promised:g} {figure.unit}".strip()
    )
    mark = "" if figure.kept else "   NOT KEPT"
    return f"{figure.what:52}{value:>12}{promised:>14}   {load()}{mark}"
