"""A bundle's heads in torch, their numbers fixed: what the new backbone must go on giving."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from tagger.bundle.heads import TINY, Head


class FixedHead(nn.Module):
    """Logits of a head on torch embeddings; gradients reach the embedding only."""

    def __init__(self, head: Head) -> None:
        super().__init__()
        self.head = head
        for name, array in head.arrays.items():
            kind = torch.float32 if name in ("weight", "bias", "rows", "weights") else torch.int64
            self.register_buffer(name, torch.from_numpy(np.asarray(array)).to(kind))
        self.members = nn.ModuleList(FixedHead(member) for member in head.members)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Return float32 [N, L'] logits of embeddings [N, D]."""
        x = embeddings
        if self.head.input == "sqrt":
            x = torch.sign(x) * torch.sqrt(x.abs() + 1e-6)
        if self.head.type == "linear":
            if "select" in self.head.arrays:
                return x[:, self.get_buffer("select")] + self.get_buffer("bias")
            return x @ self.get_buffer("weight") + self.get_buffer("bias")
        if self.head.type == "softmax_sum":
            return self._softmax_sum(x)
        return self._ensemble(x)

    def _softmax_sum(self, x: Tensor) -> Tensor:
        shares = torch.softmax(x @ self.get_buffer("weight") + self.get_buffer("bias"), dim=1)
        rows = self.get_buffer("rows")
        sums = shares @ rows
        if self.head.normalise:
            sums = sums / sums.sum(dim=1, keepdim=True).clamp_min(TINY)
        log = sums.clamp_min(TINY).log()
        if self.head.kind == "multi":
            rest = 1 - sums if self.head.normalise else shares @ (1 - rows)
            return log - rest.clamp_min(TINY).log()
        if not self.head.has_null:
            return log
        null = shares @ (1 - rows.amax(dim=1, keepdim=True))
        return torch.cat([log, null.clamp_min(TINY).log()], dim=1)

    def _ensemble(self, x: Tensor) -> Tensor:
        total = self.get_buffer("bias").expand(len(x), -1)
        columns, weights = self.get_buffer("columns"), self.get_buffer("weights")
        for at, member in enumerate(self.members):
            fed = member(x)[:, columns[at].clamp_min(0)]
            total = total + torch.where(columns[at] >= 0, fed * weights[at], torch.zeros_like(fed))
        return total


def can_distil(head: Head) -> bool:
    """Say whether a head can be carried over to another backbone."""
    known = head.type in ("linear", "softmax_sum", "ensemble")
    return known and all(can_distil(member) for member in head.members)
