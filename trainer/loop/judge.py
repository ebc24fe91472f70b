"""Judging a network while it is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from trainer.examples import Examples
from trainer.feeding.feed import Feed
from trainer.loop.predict import Predictions, Rows, answers, collected
from trainer.loop.processes import Processes
from trainer.losses.objective import Objective
from trainer.nets.net import Net
from trainer.nets.outputs import Outputs

Measure = Callable[[Predictions, Examples], Mapping[str, float]]
"""Gives named figures of predictions; greater is better."""

_CHUNK = 1024


@dataclass(frozen=True)
class Judge:
    """Judges a network on the rows set aside.

    Attributes:
        examples: what is known.
        rows: int64, the photos to judge by.
        feed: that brings them.
        objective: whose loss is told.
        measure: further figures.
        processes: that share the work.
        precision: of the forward pass.
    """

    examples: Examples
    rows: Rows
    feed: Feed
    objective: Objective
    measure: Measure | None
    processes: Processes
    precision: str

    def figures(self, net: Net) -> dict[str, float]:
        """Return `loss` and the figures of `measure`; empty where there is nothing to judge by."""
        if not len(self.rows):
            return {}
        mine = self.rows[self.processes.number :: self.processes.count]
        found = list(answers(net, self.feed, mine, self.processes.device, self.precision))
        said = collected(self.rows, self.processes.gathered(found))
        figures = {"loss": self._loss(said)}
        if self.measure is not None:
            figures |= {name: float(v) for name, v in self.measure(said, self.examples).items()}
        return figures

    @torch.no_grad()
    def _loss(self, said: Predictions) -> float:
        device = self.processes.device
        rows = torch.from_numpy(said.rows).to(device)
        totals = self.objective.totals(rows)
        chunk = _CHUNK if self.objective.additive else len(rows)
        loss = 0.0
        for at in range(0, len(rows), chunk):
            cut = slice(at, at + chunk)
            outputs = Outputs(
                torch.from_numpy(said.embedding[cut]).to(device),
                {name: torch.from_numpy(z[cut]).to(device) for name, z in said.logits.items()},
            )
            loss += float(self.objective(outputs, rows[cut], totals))
        return loss


def worth(figures: Mapping[str, float], monitor: str) -> float:
    """Return the figure that the best weights are chosen by, greater is better; NaN is worst."""
    value = figures[monitor]
    if np.isnan(value):
        return -math.inf
    return -value if monitor.endswith("loss") else value
