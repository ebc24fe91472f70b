"""How a network is trained, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, Literal

from trainer.feeding.augmentation import NONE, Augmentation
from trainer.losses.settings import LossSettings

Freeze = Literal["none", "all", "last-block", "gradual"]
Norms = Literal["frozen", "train", "sync"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]


@dataclass(frozen=True)
class OptimiserSettings:
    """Which optimiser, and how fast which part learns.

    Attributes:
        name: `adamw`, `adam`, `sgd` or `rmsprop`.
        rate: largest learning rate of the backbone.
        head_rate: of the heads; 0 = as the backbone's.
        decay: weight decay (matrices only; biases and norms have none).
        momentum: of SGD and RMSprop.
        epsilon: added to what Adam and RMSprop divide by (Keras: 1e-7).
        depth_decay: factor of the rate for every stage nearer to the photo (1 = all the same).
        clip: largest length of the gradient; 0 = as it comes.
    """

    name: Literal["adamw", "adam", "sgd", "rmsprop"] = "adamw"
    rate: float = 3e-4
    head_rate: float = 0.0
    decay: float = 1e-2
    momentum: float = 0.9
    epsilon: float = 1e-8
    depth_decay: float = 1.0
    clip: float = 0.0


@dataclass(frozen=True)
class Schedule:
    """How learning rates go over a training.

    Attributes:
        name: `constant`; `cosine` (down to `final`); `one-cycle` (up from a tenth, then down to
            `final`); `steps` (`stages`).
        warm_up: share of the training in which rates rise.
        final: factor at the end of a cosine.
        stages: (factor, epochs) one after the other; where there is less time, each is shortened
            alike.
    """

    name: Literal["constant", "cosine", "one-cycle", "steps"] = "one-cycle"
    warm_up: float = 0.15
    final: float = 0.0
    stages: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class FitSettings:
    """Everything about a training but the network and the photos.

    Attributes:
        epochs: passes over the photos.
        batch: photos a step, of all processes together.
        piece: of them at once through the network, to bound the memory; 0 = all.
        optimiser, schedule, augmentation: see there.
        losses: of all groups, or by group name.
        freeze: what of the backbone is not trained: `none`, `all`, all but the `last-block`, or
            `gradual` (stage by stage, the last first, over the first half of the training).
        batch_norm: running statistics: `frozen`, `train`, or `sync` (over all processes).
        average: decay of the average of weights that is judged and kept (EMA); 0 = the weights
            themselves.
        precision: of the forward pass; `fp16` scales the loss; `auto` is half on a GPU alone.
        channels_last: memory order that convolutions are faster in.
        compile: let torch compile the network (worth its minute on long runs with a GPU).
        seconds: wall clock for all of it, judging included; 0 = as long as the epochs take. The
            schedule is squeezed into the time and the squeezing reported.
        fill_time: go on until the time is over instead of stopping after `epochs`.
        train_part, judge_part: names of parts in the examples.
        monitor: figure that the best weights are chosen by: `loss` (least) or any other that
            `measure` gives (greatest).
        keep: `best` weights by that figure, or the `last`.
        patience: judgements without a better one after which to stop; 0 = never.
        judge_every: steps between judgements; 0 = once an epoch.
        judge_first: judge before the first step too, so that a training that makes everything
            worse changes nothing.
        drop_last: leave out the last batch of an epoch where it is not full.
        seed: of order, augmentation and dropout.
        deterministic: refuse operations whose result depends on timing.
        device: `auto` or `cpu`.
        threads: that decode and augment; 0 = as many as cores.
        kept_bytes: room for decoded photos.
        save_every: seconds between checkpoints within an epoch.
    """

    epochs: float = 8
    batch: int = 32
    piece: int = 0
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    schedule: Schedule = field(default_factory=Schedule)
    losses: LossSettings | Mapping[str, LossSettings] = field(default_factory=LossSettings)
    augmentation: Augmentation = NONE
    freeze: Freeze = "none"
    batch_norm: Norms = "frozen"
    average: float = 0.0
    precision: Precision = "fp32"
    channels_last: bool = True
    compile: bool = False
    seconds: float = 0.0
    fill_time: bool = False
    train_part: str = "train"
    judge_part: str = "val"
    monitor: str = "loss"
    keep: Literal["best", "last"] = "best"
    patience: int = 0
    judge_every: int = 0
    judge_first: bool = False
    drop_last: bool = False
    seed: int = 0
    deterministic: bool = False
    device: Literal["auto", "cpu"] = "auto"
    threads: int = 0
    kept_bytes: int = 2 << 30
    save_every: float = 60.0

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON values."""
        data = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: _plain(value) for name, value in data.items()}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value
