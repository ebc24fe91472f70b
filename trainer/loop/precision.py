"""Half precision where it is asked for."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def autocast(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """Return the context of a forward pass."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, _TYPES[precision])


def scaler_for(device: torch.device, precision: str) -> torch.amp.GradScaler:
    """Return a loss scaler; one that does nothing unless fp16 needs it."""
    return torch.amp.GradScaler(device.type, enabled=precision == "fp16")
