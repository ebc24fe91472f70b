"""From an embedding to the logits of one group: linear, or with hidden layers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import cast

from torch import Tensor, nn

from trainer.nets.dropout import PhotoDropout


@dataclass(frozen=True)
class HeadSettings:
    """The shape of a head.

    Attributes:
        hidden: widths of the hidden layers with ReLU between; none = linear.
        dropout: share of numbers left out in front of every layer while training.
        initial: how weights start: `default` (torch's); `glorot` (Glorot uniform, biases 0, as
            Keras does); `he` (the same, hidden layers He uniform); `zero` (the last layer is 0).
    """

    hidden: tuple[int, ...] = ()
    dropout: float = 0.0
    initial: str = "default"


class HeadNet(nn.Module):
    """Logits float [N, L] of embeddings [N, D].

    Attributes:
        layers: the linear layers, first to last.
    """

    def __init__(self, width: int, labels: int, settings: HeadSettings, salt: int = 0) -> None:
        super().__init__()
        widths = (width, *settings.hidden, labels)
        self.layers = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(widths))
        self.dropout = PhotoDropout(settings.dropout, salt)
        for layer in self.layers:
            _start(cast(nn.Linear, layer), settings.initial, last=layer is self.layers[-1])

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        for at, layer in enumerate(self.layers):
            if at:
                x = x.relu()
            x = layer(self.dropout(x))
        return x


def _start(layer: nn.Linear, initial: str, *, last: bool) -> None:
    if initial == "zero" and last:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    if initial in ("he", "glorot"):
        if initial == "he" and not last:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        else:
            nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
