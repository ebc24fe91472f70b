"""Dropout that is drawn for each photo by itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_LOW = 0xFFFFFFFF
_STEP, _PLACE, _SALT, _WIDTH = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F
"""Odd numbers that keep what is added up from meeting (xxHash, Collet)."""


class PhotoDropout(nn.Module):
    """Leaves out numbers of float [N, D] by photo and step alone.

    So it does not matter which photos a process or a piece of a batch has beside it: several
    processes learn what one does.

    Attributes:
        share: of the numbers left out while training.
        salt: tells this place in the network from others.
    """

    def __init__(self, share: float, salt: int = 0) -> None:
        super().__init__()
        self.share, self.salt = share, salt
        self._keys: Tensor | None = None

    def show(self, rows: Tensor, seed: int) -> None:
        """Say which photos come next (int64 [N]), and what else to draw by."""
        self._keys = _mixed(rows * _PLACE + seed * _STEP + self.salt * _SALT)

    def forward(self, x: Tensor) -> Tensor:
        """Return what is left, larger by what was left out."""
        if not self.training or self.share == 0:
            return x
        if self._keys is None or len(self._keys) != len(x):
            return functional.dropout(x, self.share)
        places = torch.arange(x.shape[1], device=x.device) * _PLACE + x.shape[1] * _WIDTH
        drawn = _mixed(self._keys[:, None] + places)
        return x * (drawn >= self.share * _LOW) / (1 - self.share)


def show_photos(net: nn.Module, rows: Tensor, seed: int) -> None:
    """Tell every `PhotoDropout` of a network which photos (int64 [N]) it is given next."""
    for module in net.modules():
        if isinstance(module, PhotoDropout):
            module.show(rows, seed)


def _mixed(x: Tensor) -> Tensor:
    """Return int64 numbers below 2³² that look drawn (the end of MurmurHash3, Appleby)."""
    x = x & _LOW
    x = ((x ^ (x >> 16)) * 0x85EBCA6B) & _LOW
    x = ((x ^ (x >> 13)) * 0xC2B2AE35) & _LOW
    return x ^ (x >> 16)
