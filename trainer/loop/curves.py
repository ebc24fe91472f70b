"""Learning curves: `curves.json` for the window, TensorBoard's files for TensorBoard."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

CURVES = "curves.json"
FORMAT = "tagger-curves"
VERSION = 1
EVERY_S = 2.0
MOST_POINTS = 1000


@dataclass
class Curves:
    """What was measured so far; written live.

    `curves.json` holds `state` (`running`, `done` or `stopped`), `share` of the training done,
    `epoch`, `epochs`, `seconds`, `photos_per_s`, `monitor`, `best` ({epoch, value} or null),
    `train` and `judged`: columns of equal length by name, `epoch` (fractions) among them.

    Attributes:
        folder: of the run; None = nothing is written.
        epochs: planned.
        monitor: figure that the best weights are chosen by.
        train: columns `epoch`, `loss`, `rate` of steps.
        judged: columns `epoch`, `loss`, … of judgements.
    """

    folder: Path | None
    epochs: float
    monitor: str
    train: dict[str, list[float]] = field(default_factory=dict)
    judged: dict[str, list[float]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    _written: float = 0.0
    _board: SummaryWriter | None = None

    def begin(self, step: int) -> None:
        """Open TensorBoard's log; what lies after `step` there is dropped."""
        if self.folder is not None:
            self._board = SummaryWriter(str(self.folder / "tensorboard"), purge_step=step)

    def stepped(self, step: int, epoch: float, values: Mapping[str, float]) -> None:
        """Note a step."""
        _append(self.train, {"epoch": epoch, **values})
        if len(self.train["epoch"]) > MOST_POINTS:
            self.train = {name: _halved(column) for name, column in self.train.items()}
        self._log("train", step, values)
        if time.monotonic() - self._written > EVERY_S:
            self.write("running")

    def note(self, step: int, epoch: float, figures: Mapping[str, float]) -> None:
        """Note a judgement."""
        _append(self.judged, {"epoch": epoch, **figures})
        self._log("judged", step, figures)
        if self._board is not None:
            self._board.flush()

    def _log(self, group: str, step: int, values: Mapping[str, float]) -> None:
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(f"{group}/{name}", value, step)

    def write(self, state: str) -> None:
        """Write `curves.json`, whole or not at all."""
        self._written = time.monotonic()
        if self.folder is None:
            return
        content = {
            "format": FORMAT,
            "version": VERSION,
            "state": state,
            "epochs": self.epochs,
            "monitor": self.monitor,
            **self.facts,
            "train": self.train,
            "judged": self.judged,
        }
        path = self.folder / CURVES
        temporary = path.with_suffix(".tmp")
        text = json.dumps(_finite(content), ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", "utf-8")
        os.replace(temporary, path)

    def close(self, state: str) -> None:
        """Write for the last time."""
        self.write(state)
        if self._board is not None:
            self._board.close()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"train": self.train, "judged": self.judged}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.train, self.judged = state["train"], state["judged"]


def _append(columns: dict[str, list[float]], values: Mapping[str, float]) -> None:
    for name, value in values.items():
        columns.setdefault(name, []).append(float(value))


def _halved(column: list[float]) -> list[float]:
    return column[1::2]


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) if abs(value) < float("inf") else None
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
