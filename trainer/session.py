"""Run an ONNX graph, for the checks that a bundle needs when it is made."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tagger.bundle.golden import Run

ERRORS_ONLY = 3


PROCESSOR = "CPUExecutionProvider"
GPUS = ("CUDAExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider")


def other_providers() -> list[str]:
    """Return the GPU providers that can be had here."""
    return [name for name in GPUS if name in onnxruntime.get_available_providers()]


def open_session(model: bytes, provider: str = PROCESSOR) -> Run:
    """Return a function that runs a graph: uint8 `[N, H, W, 3]` to all outputs by name.

    Args:
        model: content of an ONNX file with the one input `image`.
        provider: of ONNX Runtime that computes.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(model, options, providers=[provider])
    names = [output.name for output in session.get_outputs()]

    def run(pixels: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        return dict(zip(names, session.run(names, {"image": pixels}), strict=True))

    return run
