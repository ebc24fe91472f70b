"""A model ready to run: an ONNX Runtime session on one provider."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from tagger.core.errors import TaggerError
from tagger.suggest.bound import BoundRun, Outputs, output_widths, page_locked
from tagger.suggest.failures import explain

__all__ = ["DeviceLost", "Engine", "Interrupted", "ModelFailed", "Outputs"]

log = logging.getLogger(__name__)

INPUT = "image"


class Interrupted(Exception):
    """A run was broken off by `Engine.interrupt`; nothing was computed."""


class ModelFailed(TaggerError):
    """The model stopped with an error while computing."""


class DeviceLost(ModelFailed):
    """The graphics card is gone for this process: only a new start, or the CPU, goes on."""


class Engine:
    """One session; `run` may be called by several threads at once.

    Attributes:
        most: the largest batch that the memory allows, once that is known.
        on_halved: called with a new `most`.
        partly: `3 of 60` where so many large steps run on another provider; else empty.
    """

    def __init__(self, session: ort.InferenceSession, device: str = "cpu") -> None:
        """Take a session; on `cuda` its inputs and outputs are bound to prepared buffers."""
        self._session = session
        self._outputs = [output.name for output in session.get_outputs()]
        self._lock = threading.Lock()
        self._running: set[Any] = set()
        self._device = device
        self._widths: dict[str, tuple[int, ...]] | None = None
        self._bound: list[BoundRun] = []
        self._sizes: set[int] = set()
        self.most: int | None = None
        self.on_halved: Callable[[int], None] = lambda batch: None
        self.partly = ""

    def get_providers(self) -> Sequence[str]:
        """Return the names of the providers really in use, the first one first."""
        return self._session.get_providers()

    def bind(self, sample: NDArray[np.uint8]) -> None:
        """From now on use prepared buffers, provided they give what a plain run gives.

        Args:
            sample: uint8 [1, H, W, 3].
        """
        try:
            widths = output_widths(self._session, sample)
            plain = self._session.run(self._outputs, {INPUT: sample})
            trial = BoundRun(self._session, self._device, 2, widths)
            bound = trial.run(sample, ort.RunOptions())
            for name, expected in zip(self._outputs, plain, strict=True):
                np.testing.assert_allclose(bound[name], expected, rtol=0.02, atol=0.02)
        except Exception as error:  # whatever it is, plain runs work
            log.warning("prepared buffers are not used: %s", error)
            return
        self._widths = widths

    @property
    def is_bound(self) -> bool:
        """Whether prepared buffers are used."""
        return self._widths is not None

    def room(self, shape: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        """Return an array uint8 [batch, H, W, 3] from which `run` copies fastest.

        Runs on the beginning of it are then computed as batches of this size.
        """
        self._sizes.add(shape[0])
        return page_locked(shape, np.uint8, self._device)

    def run(self, images: NDArray[np.uint8]) -> Outputs:
        """Run the graph on uint8 [N, H, W, 3].

        A batch too large for the memory is halved, and halved it stays.

        Raises:
            Interrupted: `interrupt` was called meanwhile.
            DeviceLost: the graphics card stopped.
            ModelFailed: the model stopped with another error.
        """
        parts: list[Outputs] = []
        at = 0
        while at < len(images):
            part = images[at : at + (self.most or len(images))]
            try:
                parts.append(self._run_once(part))
            except MemoryError:
                self._halve(len(part))
                continue
            at += len(part)
        if len(parts) == 1:
            return parts[0]
        return {name: np.concatenate([part[name] for part in parts]) for name in self._outputs}

    def interrupt(self) -> None:
        """Break off what is running now."""
        with self._lock:
            for options in self._running:
                options.terminate = True

    def _run_once(self, images: NDArray[np.uint8]) -> Outputs:
        """Run one batch; `MemoryError` if it may work with a smaller one."""
        options = ort.RunOptions()
        with self._lock:
            self._running.add(options)
        try:
            if self._widths is not None:
                return self._run_bound(images, options, self._widths)
            values = self._session.run(self._outputs, {INPUT: images}, options)
            return dict(zip(self._outputs, values, strict=True))
        except Exception as error:  # ONNX Runtime has a dozen unrelated classes
            if options.terminate:
                raise Interrupted from error
            raise _told(error, len(images)) from error
        finally:
            with self._lock:
                self._running.discard(options)

    def _run_bound(
        self, images: NDArray[np.uint8], options: ort.RunOptions, widths: dict[str, tuple[int, ...]]
    ) -> Outputs:
        """Run with prepared buffers, made where none of the right size is free."""
        fitting = [size for size in self._sizes if len(images) <= size <= (self.most or size)]
        size = min(fitting, default=len(images))
        with self._lock:
            free = next((each for each in self._bound if each.batch == size), None)
            if free is not None:
                self._bound.remove(free)
        buffers = free or BoundRun(self._session, self._device, size, widths)
        outputs = buffers.run(images, options)
        with self._lock:
            if buffers.batch in self._sizes and buffers.batch <= (self.most or buffers.batch):
                self._bound.append(buffers)
        return outputs

    def _halve(self, failed: int) -> None:
        smaller = max(1, failed // 2)
        with self._lock:
            if self.most is not None and self.most <= smaller:
                return
            self.most = smaller
            self._sizes.add(smaller)
            self._bound = [each for each in self._bound if each.batch <= smaller]
        log.warning("not enough memory for %d photos at once: %d from now on", failed, smaller)
        self.on_halved(smaller)


def _told(error: Exception, count: int) -> Exception:
    """Return what an error of ONNX Runtime means for a run of so many photos."""
    failure = explain(str(error))
    if failure.kind == "memory" and count > 1:
        return MemoryError(str(failure))
    if failure.kind == "device-lost":
        return DeviceLost(f"The graphics card cannot go on: {failure}")
    return ModelFailed(f"The model stopped with an error: {failure}")
