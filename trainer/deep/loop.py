"""The training loop: AdamW, one cycle, the best epoch by photos kept out of it."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.deep.graph_net import GraphNet
from trainer.deep.head_nets import Distillation
from trainer.deep.losses import AllGroups
from trainer.deep.photos import PhotoReader, augmented

_WARM_UP = 0.15
_TIMED_STEPS = 3


@dataclass(frozen=True)
class Plan:
    """The settings of a fine-tuning.

    Attributes:
        epochs: passes over the photos.
        seconds: time for the loop, 0 = as long as the epochs take; fewer epochs then.
        batch: photos a step.
        backbone_rate, head_rate: largest learning rates of the cycle.
        decay: weight decay.
        keep: weight of saying the same as before in what is not being learned.
        seed: of order and augmentation.
    """

    epochs: int = 8
    seconds: float = 0.0
    batch: int = 32
    backbone_rate: float = 3e-4
    head_rate: float = 3e-3
    decay: float = 1e-2
    keep: float = 0.3
    seed: int = 0


@dataclass(frozen=True)
class Lesson:
    """What the loop trains and on what.

    Attributes:
        net: the backbone.
        groups: heads and losses, rows are those of `reader`.
        distillation: what must stay.
        old_scores: per fixed head float32 [photos, L].
        reader: pixels by row.
        trained: int64, rows to train on.
        kept_out: int64, rows to choose the best epoch by.
    """

    net: GraphNet
    groups: AllGroups
    distillation: Distillation
    old_scores: list[Tensor]
    reader: PhotoReader
    trained: NDArray[np.int64]
    kept_out: NDArray[np.int64]


Tell = Callable[[float, str], None]
"""Told the share done and a sentence."""


def device_for_training() -> torch.device:
    """Return the GPU where torch can use one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def train(lesson: Lesson, plan: Plan, tell: Tell) -> dict[str, Any]:
    """Train in place, leave the weights of the best epoch, and return the history.

    Args:
        lesson: what to train.
        plan: how.
        tell: told after every step.
    """
    device = device_for_training()
    torch.manual_seed(plan.seed)
    loop = _Loop(lesson, plan, device)
    history: list[dict[str, float]] = []
    began = time.monotonic()
    best = (loop.judge(), loop.state())
    history.append({"epoch": 0, "kept_out_loss": best[0]})
    while not loop.over:
        loss = loop.epoch(tell, began)
        judged = loop.judge()
        history.append({"epoch": loop.epochs_done, "loss": loss, "kept_out_loss": judged})
        if judged <= best[0]:
            best = (judged, loop.state())
    loop.restore(best[1])
    lesson.net.to("cpu")
    seconds = time.monotonic() - began
    return {
        "plan": asdict(plan),
        "device": str(device),
        "steps": loop.step_number,
        "seconds": round(seconds, 1),
        "photos_per_s": round(loop.photos_seen / max(loop.training_s, 1e-6), 1),
        "history": history,
    }


class _Loop:
    """One run of the loop."""

    def __init__(self, lesson: Lesson, plan: Plan, device: torch.device) -> None:
        self.lesson, self.plan, self.device = lesson, plan, device
        for module in (lesson.net, lesson.groups, lesson.distillation):
            module.to(device)
        self.rng = np.random.default_rng(plan.seed)
        self.optimiser = torch.optim.AdamW(
            [
                {"params": list(lesson.net.parameters()), "lr": plan.backbone_rate},
                {"params": list(lesson.groups.parameters()), "lr": plan.head_rate},
            ],
            weight_decay=plan.decay,
        )
        self.rates = (plan.backbone_rate, plan.head_rate)
        self.steps_an_epoch = max(1, math.ceil(len(lesson.trained) / plan.batch))
        self.steps = self.steps_an_epoch * plan.epochs
        self.step_number = 0
        self.epochs_done = 0
        self.photos_seen = 0
        self.training_s = 0.0

    @property
    def over(self) -> bool:
        """Whether all steps are done."""
        return self.step_number >= self.steps

    def epoch(self, tell: Tell, began: float) -> float:
        """Train one pass (or what is left of the steps); return the mean loss."""
        self.lesson.net.train()
        losses = []
        for rows in self._batches():
            if self.over:
                break
            started = time.monotonic()
            losses.append(self._step(rows))
            self.training_s += time.monotonic() - started
            self._fit_into_time(began)
            share = self.step_number / self.steps
            tell(share, f"Fine-tuning: step {self.step_number} of {self.steps}")
        self.epochs_done += 1
        return float(np.mean(losses))

    def _batches(self) -> Iterator[NDArray[np.int64]]:
        order = self.rng.permutation(self.lesson.trained)
        for at in range(0, len(order), self.plan.batch):
            yield order[at : at + self.plan.batch]

    def _step(self, rows: NDArray[np.int64]) -> float:
        self._set_rates()
        images = augmented(self.lesson.reader.read(rows.tolist()), self.rng).to(self.device)
        embeddings = self.lesson.net(images)
        loss = self._loss(embeddings, torch.from_numpy(rows))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.lesson.net.parameters(), 5.0)
        self.optimiser.step()
        self.step_number += 1
        self.photos_seen += len(rows)
        return float(loss.detach())

    def _loss(self, embeddings: Tensor, rows: Tensor) -> Tensor:
        old = [scores[rows].to(self.device) for scores in self.lesson.old_scores]
        kept = self.lesson.distillation(embeddings, old)
        return self.lesson.groups(embeddings, rows.to(self.device)) + self.plan.keep * kept

    def _set_rates(self) -> None:
        """Follow one cycle: up for the first steps, then down to nothing along a cosine."""
        share = self.step_number / max(1, self.steps)
        if share < _WARM_UP:
            factor = 0.1 + 0.9 * share / _WARM_UP
        else:
            factor = 0.5 * (1 + math.cos(math.pi * (share - _WARM_UP) / (1 - _WARM_UP)))
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor

    def _fit_into_time(self, began: float) -> None:
        """Shorten the cycle after the first steps, so that it ends within the time given."""
        if not self.plan.seconds or self.step_number < _TIMED_STEPS:
            return
        left = self.plan.seconds - (time.monotonic() - began)
        affordable = self.step_number + int(left / (self.training_s / self.step_number))
        self.steps = max(self.step_number, min(self.steps, affordable))

    @torch.no_grad()
    def judge(self) -> float:
        """Return the mean loss of the photos kept out; infinite without any (the last wins)."""
        self.lesson.net.eval()
        total, count = 0.0, 0
        rows = self.lesson.kept_out
        for at in range(0, len(rows), self.plan.batch):
            part = rows[at : at + self.plan.batch]
            pixels = torch.from_numpy(self.lesson.reader.read(part.tolist())).to(self.device)
            loss = self._loss(self.lesson.net(pixels), torch.from_numpy(part))
            total, count = total + float(loss) * len(part), count + len(part)
        return total / count if count else math.inf

    def state(self) -> dict[str, Tensor]:
        """Return a copy of the backbone's weights."""
        return copy.deepcopy(self.lesson.net.state_dict())

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take the backbone's weights back."""
        self.lesson.net.load_state_dict(state)
        self.lesson.net.eval()
