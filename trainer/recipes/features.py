"""Embeddings of a frozen backbone, computed once and fed in place of photos."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tagger.core.preprocessing import Preprocessing
from trainer.feeding.pixels import PixelStore

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

BATCH = 32


class FeatureStore(PixelStore):
    """Features by row where a training asks for pixels: a network takes them as embeddings."""

    def __init__(self, features: Floats, preprocessing: Preprocessing) -> None:
        """Keep float32 [photos, D]."""
        self.preprocessing, self.unreadable = preprocessing, set()
        self.features = features

    def __len__(self) -> int:
        return len(self.features)

    def read(self, row: int) -> NDArray[np.uint8]:
        """Return float32 [D] of one photo."""
        return cast(NDArray[np.uint8], self.features[row])

    def close(self) -> None:
        """Nothing is held."""


class NoBackbone(nn.Module):
    """Stands under heads that are given features: it has nothing to compute."""

    def __init__(self, width: int, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.width, self.preprocessing = width, preprocessing

    def forward(self, features: Tensor) -> Tensor:
        """Return what came."""
        return features

    def depths(self) -> dict[str, int]:
        """Return nothing: there are no parameters."""
        return {}

    def last_block(self) -> set[str]:
        """Return nothing."""
        return set()


@torch.no_grad()
def features_of(
    backbone: nn.Module,
    store: PixelStore,
    rows: Rows,
    *,
    mirrored: bool = False,
    tell: Callable[[int], None] = lambda done: None,
) -> Floats:
    """Return float32 [n, D] of the photos `rows`, mirrored left–right if asked for."""
    backbone.eval()
    backbone.to(memory_format=torch.channels_last)
    device = next(backbone.parameters()).device
    parts = []
    for at in range(0, len(rows), BATCH):
        pixels = np.stack([store.read(row) for row in rows[at : at + BATCH].tolist()])
        images = torch.from_numpy(pixels[:, :, ::-1].copy() if mirrored else pixels)
        parts.append(backbone(images.to(device)).float().cpu().numpy())
        tell(at + len(images))
    return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)
