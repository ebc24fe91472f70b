"""Small plots as SVG text, for the report page; colours are classes of its style sheet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 320, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 12, 34
_TICKS = 5

Point = Sequence[float]


@dataclass(frozen=True)
class Series:
    """One line of a plot.

    Attributes:
        name: in the legend.
        points: (x, y).
        style: a class of the style sheet: `before`, `after` or `guide`.
        dots: mark the points.
    """

    name: str
    points: Sequence[Point]
    style: str
    dots: bool = False


def line_plot(
    series: Sequence[Series],
    x_title: str,
    y_title: str,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
) -> str:
    """Return a line plot; the axes fit the points unless their range is given."""
    points = [point for line in series for point in line.points]
    x = _Axis(x_range or _range(p[0] for p in points), _LEFT, WIDTH - _RIGHT)
    y = _Axis(y_range or _range(p[1] for p in points), HEIGHT - _BOTTOM, _TOP)
    parts = [_grid(x, y)]
    for line in series:
        at = [(x.place(p[0]), y.place(p[1])) for p in line.points]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in at)
        title = f"<title>{escape(line.name)}</title>"
        parts.append(f'<polyline class="{line.style}" points="{path}">{title}</polyline>')
        if line.dots:
            parts += [
                f'<circle class="{line.style}" cx="{px:.1f}" cy="{py:.1f}" r="3"/>' for px, py in at
            ]
    middle = (HEIGHT - _BOTTOM + _TOP) / 2
    parts.append(f'<text class="t" x="{WIDTH / 2}" y="{HEIGHT - 4}">{escape(x_title)}</text>')
    turned = f'transform="rotate(-90 11 {middle})"'
    parts.append(f'<text class="t" x="11" y="{middle}" {turned}>{escape(y_title)}</text>')
    label = escape(f"{y_title} by {x_title}", quote=True)
    inside = "".join(parts)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{inside}</svg>'


def legend(series: Sequence[Series]) -> str:
    """Return what the lines of a plot are."""
    named = [line for line in series if line.name]
    return "".join(f'<span class="key {s.style}">{escape(s.name)}</span>' for s in named)


def interval_bar(
    value: float | None, low: float | None, high: float | None, span: float, sure: bool
) -> str:
    """Return a difference with its interval on an axis from −span to +span.

    It is good or bad where the interval leaves no doubt, unless too few photos make it unsure.
    """
    width, height = 160, 16
    axis = _Axis((-span, span), 4, width - 4)
    middle = axis.place(0.0)
    parts = [f'<line class="axis" x1="{middle}" x2="{middle}" y1="1" y2="{height - 1}"/>']
    if value is not None and low is not None and high is not None:
        doubtful = not sure or low <= 0 <= high
        style = "open" if doubtful else "good" if low > 0 else "bad"
        first, last, at = (axis.place(min(max(v, -span), span)) for v in (low, high, value))
        parts.append(f'<line class="{style}" x1="{first}" x2="{last}" y1="8" y2="8"/>')
        parts.append(f'<circle class="{style}" cx="{at}" cy="8" r="4"/>')
    return f'<svg class="bar" viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'


class _Axis:
    """From values to places on the picture."""

    def __init__(self, values: tuple[float, float], first: float, last: float) -> None:
        self.low, self.high = values
        self._first, self._last = first, last

    def place(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self._first + share * (self._last - self._first), 2)

    def ticks(self) -> list[float]:
        return [self.low + (self.high - self.low) * k / (_TICKS - 1) for k in range(_TICKS)]


def _range(values: Iterable[float]) -> tuple[float, float]:
    found = [float(v) for v in values if math.isfinite(v)]
    low, high = (min(found), max(found)) if found else (0.0, 1.0)
    spare = (high - low) * 0.05 or 0.5
    return low - (spare if low < 0 or low > spare else low), high + spare


def _grid(x: _Axis, y: _Axis) -> str:
    parts = []
    bottom, left = HEIGHT - _BOTTOM, _LEFT
    for value in x.ticks():
        at = x.place(value)
        parts.append(f'<line class="grid" x1="{at}" x2="{at}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(f'<text class="n" x="{at}" y="{bottom + 14}">{value:.3g}</text>')
    for value in y.ticks():
        at = y.place(value)
        parts.append(f'<line class="grid" x1="{left}" x2="{WIDTH - _RIGHT}" y1="{at}" y2="{at}"/>')
        parts.append(f'<text class="n end" x="{left - 4}" y="{at + 4}">{value:.3g}</text>')
    return "".join(parts)
