"""Run an ONNX graph, for the checks that a bundle needs when it is made."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tagger.bundle.golden import Run
from tagger.core.errors import TaggerError

ERRORS_ONLY = 3

PROCESSOR = "CPUExecutionProvider"
GPUS = ("CUDAExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider")


_OPTIONS = {"CUDAExecutionProvider": {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}}
"""As the suggester asks for them, so that what is compared here is what will be used."""


class NotObtained(TaggerError):
    """A provider was asked for, and another one would compute."""


def other_providers() -> list[str]:
    """Return the GPU providers that can be had here."""
    return [name for name in GPUS if name in onnxruntime.get_available_providers()]


def open_session(model: bytes, provider: str = PROCESSOR) -> Run:
    """Return a function that runs a graph: uint8 `[N, H, W, 3]` to all outputs by name.

    Args:
        model: content of an ONNX file with the one input `image`.
        provider: of ONNX Runtime that computes.

    Raises:
        NotObtained: that provider cannot compute here.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    asked = [(provider, _OPTIONS.get(provider, {}))]
    try:
        with warnings.catch_warnings(action="ignore"):
            session = onnxruntime.InferenceSession(model, options, providers=asked)
    except Exception as error:  # ONNX Runtime's own classes have no common base
        if provider == PROCESSOR:
            raise
        raise NotObtained(f"{provider} cannot be used here ({first_line(error)}).") from error
    if session.get_providers()[0] != provider:
        raise NotObtained(f"{provider} was asked for, but cannot be had on this machine.")
    names = [output.name for output in session.get_outputs()]

    def run(pixels: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        return dict(zip(names, session.run(names, {"image": pixels}), strict=True))

    return run


def first_line(error: Exception) -> str:
    """Return what an error of ONNX Runtime says, without its trace."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
