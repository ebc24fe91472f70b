"""What a network says of photos."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Outputs(NamedTuple):
    """What a network says of a batch.

    Attributes:
        embedding: float [N, D].
        logits: float [N, L] by group name.
    """

    embedding: Tensor
    logits: dict[str, Tensor]
