"""How deep retraining trains, in the few words that a user may change."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.feeding.augmentation import Augmentation
from trainer.loop.settings import FitSettings, OptimiserSettings, Precision, Schedule
from trainer.losses.settings import LossSettings
from trainer.metrics.monitor import MEAN

TRAIN, KEPT = "train", "kept"
"""Parts: what the backbone is trained on, and what is kept from it."""

SMALLER = 0.8
"""Side of the input while training, as a share of the side in use. Augmentation shows things
larger than they are in use, so this loses nothing and costs a third less time."""

_FEWEST = 64

SMALL_BATCH, LARGE_BATCH = 16, 32
ENOUGH_STEPS = 400
"""Steps below which the smaller batch is taken: 117 were too few for 468 photos."""


@dataclass(frozen=True)
class Plan:
    """The settings of a fine-tuning.

    Attributes:
        epochs: passes over the photos.
        seconds: time for the loop, 0 = as long as the epochs take; fewer passes then.
        batch: photos a step, 0 = as many as let a small library take enough steps.
        backbone_rate, head_rate: largest learning rates of the cycle.
        dropout: share of the embedding's numbers left out in front of the heads, which otherwise
            know a small library by heart long before the backbone has learned.
        decay: weight decay.
        average: decay of the average of weights that is kept.
        keep: weight of saying the same as before in what is not being learned.
        seed: of order and augmentation.
        threads: that decode, 0 = as many as cores.
        precision: of the forward pass; `auto` is half on a GPU alone.
        compile: let torch compile the network, which pays on long trainings with a GPU.
        deterministic: refuse operations whose result depends on timing.
    """

    epochs: int = 8
    seconds: float = 0.0
    batch: int = 0
    backbone_rate: float = 4.5e-4
    head_rate: float = 3e-3
    dropout: float = 0.5
    decay: float = 1e-2
    average: float = 0.99
    keep: float = 0.3
    seed: int = 0
    threads: int = 0
    precision: Precision = "auto"
    compile: bool = False
    deterministic: bool = False

    def settings(self, groups: int, photos: int) -> FitSettings:
        """Return what the loop is told, for so many groups and photos that are trained on.

        The loss is the mean over the groups. The last weights are kept: which epoch orders the
        few photos kept out best is near to chance, and in the middle of the cycle, where rates
        are high, weights are worse (docs/retraining.md).
        """
        return FitSettings(
            epochs=self.epochs,
            seconds=self.seconds,
            batch=self.batch or suitable_batch(photos * self.epochs),
            optimiser=OptimiserSettings(
                rate=self.backbone_rate, head_rate=self.head_rate, decay=self.decay, clip=5.0
            ),
            schedule=Schedule("one-cycle"),
            losses=LossSettings(per_base_rate=True, share=1 / groups),
            augmentation=Augmentation(flip=0.5, shift=0.06, fill=None),
            average=self.average,
            train_part=TRAIN,
            judge_part=KEPT,
            judge_first=True,
            monitor=MEAN,
            keep="last",
            seed=self.seed,
            threads=self.threads,
            precision=self.precision,
            compile=self.compile,
            deterministic=self.deterministic,
        )


def suitable_batch(shown: int) -> int:
    """Return the photos a step for a training that shows so many, all epochs together."""
    return LARGE_BATCH if shown >= ENOUGH_STEPS * LARGE_BATCH else SMALL_BATCH


def training_side(side: int) -> int:
    """Return the side to train at for a side in use, in pixels."""
    return max(min(side, _FEWEST), round(side * SMALLER / 8) * 8)
