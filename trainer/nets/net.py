"""A backbone with a head for every group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from tagger.core.preprocessing import Preprocessing
from trainer.examples import GroupExamples
from trainer.nets.heads import HeadNet, HeadSettings
from trainer.nets.outputs import Outputs


class Net(nn.Module):
    """uint8 photos [N, H, W, 3] to embeddings and logits.

    Attributes:
        backbone: uint8 [N, H, W, 3] to float [N, D]; it has `depths()`, `last_block()`, `width`
            and `preprocessing`, as `trainer.nets.backbone.Backbone` does.
        heads: by group name, in order.
    """

    def __init__(self, backbone: nn.Module, heads: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.backbone = backbone
        self.names = tuple(heads)
        self.heads = nn.ModuleList(heads.values())

    def forward(self, images: Tensor) -> Outputs:
        """Return embeddings and logits of photos, or of embeddings [N, D] computed before."""
        known = images.dim() == 2
        embedding = (images if known else self.backbone(images)).float()
        logits = {name: head(embedding) for name, head in zip(self.names, self.heads, strict=True)}
        return Outputs(embedding, logits)

    @property
    def preprocessing(self) -> Preprocessing:
        """How a photo becomes input."""
        return cast(Preprocessing, cast(Any, self.backbone).preprocessing)


def make_net(
    backbone: nn.Module,
    groups: Sequence[GroupExamples],
    heads: Mapping[str, HeadSettings] | HeadSettings | None = None,
    seed: int = 0,
) -> Net:
    """Give a backbone new heads.

    Args:
        backbone: see `Net`.
        groups: whose names, labels and order the heads take.
        heads: by group name, or one for all; linear if left out.
        seed: of the heads' first weights.
    """
    one = heads if isinstance(heads, HeadSettings) else HeadSettings()
    by_name = heads if isinstance(heads, Mapping) else {}
    width = int(cast(Any, backbone).width)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = {
            group.name: HeadNet(width, len(group.labels), by_name.get(group.name, one), number)
            for number, group in enumerate(groups)
        }
    return Net(backbone, made)
