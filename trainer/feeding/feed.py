"""Batches in a fixed order, made ahead of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.feeding.augmentation import NONE, Augmentation, augmented, mixing

AHEAD = 3
"""Batches in the making beside the one in use."""

Rows = NDArray[np.int64]


class Store(Protocol):
    """Photos by row: uint8 [H, W, 3], or what stands for them."""

    def read(self, row: int) -> NDArray[Any]:
        """Return one photo."""


@dataclass(frozen=True)
class Batch:
    """Photos of one step (of this process).

    Attributes:
        images: uint8 [N, H, W, 3].
        rows: int64 [N].
        partners: int64 [N], the rows mixed in.
        share: of `rows` in the mixture; 1 = nothing is mixed.
    """

    images: Tensor
    rows: Tensor
    partners: Tensor
    share: float = 1.0

    def part(self, at: int, size: int) -> Batch:
        """Return a slice."""
        cut = slice(at, at + size)
        return Batch(self.images[cut], self.rows[cut], self.partners[cut], self.share)

    def to(self, device: torch.device) -> Batch:
        """Return it on a device; the copy runs beside the computation where it can."""
        if device.type == "cpu":
            return self

        def moved(tensor: Tensor) -> Tensor:
            if device.type == "cuda":
                tensor = tensor.pin_memory()
            return tensor.to(device, non_blocking=True)

        return Batch(moved(self.images), moved(self.rows), moved(self.partners), self.share)


@dataclass(frozen=True)
class Feed:
    """What the batches of a training are made from.

    The order, the partners and what is done to each photo follow from `seed`, the epoch and the
    row alone: not from threads, processes or where a training was taken up again.

    Attributes:
        store: decoded photos.
        pool: threads that decode and augment.
        batch: photos a step, of all processes together.
        augmentation: of training photos.
        seed: of everything drawn.
        drop_last: leave out the last batch of an epoch where it is not full.
        process, processes: which share of each batch is this process's.
    """

    store: Store
    pool: ThreadPoolExecutor
    batch: int
    augmentation: Augmentation = NONE
    seed: int = 0
    drop_last: bool = False
    process: int = 0
    processes: int = 1

    def steps(self, rows: Rows) -> int:
        """Return how many batches an epoch has."""
        return len(self._cuts(len(rows)))

    def _cuts(self, photos: int) -> list[int]:
        least = self.batch if self.drop_last and photos >= self.batch else self.processes
        return [at for at in range(0, photos, self.batch) if min(self.batch, photos - at) >= least]

    def epoch(self, rows: Rows, epoch: int, first: int = 0) -> Iterator[Batch]:
        """Yield the training batches of an epoch, from batch `first` on."""
        order = np.random.default_rng((self.seed, 1, epoch)).permutation(rows)
        plans = (
            self._plan(order[at : at + self.batch], epoch, number)
            for number, at in enumerate(self._cuts(len(order)))
            if number >= first
        )
        yield from self._ahead(plans, epoch)

    def plain(self, rows: Rows) -> Iterator[Batch]:
        """Yield photos as they are, in the order given (all of them, whatever the process)."""
        yield from self._ahead(
            (rows[at : at + self.batch], rows[at : at + self.batch], 1.0)
            for at in range(0, len(rows), self.batch)
        )

    def _plan(self, rows: Rows, epoch: int, number: int) -> tuple[Rows, Rows, float]:
        rng = np.random.default_rng((self.seed, 2, epoch, number))
        share, partners = mixing(self.augmentation, rng, len(rows))
        mine = np.array_split(np.arange(len(rows)), self.processes)[self.process]
        return rows[mine], rows[partners][mine], share

    def _ahead(
        self, plans: Iterator[tuple[Rows, Rows, float]], epoch: int | None = None
    ) -> Iterator[Batch]:
        """Keep some batches in the making, photo by photo, and yield them in order."""
        waiting: deque[tuple[tuple[Rows, Rows, float], list[Future[Tensor]]]] = deque()
        for plan in plans:
            waiting.append((plan, self._begin(plan, epoch)))
            if len(waiting) > AHEAD:
                yield _collected(*waiting.popleft())
        while waiting:
            yield _collected(*waiting.popleft())

    def _begin(self, plan: tuple[Rows, Rows, float], epoch: int | None) -> list[Future[Tensor]]:
        rows, partners, share = plan
        return [
            self.pool.submit(self._photo, row, partner, share, epoch)
            for row, partner in zip(rows.tolist(), partners.tolist(), strict=True)
        ]

    def _photo(self, row: int, partner: int, share: float, epoch: int | None) -> Tensor:
        """Return one photo of a batch: uint8 [H, W, 3]."""
        one = self._changed(row, epoch)
        if share == 1:
            return one
        other = self._changed(partner, epoch)
        mixed = one.float().mul_(share).add_(other, alpha=1 - share)
        return mixed.round_().to(torch.uint8)

    def _changed(self, row: int, epoch: int | None) -> Tensor:
        pixels = torch.from_numpy(self.store.read(row))
        if epoch is None or self.augmentation == NONE:
            return pixels
        rng = np.random.default_rng((self.seed, 3, epoch, row))
        return augmented(pixels.permute(2, 0, 1), self.augmentation, rng).permute(1, 2, 0)


def _collected(plan: tuple[Rows, Rows, float], photos: list[Future[Tensor]]) -> Batch:
    rows, partners, share = plan
    images = torch.stack([photo.result() for photo in photos])
    return Batch(images, torch.from_numpy(rows), torch.from_numpy(partners), share)
