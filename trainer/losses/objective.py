"""What is made small: the losses of all groups, and whatever else a training adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainer.examples import Examples
from trainer.losses.group_loss import GroupLoss
from trainer.losses.settings import LossSettings
from trainer.nets.outputs import Outputs


class Extra(nn.Module):
    """A further term, such as holding a network to what it said before."""

    def total(self, rows: Tensor) -> Tensor:
        """Return what the photos `rows` count: by default their number."""
        return torch.tensor(float(len(rows)), device=rows.device)

    def forward(self, outputs: Outputs, rows: Tensor, total: Tensor) -> Tensor:
        """Return what these photos add to the term of the batch."""
        raise NotImplementedError


class Objective(nn.Module):
    """The sum of all terms."""

    def __init__(self, groups: Sequence[GroupLoss], extras: Sequence[Extra] = ()) -> None:
        super().__init__()
        self.groups = nn.ModuleList(groups)
        self.extras = nn.ModuleList(extras)

    @property
    def additive(self) -> bool:
        """Whether the parts of a batch may be computed one after the other."""
        return all(group.additive for group in self.groups)

    def totals(self, rows: Tensor) -> Tensor:
        """Return what the photos `rows` (int64 [N]) count in each term: float32 [terms]."""
        return torch.stack([term.total(rows) for term in (*self.groups, *self.extras)])

    def forward(self, outputs: Outputs, rows: Tensor, totals: Tensor) -> Tensor:
        """Return what these photos add to the loss of the batch.

        Args:
            outputs: of the network for these photos.
            rows: int64 [N].
            totals: `totals` of the whole batch, all processes and parts together.
        """
        loss = outputs.embedding.new_zeros((), dtype=torch.float32)
        for at, group in enumerate(self.groups):
            loss = loss + group(outputs.logits[str(group.name)], rows, totals[at])
        for at, extra in enumerate(self.extras, len(self.groups)):
            loss = loss + extra(outputs, rows, totals[at])
        return loss


def make_objective(
    examples: Examples,
    rows: NDArray,
    losses: Mapping[str, LossSettings] | LossSettings | None = None,
    extras: Sequence[Extra] = (),
) -> Objective:
    """Make the objective of all groups of `examples`.

    Args:
        examples: what is known.
        rows: int64, photos trained on (label frequencies are theirs).
        losses: by group name, or one for all.
        extras: further terms.
    """
    one = losses if isinstance(losses, LossSettings) else LossSettings()
    by_name = losses if isinstance(losses, Mapping) else {}
    made = [GroupLoss(group, by_name.get(group.name, one), rows) for group in examples.groups]
    return Objective(made, extras)
