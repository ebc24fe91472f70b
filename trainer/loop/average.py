"""The moving average of a network's weights, which generalises better than the last ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """Exponential moving average of the trained weights.

    Early on it forgets faster (1 + n) / (10 + n), so that the first weights do not weigh it down.

    Attributes:
        values: float tensors by parameter name.
        updates: number of steps taken in.
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self._parameters = {n: p for n, p in net.named_parameters() if p.requires_grad}
        self.values = {name: p.detach().clone() for name, p in self._parameters.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take the present weights in."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(
            list(self.values.values()),
            [parameter.detach() for parameter in self._parameters.values()],
            1 - decay,
        )

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the network have the averaged weights for a while."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def keep(self) -> None:
        """Leave the averaged weights in the network."""
        self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for name, parameter in self._parameters.items():
            kept = parameter.detach().clone()
            parameter.copy_(self.values[name])
            self.values[name].copy_(kept)

    def state(self) -> dict[str, Tensor | int]:
        """Return everything needed to go on."""
        return {"updates": self.updates, **self.values}

    @torch.no_grad()
    def restore(self, state: dict[str, Tensor | int]) -> None:
        """Go on from a state."""
        self.updates = int(state["updates"])
        for name, value in self.values.items():
            kept = state[name]
            assert isinstance(kept, Tensor)
            value.copy_(kept)
