"""Half precision where it is asked for."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def chosen(device: torch.device, precision: str) -> str:
    """Return the precision that `auto` stands for: half on a GPU, where it pays; else itself.

    On the processor of docs/training-engine.md bf16 is slower than float32.
    """
    if precision != "auto":
        return precision
    if device.type != "cuda":
        return "fp32"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"


def autocast(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """Return the context of a forward pass."""
    precision = chosen(device, precision)
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, _TYPES[precision])


def scaler_for(device: torch.device, precision: str) -> torch.amp.GradScaler:
    """Return a loss scaler; one that does nothing unless fp16 needs it."""
    return torch.amp.GradScaler(device.type, enabled=chosen(device, precision) == "fp16")
