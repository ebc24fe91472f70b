"""How deep retraining trains, in the few words that a user may change."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.feeding.augmentation import Augmentation
from trainer.loop.settings import FitSettings, OptimiserSettings, Precision, Schedule
from trainer.losses.settings import LossSettings
from trainer.metrics.monitor import MEAN

TRAIN, STOP = "train", "stop"
"""Parts: what the backbone is trained on, and what is kept from it to stop by."""

SMALLER = 0.8
"""Side of the input while training, as a share of the side in use. Augmentation shows things
larger than they are in use, so this loses nothing and costs a third less time."""

_FEWEST = 64


@dataclass(frozen=True)
class Plan:
    """The settings of a fine-tuning.

    Attributes:
        epochs: passes over the photos.
        seconds: time for the loop, 0 = as long as the epochs take; fewer passes then.
        batch: photos a step.
        backbone_rate, head_rate: largest learning rates of the cycle.
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
    batch: int = 32
    backbone_rate: float = 3e-4
    head_rate: float = 3e-3
    decay: float = 1e-2
    average: float = 0.99
    keep: float = 0.3
    seed: int = 0
    threads: int = 0
    precision: Precision = "auto"
    compile: bool = False
    deterministic: bool = False

    def settings(self, groups: int) -> FitSettings:
        """Return what the loop is told, for so many groups: the loss is the mean over them.

        The weights kept are those that order the photos kept out best, not those of the least
        loss, which also says how sure of itself the network is: heads are fitted and calibrated
        anew afterwards.
        """
        return FitSettings(
            epochs=self.epochs,
            seconds=self.seconds,
            batch=self.batch,
            optimiser=OptimiserSettings(
                rate=self.backbone_rate, head_rate=self.head_rate, decay=self.decay, clip=5.0
            ),
            schedule=Schedule("one-cycle"),
            losses=LossSettings(per_base_rate=True, share=1 / groups),
            augmentation=Augmentation(flip=0.5, shift=0.06, fill=None),
            average=self.average,
            train_part=TRAIN,
            judge_part=STOP,
            judge_first=True,
            monitor=MEAN,
            seed=self.seed,
            threads=self.threads,
            precision=self.precision,
            compile=self.compile,
            deterministic=self.deterministic,
        )


def training_side(side: int) -> int:
    """Return the side to train at for a side in use, in pixels."""
    return max(min(side, _FEWEST), round(side * SMALLER / 8) * 8)
