"""Hold the new embeddings to what the old ones said, in everything that is not being learned."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tagger.bundle.heads import TINY, Head, head_scores
from trainer.deep.head_nets import FixedHead
from trainer.losses.objective import Extra
from trainer.nets.outputs import Outputs


class Distillation(Extra):
    """The mean cross-entropy to old scores, head by head, less its least possible value."""

    def __init__(self, heads: list[Head], embeddings: NDArray[np.floating], weight: float) -> None:
        """Remember what fixed heads say of the old embeddings.

        Args:
            heads: that must go on fitting.
            embeddings: float [photos, D], old ones; rows are those of the training.
            weight: of this term.
        """
        super().__init__()
        self.weight = weight
        self._facts = [(head.link, head.has_null) for head in heads]
        self.heads = nn.ModuleList(FixedHead(head) for head in heads)
        for at, head in enumerate(heads):
            old = torch.from_numpy(head_scores(head, embeddings))
            self.register_buffer(f"old{at}", old, persistent=False)

    def forward(self, outputs: Outputs, rows: Tensor, total: Tensor) -> Tensor:
        """Return what these photos add to the term."""
        summed = outputs.embedding.new_zeros(())
        for at, (head, (link, has_null)) in enumerate(zip(self.heads, self._facts, strict=True)):
            old = self.get_buffer(f"old{at}")[rows]
            logits = head(outputs.embedding)
            if link == "sigmoid":
                now = functional.binary_cross_entropy_with_logits(logits, old, reduction="sum")
                least = functional.binary_cross_entropy(old, old, reduction="sum")
            else:
                full = _with_null(old) if has_null else old
                now = -(full * torch.log_softmax(logits, dim=1)).sum()
                least = -(full * full.clamp_min(TINY).log()).sum()
            summed = summed + (now - least)
        return self.weight * summed / total


def _with_null(scores: Tensor) -> Tensor:
    null = (1 - scores.sum(dim=1, keepdim=True)).clamp_min(0)
    return torch.cat([scores, null], dim=1)
