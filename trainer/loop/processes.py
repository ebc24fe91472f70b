"""One process or several (`torchrun`): device, shares, sums over all of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list, gather_object
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from tagger.core.errors import TaggerError


class ProcessesError(TaggerError):
    """What was asked for cannot be done with several processes here."""


class Processes:
    """The processes of a training.

    Attributes:
        device: of this process.
        number: of this process, from 0.
        count: of all.
    """

    def __init__(self, device: str = "auto") -> None:
        self._accelerator = _accelerator(device)
        self.device: torch.device = self._accelerator.device
        self.number: int = self._accelerator.process_index
        self.count: int = self._accelerator.num_processes

    @property
    def main(self) -> bool:
        """Whether this process writes files and talks."""
        return self.number == 0

    def spread(self, net: nn.Module) -> nn.Module:
        """Return the network as it is to be called: gradients are averaged over all processes."""
        if self.count == 1:
            return net
        ready: nn.Module = self._accelerator.prepare_model(net)
        return ready

    def synchronised(self, net: nn.Module) -> nn.Module:
        """Let batch norms take their statistics over all processes.

        Raises:
            ProcessesError: torch cannot do that on processors.
        """
        if self.count == 1:
            return net
        if self.device.type == "cpu":
            raise ProcessesError(
                "Several processes on processors cannot share batch statistics: "
                "freeze them (batch_norm 'frozen')."
            )
        return nn.SyncBatchNorm.convert_sync_batchnorm(net)

    def without_exchange(self, net: nn.Module) -> AbstractContextManager[Any]:
        """Keep gradients to this process, for all parts of a batch but the last."""
        return net.no_sync() if isinstance(net, DistributedDataParallel) else nullcontext()

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over all processes."""
        if self.count > 1:
            distributed.all_reduce(values)
        return values

    def gathered(self, items: Sequence[Any]) -> list[Any]:
        """Return the items of all processes, in the order of processes."""
        return list(items) if self.count == 1 else list(gather_object(list(items)))

    def wait(self) -> None:
        """Wait until all processes are here."""
        self._accelerator.wait_for_everyone()


def is_first() -> bool:
    """Say whether this is the first process of a training, or the only one."""
    return int(os.environ.get("RANK", "0")) == 0


def said_by_first(value: Any = None) -> Any:
    """Return what the first process gives, in all of them; every process calls this."""
    if _accelerator().num_processes == 1:
        return value
    said = [value]
    broadcast_object_list(said)
    return said[0]


def _accelerator(device: str = "auto") -> Accelerator:
    """Without a GPU several processes find each other only if the processor is asked for."""
    return Accelerator(cpu=device == "cpu" or not torch.accelerator.is_available())
