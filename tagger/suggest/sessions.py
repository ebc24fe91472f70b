"""Opening a model on the best provider that really works here."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from tagger.core.preprocessing import Preprocessing
from tagger.library.places import user_folder
from tagger.suggest.cards import Card, seen_cards
from tagger.suggest.engine import Engine
from tagger.suggest.gpu import Gpu, found_gpus, hindrance
from tagger.suggest.idle import idle_gpu
from tagger.suggest.marks import crashed, opening
from tagger.suggest.providers import Obtained, Provider, ProviderFailed, obtain

log = logging.getLogger(__name__)

LARGEST_BATCH = 128
"""TensorRT prepares its engine for batches up to this size."""

_ONE_AT_A_TIME = threading.Lock()
"""Held while stderr goes elsewhere: there is one in a process."""

_LARGE_STEPS = ("Conv", "Gemm", "MatMul", "Attention")
"""Beginnings of the names of steps in which a model spends its time, also in fused ones."""


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

    def open_one(provider: Provider) -> Engine:
        if provider.key == "cpu":
            return _opened(model, provider, spec, threads)
        with opening(provider.key, environment()):
            return _opened(model, provider, spec, threads)

    return obtain(
        requested,
        ort.get_available_providers(),
        no_gpu_because,
        open_one,
        lambda provider: crashed(provider.key, environment()),
    )


@functools.cache
def gpus() -> tuple[Gpu, ...]:
    """Return the NVIDIA GPUs that a driver serves; looked for once."""
    return tuple(found_gpus())


@functools.cache
def cards() -> tuple[Card, ...]:
    """Return the graphics cards that the system lists; looked for once."""
    return tuple(seen_cards())


def no_gpu_because() -> str:
    """Return why no NVIDIA GPU can be used on this machine; empty if one can."""
    return hindrance(gpus(), cards())


def environment() -> str:
    """Return the versions on which it depends whether a GPU provider works."""
    drivers = " ".join(sorted({gpu.driver for gpu in gpus()}))
    return f"onnxruntime {ort.__version__} driver {drivers or 'unknown'}"


def device_name(provider: Provider) -> str:
    """Return what a provider computes on, for what is remembered per device."""
    if provider.key in ("cuda", "tensorrt") and gpus():
        return f"{gpus()[0].name} {gpus()[0].driver}"
    return provider.key


def idle_card(found: Obtained[Engine]) -> dict[str, Any] | None:
    """Return the graphics card that lies idle beside this session, as values; None without."""
    idle = idle_gpu(
        found.provider.key, found.requested, platform.system(), gpus(), cards(), found.reasons
    )
    return asdict(idle) if idle else None


def steps_elsewhere(session: ort.InferenceSession, provider: str) -> tuple[int, int]:
    """Return how many of a session's large steps run on another provider, and how many it has.

    (0, 0) where this ONNX Runtime cannot tell, or the session was not told to record it.
    """
    ask: Callable[[], Any] = getattr(session, "get_provider_graph_assignment_info", list)
    assigned = ask()
    elsewhere = total = 0
    for part in assigned:
        large = sum(_is_large(step.op_type) for step in part.get_nodes())
        total += large
        elsewhere += large * (part.ep_name != provider)
    return elsewhere, total


def _is_large(step: str) -> bool:
    return any(word in step for word in _LARGE_STEPS) or step.startswith("QLinear")


def _opened(model: Path | bytes, provider: Provider, spec: Preprocessing, threads: int) -> Engine:
    """Open one provider and run it once.

    Raises:
        ProviderFailed: with all that ONNX Runtime said; much of it only reaches its log.
        Exception: whatever ONNX Runtime raises.
    """
    trial = np.zeros((1, spec.height, spec.width, 3), np.uint8)
    if provider.key == "cpu":
        engine = Engine(_session(model, provider, spec, threads))
        engine.run(trial)
        return engine
    with _stderr() as said:
        try:
            if provider.key in ("cuda", "tensorrt"):
                ort.preload_dlls()
            session = _session(model, provider, spec, threads)
            engine = Engine(session, "cuda" if provider.bound else "cpu")
            engine.run(trial)
        except Exception as error:
            raise ProviderFailed(f"{error}\n{said()}") from error
        if next(iter(session.get_providers()), "") != provider.name and said().strip():
            raise ProviderFailed(said())
    elsewhere, total = steps_elsewhere(session, provider.name)
    if total and elsewhere == total:
        raise ProviderFailed("It takes none of this model's large steps.")
    engine.partly = f"{elsewhere} of {total}" if elsewhere else ""
    if provider.bound:
        engine.bind(trial)
    return engine


def _session(
    model: Path | bytes, provider: Provider, spec: Preprocessing, threads: int
) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads take the cores from the decoders: 105 instead of 199 photos/s beside a
    # busy process, for 3 % when nothing else runs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if provider.key != "cpu":
        options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    if provider.key == "directml":
        options.enable_mem_pattern = False  # which it does not allow
    source = model if isinstance(model, bytes) else str(model)
    wanted = [(provider.name, dict(provider.options) | _more_options(provider, spec))]
    if provider.key == "tensorrt":
        wanted.append(("CUDAExecutionProvider", {}))  # for steps it does not know
    # Its own fall-back would take another provider without a word, also in the middle of a run.
    return ort.InferenceSession(source, options, providers=wanted, enable_fallback=0)


def _more_options(provider: Provider, spec: Preprocessing) -> dict[str, Any]:
    if provider.key != "tensorrt":
        return {}
    folder = str(user_folder("tensorrt"))
    shape = f"{spec.height}x{spec.width}x3"
    return {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": folder,
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": folder,
        "trt_profile_min_shapes": f"image:1x{shape}",
        "trt_profile_opt_shapes": f"image:32x{shape}",
        "trt_profile_max_shapes": f"image:{LARGEST_BATCH}x{shape}",
    }


@contextlib.contextmanager
def _stderr() -> Iterator[Any]:
    """Collect what libraries write to stderr; yields a function that returns it so far.

    ONNX Runtime tells the cause of a failed provider in its log only. All of it is passed on at
    the end; after a crash it lies in `opening-….log` among the logs.
    """
    path = user_folder("logs") / f"opening-{os.getpid()}.log"
    with _ONE_AT_A_TIME, contextlib.ExitStack() as stack:
        try:
            kept = os.dup(2)
        except OSError:  # a program without a console has none
            yield str
            return
        file = stack.enter_context(path.open("w+b", buffering=0))
        _flush()
        os.dup2(file.fileno(), 2)

        def said() -> str:
            _flush()
            end = file.seek(0, os.SEEK_END)
            file.seek(0)
            text = file.read(end).decode("utf-8", "replace")
            file.seek(0, os.SEEK_END)
            return text

        try:
            yield said
        finally:
            text = said()
            os.dup2(kept, 2)
            os.close(kept)
            file.close()
            path.unlink(missing_ok=True)
            if text and sys.stderr is not None:
                sys.stderr.write(text)


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
