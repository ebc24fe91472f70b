"""A finished recipe's networks on disk, and what they say of other photos.

A model has one network or several whose logits are averaged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagger.bundle.errors import BundleError
from tagger.bundle.files import read_json, write_json
from tagger.core.errors import TaggerError
from tagger.imaging.decode import Source
from trainer.examples import GroupExamples, Kind
from trainer.feeding.pixels import PixelStore
from trainer.loop.predict import probabilities
from trainer.nets.backbone import open_backbone
from trainer.nets.heads import HeadNet, HeadSettings
from trainer.nets.net import Net, make_net
from trainer.recipes.features import Looks, features_of
from trainer.recipes.frozen import FrozenHead
from trainer.recipes.judge import Scores

MODEL = "model.json"
FORMAT, VERSION = "tagger-recipe-model", 2

Floats = NDArray[np.float32]


class SavedError(TaggerError):
    """There is no finished model of a recipe, or it cannot be read."""


@dataclass(frozen=True)
class Group:
    """A group that a model scores.

    Attributes:
        name, kind, labels: as in the folder it was trained on.
        prior: float per label, taken off the logits.
        thresholds: score from which a label is said; empty = 0.5.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    prior: tuple[float, ...]
    thresholds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Facts:
    """Everything about a saved network but its numbers.

    Attributes:
        backbone, size, pool: as `open_backbone` takes them.
        mean, std: of the pixels, 0 to 255.
        hidden: widths of the heads' hidden layers.
        rooted: whether heads take the root of the embedding (see `Looks`).
        groups: what it scores.
    """

    backbone: str
    size: int
    pool: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    hidden: tuple[int, ...]
    rooted: bool
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Member:
    """A network of a model, and its facts: None where it cannot be opened again."""

    net: Net
    facts: Facts | None


@dataclass(frozen=True)
class SavedModel:
    """Networks ready to be asked, and the groups that they score."""

    groups: tuple[Group, ...]
    nets: tuple[Net, ...]

    def scores(self, photos: Sequence[Source]) -> tuple[Scores, set[int]]:
        """Return probabilities float32 [photos, labels] by group, and rows of unreadable photos."""
        rows = np.arange(len(photos))
        unreadable: set[int] = set()
        said = []
        for net in self.nets:
            store = PixelStore(photos, net.preprocessing, kept_bytes=0)
            said.append(logits_of(net, store, rows))
            unreadable |= set(store.unreadable)
        logits = mean_logits(said)
        scores = {
            group.name: probabilities(
                logits[group.name] - np.array(group.prior, np.float32), group.kind
            )
            for group in self.groups
        }
        return scores, unreadable


def mean_logits(said: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    """Return the mean of what several networks say: float32 [n, L] by group."""
    return {
        name: np.mean([one[name] for one in said], axis=0, dtype=np.float32) for name in said[0]
    }


def logits_of(net: Net, store: PixelStore, rows: NDArray[np.int64]) -> dict[str, Floats]:
    """Return the logits of photos, float32 [n, L] by group."""
    net.eval()
    features = features_of(net.backbone, store, rows)
    return head_logits(net, features)


@torch.no_grad()
def head_logits(net: Net, features: Floats) -> dict[str, Floats]:
    """Return what a network's heads say of embeddings float32 [n, D]: float32 [n, L] by group."""
    device = next(net.parameters()).device
    logits = net(torch.from_numpy(features).to(device)).logits
    return {name: z.cpu().numpy() for name, z in logits.items()}


def save_model(folder: Path, method: str, members: Sequence[Member]) -> None:
    """Write every network of a model (`METHOD.safetensors`, `METHOD-2.safetensors`) and its facts.

    A model of which a network cannot be opened again is not kept.
    """
    facts = [member.facts for member in members if member.facts is not None]
    if len(facts) < len(members):
        return
    for at, member in enumerate(members):
        tensors = {
            name: value.contiguous().cpu() for name, value in member.net.state_dict().items()
        }
        safetensors.torch.save_file(tensors, folder / f"{member_name(method, at)}.safetensors")
    path = folder / MODEL
    known = read_json(path) if path.exists() else {"format": FORMAT, "version": VERSION}
    write_json(path, known | {method: [asdict(one) for one in facts]})


def member_name(method: str, at: int) -> str:
    """Return what the files of a model's network are called, without their endings."""
    return f"{method}-{at + 1}" if at else method


def facts_of(
    net: Net,
    groups: Sequence[GroupExamples],
    *,
    name: str,
    size: int,
    pool: str = "",
    prior: Mapping[str, Floats] | None = None,
    thresholds: Mapping[str, NDArray[np.float64]] | None = None,
) -> Facts:
    """Gather the facts of a trained network."""
    looks = net.backbone if isinstance(net.backbone, Looks) else None
    backbone = cast(Any, looks.inner if looks else net.backbone)
    first = net.heads[0]
    layers = first.layers[:-1] if isinstance(first, HeadNet) else ()
    return Facts(
        backbone=name,
        size=size,
        pool=pool,
        mean=tuple(backbone.mean.flatten().tolist()),
        std=tuple(backbone.std.flatten().tolist()),
        hidden=tuple(int(cast(Any, layer).out_features) for layer in layers),
        rooted=looks is not None,
        groups=tuple(
            Group(
                group.name,
                group.kind,
                group.labels,
                _floats((prior or {}).get(group.name), len(group.labels)),
                _floats((thresholds or {}).get(group.name), 0),
            )
            for group in groups
        ),
    )


def _floats(values: NDArray[Any] | None, zeros: int) -> tuple[float, ...]:
    return (0.0,) * zeros if values is None else tuple(float(value) for value in values)


def load_model(run: Path, method: str = "ours") -> SavedModel:
    """Open a model of a finished run.

    Raises:
        SavedError: there is none, or it cannot be read.
    """
    try:
        known = [_facts(one) for one in read_json(run / MODEL)[method]]
        nets = [
            _opened(facts, run / f"{member_name(method, at)}.safetensors")
            for at, facts in enumerate(known)
        ]
    except (BundleError, OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise SavedError(f"{run} holds no finished model “{method}”: {error}.") from error
    return SavedModel(known[0].groups, tuple(nets))


def _opened(facts: Facts, path: Path) -> Net:
    try:
        tensors = safetensors.torch.load_file(path)
    except safetensors.SafetensorError as error:
        raise SavedError(f"{path} is damaged: {error}.") from error
    backbone = open_backbone(
        facts.backbone, size=facts.size, fit="squash", pool=facts.pool, weights="none"
    )
    backbone.mean.copy_(torch.tensor(facts.mean).view(1, 3, 1, 1))
    backbone.std.copy_(torch.tensor(facts.std).view(1, 3, 1, 1))
    groups = [_empty(group) for group in facts.groups]
    body = Looks(backbone) if facts.rooted else backbone
    net = make_net(body, groups, HeadSettings(hidden=facts.hidden))
    _give_frozen_heads(net, tensors)
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        raise SavedError(f"{path} does not fit its {MODEL}.") from error
    return net.eval()


def _give_frozen_heads(net: Net, tensors: Mapping[str, Tensor]) -> None:
    """Put heads of the kind that lies in the file into a network made with usual ones."""
    kinds = {name.split(".")[2] for name in tensors if name.startswith("heads.")}
    if not kinds & {"linear", "kernel"}:
        return
    for at in range(len(net.names)):
        own = {
            name.removeprefix(f"heads.{at}."): tensor
            for name, tensor in tensors.items()
            if name.startswith(f"heads.{at}.")
        }
        net.heads[at] = FrozenHead.shaped_like(own)


def _facts(data: dict[str, Any]) -> Facts:
    groups = tuple(
        Group(
            str(group["name"]),
            group["kind"],
            tuple(group["labels"]),
            tuple(group["prior"]),
            tuple(group["thresholds"]),
        )
        for group in data["groups"]
    )
    return Facts(
        str(data["backbone"]),
        int(data["size"]),
        str(data["pool"]),
        tuple(data["mean"]),
        tuple(data["std"]),
        tuple(data["hidden"]),
        bool(data["rooted"]),
        groups,
    )


def _empty(group: Group) -> GroupExamples:
    shape = (0, len(group.labels)) if group.kind == "multi" else (0,)
    targets = np.zeros((0, len(group.labels)), np.float32)
    return GroupExamples(group.name, group.kind, group.labels, targets, np.zeros(shape, np.float32))
