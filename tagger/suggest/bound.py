"""Runs on a GPU with everything in its place beforehand: I/O binding.

One `BoundRun` owns a buffer on the device for the pictures and buffers for the answers, all of one
size, so that nothing is allocated while photos are computed and the GPU libraries see one shape
only. Two of them on one session overlap: while one computes, the other copies.

Written from ONNX Runtime's documentation and tried on the CPU; no GPU was at hand.
"""

from __future__ import annotations

import ctypes
import logging
import sys
import weakref
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

log = logging.getLogger(__name__)

Outputs = dict[str, NDArray[np.float32]]
"""Output name → float32 [N, …], as the bundle's graph names them."""

_PORTABLE = 1
_CUDART = "cudart64_13.dll" if sys.platform == "win32" else "libcudart.so.13"


class BoundRun:
    """Buffers for batches of one size on one device; used by one thread at a time."""

    def __init__(
        self,
        session: ort.InferenceSession,
        device: str,
        batch: int,
        widths: dict[str, tuple[int, ...]],
    ) -> None:
        """Make the buffers.

        Args:
            session: with one input, uint8 [N, H, W, 3].
            device: `cuda`, or `cpu` to try it without a GPU.
            batch: pictures in one run.
            widths: output name → its shape without N.
        """
        wanted = session.get_inputs()[0]
        shape = (batch, *(int(size) for size in wanted.shape[1:]))
        self._session, self.batch = session, batch
        self._staging = np.zeros(shape, np.uint8)
        self._input = ort.OrtValue.ortvalue_from_shape_and_type(shape, np.uint8, device, 0)
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(wanted.name, self._input)
        self._outputs: Outputs = {}
        for name, width in widths.items():
            answers = page_locked((batch, *width), np.float32, device)
            self._outputs[name] = answers
            self._binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(answers))

    def run(self, images: NDArray[np.uint8], options: ort.RunOptions) -> Outputs:
        """Compute uint8 [n, H, W, 3] with n up to the batch; the outputs are copies, [n, …]."""
        count = len(images)
        if count < self.batch:  # always the same shape: what lies behind is computed in vain
            self._staging[:count] = images
            images = self._staging
        self._input.update_inplace(images)
        self._session.run_with_iobinding(self._binding, options)
        self._binding.synchronize_outputs()
        return {name: values[:count].copy() for name, values in self._outputs.items()}


def output_widths(session: ort.InferenceSession, sample: NDArray[np.uint8]) -> dict[str, Any]:
    """Return the shapes of all outputs without N, as a run on uint8 [1, H, W, 3] gives them."""
    names = [output.name for output in session.get_outputs()]
    values = session.run(names, {session.get_inputs()[0].name: sample})
    return {name: value.shape[1:] for name, value in zip(names, values, strict=True)}


def page_locked(shape: tuple[int, ...], kind: Any, device: str) -> NDArray[Any]:
    """Return an array that a GPU can copy from and to directly; an ordinary one elsewhere.

    Without page-locked memory everything works too, with one more copy on the way.
    """
    array = np.zeros(shape, kind)
    if device == "cuda" and array.nbytes:
        try:
            runtime = ctypes.CDLL(_CUDART)
            address, size = ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(array.nbytes)
            if runtime.cudaHostRegister(address, size, _PORTABLE) == 0:
                weakref.finalize(array, runtime.cudaHostUnregister, address).atexit = False
        except (OSError, AttributeError) as error:
            log.info("memory is not page-locked: %s", error)
    return array
