"""Learning curves while training: for the window, and for TensorBoard."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from tagger.library.runs import write_curves
from trainer.metrics.monitor import MEASURES

EVERY_S = 2.0
KEPT_OUT = "kept out"
MOST_GROUPS = 4
MOST_POINTS = 1000


@dataclass
class Curves:
    """What was measured so far; written live.

    The run's curves (`tagger.library.runs.write_curves`) go over epochs, those of one measure as
    `MEASURE/PART`: `loss/training` beside `loss/kept out`, and a line for each group, unless there
    are many; TensorBoard has them all.

    Attributes:
        folder: of the run; None = nothing is written.
        train: columns `epoch`, `loss`, `rate` of steps.
        judged: columns `epoch`, `loss`, … of judgements.
    """

    folder: Path | None
    train: dict[str, list[float]] = field(default_factory=dict)
    judged: dict[str, list[float]] = field(default_factory=dict)
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
            self.write()

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

    def write(self) -> None:
        """Write the run's curves, whole or not at all.

        Raises:
            OSError: the disk is full.
        """
        self._written = time.monotonic()
        if self.folder is not None:
            groups = sum(_group_of(name) is not None for name in self.judged)
            judged = {
                name: column
                for name, column in self.judged.items()
                if groups <= MOST_GROUPS or _group_of(name) is None
            }
            write_curves(self.folder, [*_series(self.train), *_series(judged, KEPT_OUT)])

    def close(self) -> None:
        """Write for the last time."""
        self.write()
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


def _group_of(name: str) -> tuple[str, str] | None:
    """Return measure and group of a figure of one group, see `trainer.metrics.monitor`."""
    for measure in MEASURES:
        if name.startswith(f"{measure} "):
            return measure, name[len(measure) + 1 :]
    return None


def _title(name: str, part: str) -> str:
    found = _group_of(name)
    if found is not None:
        return f"{found[0]} on photos {part}/{found[1]}"
    if name == "loss" or not part:
        return f"{name}/{part}" if part else name
    return f"{name} on photos {part}"


def _series(columns: Mapping[str, list[float]], part: str = "") -> list[dict[str, Any]]:
    return [
        {
            "name": _title(name, part),
            "points": [
                [round(x, 4), round(y, 6)]
                for x, y in zip(columns["epoch"], column, strict=True)
                if math.isfinite(y)
            ],
        }
        for name, column in columns.items()
        if name != "epoch"
    ]
