"""The small network that dog breeds were first learned with, from nothing."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from tagger.core.preprocessing import Preprocessing

_WIDTH = 512


class ScratchNet(nn.Module):
    """Conv 32, 32, pool, dropout; conv 64, 64, pool, dropout; mean; dense 512, ReLU.

    uint8 [N, H, W, 3] to float [N, 512]; the last dropout (.5) and the softmax layer are the
    head's. Convolutions are 3×3, "same", with ReLU, and start as Keras starts them.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.width = _WIDTH
        self.preprocessing = Preprocessing(width=size, height=size, fit="squash")
        layers: list[nn.Module] = []
        before = 3
        for channels in (32, 64):
            for _ in range(2):
                layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU()]
                before = channels
            layers += [nn.MaxPool2d(2), nn.Dropout(0.2)]
        self.convolutions = nn.Sequential(*layers)
        self.dense = nn.Linear(before, _WIDTH)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(cast(Tensor, module.bias))

    def forward(self, images: Tensor) -> Tensor:
        """Return embeddings of uint8 [N, H, W, 3]."""
        x = self.convolutions(images.permute(0, 3, 1, 2).float() / 255)
        return torch.relu(self.dense(x.mean(dim=(2, 3))))

    def depths(self) -> dict[str, int]:
        """Return 0 for every parameter: all learn at one rate."""
        return {name: 0 for name, _ in self.named_parameters()}

    def last_block(self) -> set[str]:
        """Return all parameters."""
        return set(self.depths())
