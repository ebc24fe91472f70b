"""Train a network: the one entrance for deep mode and recipes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tagger.core.errors import TaggerError
from trainer.examples import Examples
from trainer.feeding.augmentation import NONE
from trainer.feeding.embeddings import KnownEmbeddings
from trainer.feeding.feed import Feed
from trainer.feeding.pixels import PixelStore, decoding_threads
from trainer.loop.judge import Judge, Measure
from trainer.loop.parameters import freeze
from trainer.loop.predict import Rows, predict
from trainer.loop.processes import Processes
from trainer.loop.settings import FitSettings
from trainer.loop.training import Tell, Training
from trainer.losses.objective import Objective, make_objective
from trainer.nets.net import Net


class NothingToTrainOn(TaggerError):
    """The training part has no photo."""


@dataclass(frozen=True)
class Fitted:
    """What a training was.

    Attributes:
        figures: of the weights that were kept, as judged while training; empty without photos to
            judge by.
        best_epoch: (a fraction) at which they were.
        facts: device, steps, epochs asked for and done, seconds, photos per second, share of time
            waiting for photos, pieces of a batch, unreadable photos.
        judged: columns of equal length by name: `epoch`, `loss`, …
    """

    figures: dict[str, float]
    best_epoch: float
    facts: dict[str, Any]
    judged: dict[str, list[float]]


def fit(
    net: Net,
    examples: Examples,
    settings: FitSettings,
    run: Path | None = None,
    *,
    objective: Callable[[Rows], Objective] | None = None,
    measure: Measure | None = None,
    tell: Tell = lambda share, text: None,
    store: PixelStore | None = None,
) -> Fitted:
    """Train `net` in place; it ends with the weights that were kept, on the device trained on.

    With a `run` folder the training goes on where it stopped if it is called again with the same
    arguments, however it ended, and gives the same curve. Under `torchrun` every process calls
    this alike.

    Args:
        net: see `trainer.nets.net.make_net`.
        examples: photos, targets and parts.
        settings: how.
        run: folder for checkpoints, `curves.json` and TensorBoard's logs; None = none are kept.
        objective: makes what is to be small from the rows trained on; the losses of the settings
            if left out.
        measure: figures to judge by beside the loss (see `trainer.metrics.monitor`).
        tell: told the share done and a sentence.
        store: decoded photos, if they are at hand.

    Raises:
        NothingToTrainOn: no photo is in the training part.
        CheckpointError: the run folder belongs to another training, or cannot be written.
        OutOfMemory: not even one photo at a time fits the memory.
    """
    trained, judged = examples.rows(settings.train_part), examples.rows(settings.judge_part)
    if not len(trained):
        raise NothingToTrainOn(f"No photo is in the part “{settings.train_part}”.")
    if settings.deterministic:
        torch.use_deterministic_algorithms(True)
    processes = Processes(settings.device)
    net.to(processes.device)
    freeze(net, settings)
    losses = settings.losses
    made = objective(trained) if objective else make_objective(examples, trained, losses)
    made.to(processes.device)
    own = store or PixelStore(examples.photos, net.preprocessing, kept_bytes=settings.kept_bytes)
    source: PixelStore | KnownEmbeddings = own
    if settings.freeze == "all" and settings.augmentation == NONE:
        tell(0.0, "Looking at the photos once")
        source = _embedded(net, examples, np.concatenate([trained, judged]), own, settings)
    with decoding_threads(settings.threads or _cores()) as pool:
        feed = Feed(
            source,
            pool,
            settings.batch,
            settings.augmentation,
            settings.seed,
            settings.drop_last,
            processes.number,
            processes.count,
        )
        judge = Judge(examples, judged, feed, made, measure, processes, settings.precision)
        training = Training(net, made, feed, judge, trained, settings, processes, run, tell)
        training.open(examples)
        training.run_all()
    facts = training.facts() | {"unreadable": len(own.unreadable)}
    if store is None:
        own.close()
    return Fitted(training.best_figures, training.best_epoch, facts, training.curves.judged)


def _embedded(
    net: Net, examples: Examples, rows: Rows, store: PixelStore, settings: FitSettings
) -> KnownEmbeddings:
    """Ask a frozen backbone once instead of every epoch."""
    said = predict(net, examples, rows, batch=settings.batch, threads=_cores(), store=store)
    return KnownEmbeddings(rows, said.embedding)


def _cores() -> int:
    return max(2, torch.get_num_threads())


def with_seconds(settings: FitSettings, seconds: float) -> FitSettings:
    """Return settings for a training that uses exactly so much time."""
    return replace(settings, seconds=seconds, fill_time=True)
