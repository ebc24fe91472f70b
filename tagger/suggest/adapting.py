"""Taking a foreign model in, where ONNX Runtime is: the child's side of `adding`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from tagger.bundle.adapt import add_model
from tagger.bundle.golden import Run
from tagger.bundle.store import BundleStore
from tagger.core.errors import TaggerError
from tagger.imaging.model_input import model_input


def adapt(request: dict[str, Any]) -> dict[str, Any]:
    """Make a bundle of the model that a request of `adding.add_foreign` names.

    Returns:
        `bundle` (its id) and `notes` (sentences), or `error` (a sentence).
    """
    labels = request.get("labels")
    try:
        made = add_model(
            Path(request["path"]),
            BundleStore(Path(request["bundles"])),
            model_input,
            open_session,
            labels=Path(labels) if labels else None,
            options=request.get("options") or {},
        )
    except TaggerError as error:
        return {"error": str(error)}
    return {"bundle": made.spec.bundle_id, "notes": list(made.notes)}


def open_session(content: bytes) -> Run:
    """Open a graph on the CPU, where every model runs and gives the same numbers."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    entry = session.get_inputs()[0].name

    def run(pixels: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        return dict(zip(names, session.run(names, {entry: pixels}), strict=True))

    return run
