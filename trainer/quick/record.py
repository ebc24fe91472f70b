"""The curves of a quick retraining: drawn in the window meanwhile, kept in the run's folder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from tagger.library.runs import write_curves
from trainer.board import write_scalars

Point = tuple[float, float]

_EVERY_S = 0.25


class Record:
    """Curves by name, `MEASURE by X/GROUP`."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._curves: dict[str, list[Point]] = {}
        self._written = 0.0

    def draw(self, name: str, points: Sequence[Point]) -> None:
        """Keep a curve, in the place of what was drawn under that name before.

        Raises:
            OSError: the disk is full.
        """
        self._curves[name] = [(round(float(x), 4), round(float(y), 6)) for x, y in points]
        if time.monotonic() - self._written > _EVERY_S:
            self._write()

    def close(self) -> None:
        """Write everything, also TensorBoard's log.

        Raises:
            OSError: the disk is full.
        """
        self._write()
        write_scalars(
            self._run,
            [
                (name, at + 1, y)
                for name, points in self._curves.items()
                for at, (_, y) in enumerate(points)
            ],
        )

    def _write(self) -> None:
        self._written = time.monotonic()
        write_curves(self._run, [{"name": n, "points": p} for n, p in self._curves.items()])
