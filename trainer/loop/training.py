"""The course of one training: epochs, judgements, the best weights, checkpoints, time."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from trainer.examples import Examples
from trainer.feeding.feed import Batch, Feed
from trainer.loop.average import WeightAverage
from trainer.loop.checkpoint import (
    fingerprint,
    load_best,
    read_checkpoint,
    save_best,
    save_checkpoint,
)
from trainer.loop.clock import Clock, planned_steps
from trainer.loop.curves import Curves
from trainer.loop.judge import Judge, worth
from trainer.loop.parameters import make_optimiser, parts_of, set_modes
from trainer.loop.precision import scaler_for
from trainer.loop.predict import Rows
from trainer.loop.processes import Processes
from trainer.loop.settings import FitSettings
from trainer.loop.step import Stepper
from trainer.losses.objective import Objective
from trainer.nets.net import Net
from trainer.stopping import Stopped, Stopping

Tell = Callable[[float, str], None]
"""Told the share done and a sentence."""


class Training:
    """One training.

    Attributes:
        curves: what was measured.
        best_figures, best_epoch: of the weights kept.
    """

    def __init__(
        self,
        net: Net,
        objective: Objective,
        feed: Feed,
        judge: Judge,
        rows: Rows,
        settings: FitSettings,
        processes: Processes,
        run: Path | None,
        tell: Tell,
    ) -> None:
        self.net, self.feed, self.judge, self.rows = net, feed, judge, rows
        self.settings, self.processes, self.tell = settings, processes, tell
        self.run = run
        parts = parts_of(net, settings)
        if settings.batch_norm == "sync":
            net.backbone = processes.synchronised(net.backbone)
        if settings.channels_last:
            cast(Any, net).to(memory_format=torch.channels_last)
        called = cast(nn.Module, torch.compile(net)) if settings.compile else net
        self.stepper = Stepper(
            called=processes.spread(called),
            objective=objective,
            optimiser=make_optimiser(parts, settings.optimiser),
            parts=parts,
            scaler=scaler_for(processes.device, settings.precision),
            settings=settings,
            processes=processes,
            piece=settings.piece or settings.batch,
        )
        self.average = WeightAverage(net, settings.average) if settings.average else None
        self.steps_an_epoch = max(1, feed.steps(rows))
        steps = planned_steps(settings.epochs, self.steps_an_epoch)
        self.clock = Clock(steps, settings.seconds, settings.fill_time)
        written = run if processes.main else None
        self.curves = Curves(written)
        self.step = 0
        self.share = 0.0
        self.waited = 0
        self.stopped = False
        self.stopping = Stopping()
        self._told_to_end = False
        self.photos = 0
        self.working_s = 0.0
        self.waiting_s = 0.0
        self.best_worth = -math.inf
        self.best_epoch = 0.0
        self.best_figures: dict[str, float] = {}
        self._best: dict[str, Tensor] | None = None
        self._mark = ""
        self._saved = time.monotonic()

    @property
    def epoch(self) -> float:
        """Epochs done, as a fraction."""
        return self.step / self.steps_an_epoch

    def open(self, examples: Examples) -> None:
        """Begin, or go on from the run folder."""
        if self.run is not None:
            self._mark = fingerprint(self.settings, examples, self.net)
            state = read_checkpoint(self.run, self._mark)
            if state is not None:
                self._restore(state)
        self._look_at_the_clock()
        self.curves.begin(self.step)

    def run_all(self) -> None:
        """Train to the end, and leave the weights that are kept in the network.

        Raises:
            Stopped: that was asked for; the run folder holds what was done.
        """
        with self.stopping:
            if self.settings.judge_first and self.step == 0:
                self._judge()
            while not self._over:
                self._epoch()
        if self.settings.keep == "last" or not self.best_figures:
            if self.average is not None:
                self.average.keep()
        elif self._best is not None:
            self.net.load_state_dict(self._best)
        elif self.run is not None:
            load_best(self.run, self.net)
        self.net.eval()
        self.curves.close()

    @property
    def _over(self) -> bool:
        return self.stopped or self.share >= 1

    def _look_at_the_clock(self) -> None:
        """Take the first process's share, so that all go at the same rate and end together."""
        share = self.clock.share(self.step) if self.processes.main else 0.0
        said = torch.tensor([share, float(self.stopping.asked)])
        share, asked = self.processes.sum(said.to(self.processes.device)).tolist()
        self.share, self._told_to_end = share, asked > 0

    def _epoch(self) -> None:
        number, first = divmod(self.step, self.steps_an_epoch)
        set_modes(self.net, self.settings.batch_norm)
        asked = time.monotonic()
        for batch in self.feed.epoch(self.rows, number, first):
            self.waiting_s += time.monotonic() - asked
            self._one(batch)
            if self._due():
                self._judge()
                set_modes(self.net, self.settings.batch_norm)
            if self._over:
                break
            self._save_if_due()
            if self._told_to_end:
                self._save()
                raise Stopped
            asked = time.monotonic()

    def _one(self, batch: Batch) -> None:
        began = time.monotonic()
        loss = self.stepper.step(batch.to(self.processes.device), self.step, self.share)
        if self.average is not None:
            self.average.update()
        self.step += 1
        self._look_at_the_clock()
        self.photos += len(batch.rows) * self.processes.count
        whole = float(self.processes.sum(loss))
        self.working_s += time.monotonic() - began
        rate = float(self.stepper.optimiser.param_groups[-1]["lr"])
        self.curves.stepped(self.step, self.epoch, {"loss": whole, "rate": rate})
        shown = math.ceil(self.epoch)
        planned = math.ceil(self.settings.epochs)
        self.tell(self.share, f"Training: epoch {shown} of {planned}")

    def _due(self) -> bool:
        every = self.settings.judge_every or self.steps_an_epoch
        return self.step % every == 0 or self._over

    def _judge(self) -> None:
        began = time.monotonic()
        if self.average is not None:
            with self.average.in_place():
                self._judge_weights()
        else:
            self._judge_weights()
        self.clock.judging = time.monotonic() - began
        self._save()

    def _judge_weights(self) -> None:
        figures = self.judge.figures(self.net)
        if not figures:
            return
        self.curves.note(self.step, self.epoch, figures)
        value = worth(figures, self.settings.monitor)
        unknown = math.isinf(self.best_worth)  # as long as nothing can be judged, the last are kept
        if value > self.best_worth or unknown:
            self.best_worth, self.waited = value, 0
            self.best_epoch, self.best_figures = self.epoch, dict(figures)
            self._keep_best()
        else:
            self.waited += 1
            self.stopped = 0 < self.settings.patience <= self.waited

    def _keep_best(self) -> None:
        if self.settings.keep == "last":
            return
        if self.run is None:
            self._best = copy.deepcopy(self.net.state_dict())
        elif self.processes.main:
            save_best(self.run, self.net.state_dict())

    def _save_if_due(self) -> None:
        if time.monotonic() - self._saved > self.settings.save_every:
            self._save()

    def _save(self) -> None:
        self._saved = time.monotonic()
        self.curves.write()
        if self.run is not None and self.processes.main:
            save_checkpoint(self.run, self._state())
        self.processes.wait()

    def _state(self) -> dict[str, Any]:
        return {
            "fingerprint": self._mark,
            "step": self.step,
            "seconds": self.clock.elapsed,
            "judging": self.clock.judging,
            "net": self.net.state_dict(),
            "optimiser": self.stepper.optimiser.state_dict(),
            "scaler": self.stepper.scaler.state_dict(),
            "average": self.average.state() if self.average else None,
            "piece": self.stepper.piece,
            "counts": (self.waited, self.photos, self.stopped),
            "times": (self.working_s, self.waiting_s),
            "best": (self.best_worth, self.best_epoch, self.best_figures),
            "curves": self.curves.state(),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        self.clock.before, self.clock.judging = state["seconds"], state["judging"]
        self.net.load_state_dict(state["net"])
        self.stepper.optimiser.load_state_dict(state["optimiser"])
        self.stepper.scaler.load_state_dict(state["scaler"])
        if self.average is not None:
            self.average.restore(state["average"])
        self.stepper.piece = state["piece"]
        self.waited, self.photos, self.stopped = state["counts"]
        self.working_s, self.waiting_s = state["times"]
        self.best_worth, self.best_epoch, self.best_figures = state["best"]
        self.curves.restore(state["curves"])

    def facts(self) -> dict[str, Any]:
        """Return what the training took."""
        spent = max(1e-6, self.working_s + self.waiting_s)
        return {
            "device": str(self.processes.device),
            "processes": self.processes.count,
            "steps": self.step,
            "epochs_asked": self.settings.epochs,
            "epochs": round(self.epoch, 3),
            "epoch_scale": round(self.epoch / self.settings.epochs, 4),
            "seconds": round(self.clock.elapsed, 2),
            "photos_per_s": round(self.photos / spent, 2),
            "waiting_share": round(self.waiting_s / spent, 4),
            "piece": self.stepper.piece,
        }
