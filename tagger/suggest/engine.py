"""A model ready to run: an ONNX Runtime session on one provider."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from tagger.core.errors import TaggerError
from tagger.core.preprocessing import Preprocessing
from tagger.suggest.gpu import found_gpus, hindrance
from tagger.suggest.providers import Obtained, Provider, obtain

INPUT = "image"
Outputs = dict[str, NDArray[np.float32]]
"""Output name → float32 [N, …], as the bundle's graph names them."""

_MEMORY = ("out of memory", "failed to allocate", "bad allocation", "bad_alloc")


class Interrupted(Exception):
    """A run was broken off by `Engine.interrupt`; nothing was computed."""


class ModelFailed(TaggerError):
    """The model stopped with an error while computing."""


class Engine:
    """One session; `run` may be called by several threads at once."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self._outputs = [output.name for output in session.get_outputs()]
        self._lock = threading.Lock()
        self._running: set[Any] = set()

    def get_providers(self) -> Sequence[str]:
        """Return the names of the providers really in use, the first one first."""
        return self._session.get_providers()

    def run(self, images: NDArray[np.uint8]) -> Outputs:
        """Run the graph on uint8 [N, H, W, 3]; a batch too large for the memory is halved.

        Raises:
            Interrupted: `interrupt` was called meanwhile.
            ModelFailed: the model stopped with an error.
        """
        options = ort.RunOptions()
        with self._lock:
            self._running.add(options)
        try:
            values = self._session.run(self._outputs, {INPUT: images}, options)
        except Exception as error:  # ONNX Runtime has a dozen unrelated classes
            if options.terminate:
                raise Interrupted from error
            if len(images) < 2 or not any(sign in str(error).lower() for sign in _MEMORY):
                raise ModelFailed(f"The model stopped with an error: {error}") from error
        else:
            return dict(zip(self._outputs, values, strict=True))
        finally:
            with self._lock:
                self._running.discard(options)
        half = len(images) // 2
        return _joined(self.run(images[:half]), self.run(images[half:]))

    def interrupt(self) -> None:
        """Break off what is running now."""
        with self._lock:
            for options in self._running:
                options.terminate = True


def open_engine(
    model: Path | bytes, spec: Preprocessing, requested: str, threads: int
) -> Obtained[Engine]:
    """Open a model on the best provider that works here; see `providers.obtain`.

    Args:
        model: file of the graph, or its bytes.
        spec: gives the size of the picture it is tried with.
        requested: `auto` or the key of a provider.
        threads: cores that one run may use, on the CPU.

    Raises:
        ProviderError: it can be opened nowhere, with the reason.
    """
    trial = np.zeros((1, spec.height, spec.width, 3), np.uint8)

    def open_one(provider: Provider) -> Engine:
        engine = Engine(_session(model, provider, threads))
        engine.run(trial)
        return engine

    return obtain(requested, ort.get_available_providers(), no_gpu_because, open_one)


@functools.cache
def no_gpu_because() -> str:
    """Return why no NVIDIA GPU can be used on this machine; empty if one can."""
    return hindrance(found_gpus())


def _session(model: Path | bytes, provider: Provider, threads: int) -> ort.InferenceSession:
    if provider.key in ("cuda", "tensorrt"):
        ort.preload_dlls()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads take the cores from the decoders: 105 instead of 199 photos/s beside a
    # busy process, for 3 % when nothing else runs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if provider.key == "directml":
        options.enable_mem_pattern = False  # which it does not allow
    source = model if isinstance(model, bytes) else str(model)
    wanted = [(provider.name, dict(provider.options))]
    return ort.InferenceSession(source, options, providers=wanted)


def _joined(first: Outputs, second: Outputs) -> Outputs:
    return {name: np.concatenate([first[name], second[name]]) for name in first}
