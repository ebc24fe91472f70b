"""One step of the optimiser: forward, backward, and what to do when memory runs out."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from tagger.core.errors import TaggerError
from trainer.feeding.feed import Batch
from trainer.loop.parameters import Part, set_rates
from trainer.loop.precision import autocast
from trainer.loop.processes import Processes
from trainer.loop.schedule import rate_factor
from trainer.loop.settings import FitSettings
from trainer.losses.objective import Objective
from trainer.nets.dropout import show_photos

_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
_SEEDS = 1 << 31


class OutOfMemory(TaggerError):
    """Not even one photo at a time fits the memory."""


@dataclass
class Stepper:
    """Takes the steps of a training.

    Attributes:
        called: the network as it is to be called (`Processes.spread`).
        objective: what is made small.
        optimiser, parts: see `trainer.loop.parameters`.
        scaler: of the loss.
        settings: of the training.
        processes: that take part.
        piece: photos that go through the network at once; halved when memory runs out.
    """

    called: nn.Module
    objective: Objective
    optimiser: Optimizer
    parts: list[Part]
    scaler: torch.amp.GradScaler
    settings: FitSettings
    processes: Processes
    piece: int

    def step(self, batch: Batch, number: int, share: float) -> Tensor:
        """Train on one batch; return its loss (float32 [], this process's part of it).

        Args:
            batch: of this process, on its device.
            number: of the step, which dropout is drawn by.
            share: of the training that is done.

        Raises:
            OutOfMemory: one photo alone is too much.
        """
        factor = rate_factor(self.settings.schedule, share)
        set_rates(self.optimiser, self.parts, factor, share)
        while True:
            drawn_by = (self.settings.seed * 1_000_003 + number * 1_009) % _SEEDS
            torch.manual_seed(drawn_by)
            try:
                loss = self._gradients(batch, drawn_by)
                break
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                self._smaller(len(batch.rows), error)
        self._update()
        return loss

    def _smaller(self, photos: int, error: RuntimeError) -> None:
        whole = min(self.piece, photos)
        if whole <= 1 or self.processes.count > 1:
            raise OutOfMemory(
                f"The memory does not hold {whole} photo(s) of this size: take a smaller input, "
                "a smaller batch or a smaller network."
            ) from error
        self.piece = (whole + 1) // 2
        self.optimiser.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _gradients(self, batch: Batch, drawn_by: int) -> Tensor:
        self.optimiser.zero_grad(set_to_none=True)
        own = self.processes.sum(self.objective.totals(batch.rows))
        mixed = own
        if batch.share < 1:
            mixed = self.processes.sum(self.objective.totals(batch.partners))
        loss = torch.zeros((), device=batch.rows.device)
        count = len(batch.rows)
        starts = range(0, count, self.piece)
        for at in starts:
            part = batch.part(at, self.piece)
            last = at == starts[-1]
            exchange = nullcontext() if last else self.processes.without_exchange(self.called)
            show_photos(self.called, part.rows, drawn_by)
            with exchange:
                piece_loss = self._loss(part, own, mixed)
                if not self.objective.additive:
                    piece_loss = piece_loss * (len(part.rows) / count)
                # gradients are averaged over processes, totals are added up
                self.scaler.scale(piece_loss * self.processes.count).backward()
            loss += piece_loss.detach()
        return loss

    def _loss(self, batch: Batch, own: Tensor, mixed: Tensor) -> Tensor:
        with autocast(batch.images.device, self.settings.precision):
            outputs = self.called(batch.images)
        loss: Tensor = self.objective(outputs, batch.rows, own)
        if batch.share < 1:
            other = self.objective(outputs, batch.partners, mixed)
            loss = batch.share * loss + (1 - batch.share) * other
        return loss

    def _update(self) -> None:
        clip = self.settings.optimiser.clip
        if clip:
            self.scaler.unscale_(self.optimiser)
            every = [parameter for part in self.parts for parameter in part.parameters]
            nn.utils.clip_grad_norm_(every, clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()


def out_of_memory(error: RuntimeError) -> bool:
    """Say whether an error means that memory ran out."""
    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or any(w in text for w in _OUT_OF_MEMORY)
