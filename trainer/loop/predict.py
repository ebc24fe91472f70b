"""What a network says of photos."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trainer.examples import Examples
from trainer.feeding.feed import Feed
from trainer.feeding.pixels import PixelStore, decoding_threads
from trainer.loop.precision import autocast
from trainer.nets.net import Net

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Predictions:
    """What a network says of some photos, in their order.

    Attributes:
        rows: int64 [n], which rows of the examples.
        embedding: float32 [n, D].
        logits: float32 [n, L] by group name.
    """

    rows: Rows
    embedding: Floats
    logits: dict[str, Floats]

    def scores(self, examples: Examples) -> dict[str, Floats]:
        """Return probabilities float32 [n, L] by group name."""
        return {
            group.name: probabilities(self.logits[group.name], group.kind)
            for group in examples.groups
        }


def probabilities(logits: Floats, kind: str) -> Floats:
    """Return sigmoid (multi) or softmax (single) of logits [n, L]."""
    z = torch.from_numpy(logits)
    return (torch.sigmoid(z) if kind == "multi" else torch.softmax(z, dim=1)).numpy()


@torch.no_grad()
def answers(
    net: Net, feed: Feed, rows: Rows, device: torch.device, precision: str = "fp32"
) -> Iterator[tuple[Rows, Floats, dict[str, Floats]]]:
    """Yield (rows, embedding, logits) batch by batch, the network in judging mode."""
    net.eval()
    for batch in feed.plain(rows):
        with autocast(device, precision):
            outputs = net(batch.images.to(device))
        logits = {name: z.float().cpu().numpy() for name, z in outputs.logits.items()}
        yield batch.rows.numpy(), outputs.embedding.float().cpu().numpy(), logits


def collected(rows: Rows, parts: list[tuple[Rows, Floats, dict[str, Floats]]]) -> Predictions:
    """Put the parts of `answers` together, in the order of `rows`."""
    seen = np.concatenate([part[0] for part in parts]) if parts else np.zeros(0, np.int64)
    place = np.full(int(rows.max(initial=-1)) + 1, -1, np.int64)
    place[seen] = np.arange(len(seen))
    order = place[rows]
    names = parts[0][2] if parts else {}
    embedding = np.concatenate([part[1] for part in parts])[order] if parts else np.zeros((0, 0))
    logits = {name: np.concatenate([part[2][name] for part in parts])[order] for name in names}
    return Predictions(rows, embedding.astype(np.float32), logits)


def predict(
    net: Net,
    examples: Examples,
    rows: Rows,
    *,
    batch: int = 32,
    threads: int = 2,
    store: PixelStore | None = None,
    tell: Callable[[int], None] = lambda done: None,
) -> Predictions:
    """Ask a network about photos, on the device that it is on.

    Args:
        net: the network.
        examples: whose photos.
        rows: int64, which of them, each once.
        batch: photos at a time.
        threads: that decode.
        store: decoded photos, if they are at hand.
        tell: told how many photos are done.
    """
    device = next(net.parameters()).device
    held = store or PixelStore(examples.photos, net.preprocessing, kept_bytes=0)
    parts: list[tuple[Rows, Floats, dict[str, Floats]]] = []
    with decoding_threads(threads) as pool:
        for part in answers(net, Feed(held, pool, batch), rows, device):
            parts.append(part)
            tell(sum(len(done[0]) for done in parts))
    return collected(rows, parts)


def parameter_count(net: nn.Module, *, trained_only: bool = False) -> int:
    """Return the number of parameters."""
    return sum(p.numel() for p in net.parameters() if p.requires_grad or not trained_only)
