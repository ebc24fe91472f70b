"""Read a checkpoint in torch's older form without torch and without running what it says.

The form is five pickles (magic number, protocol, system facts, the tensors' descriptions, the
storage keys) followed by the storages as raw numbers, each led by its length. A pickle may name
any function to be called; here only the four names that such a file needs are known, and they
stand for plain descriptions of our own, so nothing of the file is ever executed.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tagger.core.errors import TaggerError

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
STORAGE_TYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class CheckpointError(TaggerError):
    """A weights file is missing, is not the expected one, or holds what we refuse to read."""


@dataclass(frozen=True)
class _Storage:
    """One run of raw numbers in the file: its key, NumPy type and count."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class _View:
    """A tensor as a view of a storage: offset, shape and strides in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Rebuild:
    """Stands for `torch._utils._rebuild_tensor_v2`: notes the view, computes nothing."""

    __slots__ = ()

    def __call__(
        self, storage: Any, offset: Any, shape: Any, strides: Any, *_unused: object
    ) -> _View:
        numbers = (offset, *shape, *strides)
        if not isinstance(storage, _Storage) or len(shape) != len(strides):
            raise pickle.UnpicklingError("a tensor is described wrongly")
        if not all(isinstance(number, int) and 0 <= number < 2**31 for number in numbers):
            raise pickle.UnpicklingError("a tensor has an impossible shape")
        return _View(storage, offset, tuple(shape), tuple(strides))


class _DescriptionsOnly(pickle.Unpickler):
    """An unpickler that knows four names and refuses every other one."""

    known: ClassVar[Mapping[tuple[str, str], Any]] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _Rebuild(),
        ("torch", "FloatStorage"): "FloatStorage",
        ("torch", "LongStorage"): "LongStorage",
    }

    def find_class(self, module_name: str, global_name: str) -> Any:
        """Return our stand-in for a name of the file, or refuse it."""
        try:
            return self.known[module_name, global_name]
        except KeyError:
            raise CheckpointError(
                f"it wants to use '{module_name}.{global_name}', which a weights file needs not"
            ) from None

    def persistent_load(self, pid: Any) -> _Storage:
        """Return the description of the storage that a tensor refers to."""
        kind, type_name, key, _place, count, view = pid
        if kind != "storage" or view is not None or not isinstance(key, str):
            raise pickle.UnpicklingError("a storage is described wrongly")
        if not isinstance(count, int) or not 0 <= count < 2**31:
            raise pickle.UnpicklingError("a storage has an impossible size")
        return _Storage(key, STORAGE_TYPES[type_name], count)


def read_checkpoint(path: Path, sha256: str | None = None) -> dict[str, np.ndarray]:
    """Read all tensors of a checkpoint in torch's older form.

    Args:
        path: the file.
        sha256: hexadecimal hash the file must have; None leaves it unchecked.

    Returns:
        Arrays by name in the file's order: float32 or int64, bit for bit, each its own memory.

    Raises:
        CheckpointError: the file cannot be read, has another hash, or is not of this form.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise CheckpointError(f"The weights file {path} cannot be read: {reason}.") from error
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise CheckpointError(
            f"The weights file {path} is not the one this program was made for (its SHA-256 "
            "differs). Install the package that brings it again."
        )
    try:
        return _read_tensors(io.BytesIO(data))
    except Exception as error:  # a hostile pickle can raise anything
        raise CheckpointError(f"The weights file {path} was refused: {error}.") from error


def _read_tensors(file: io.BytesIO) -> dict[str, np.ndarray]:
    def load() -> Any:
        return _DescriptionsOnly(file).load()

    if load() != MAGIC or load() != PROTOCOL:
        raise CheckpointError("it is not a checkpoint in torch's older form")
    if load().get("little_endian") is not True:
        raise CheckpointError("its numbers are not little-endian")
    views = load()
    keys = load()
    if not isinstance(views, dict) or not all(isinstance(v, _View) for v in views.values()):
        raise CheckpointError("it holds something other than named tensors")
    described = {view.storage.key: view.storage for view in views.values()}
    storages = {key: _read_storage(file, described[key]) for key in keys}
    return {str(name): _tensor(view, storages[view.storage.key]) for name, view in views.items()}


def _read_storage(file: io.BytesIO, storage: _Storage) -> np.ndarray:
    count = int.from_bytes(file.read(8), "little")
    dtype = np.dtype(storage.dtype)
    raw = file.read(count * dtype.itemsize)
    if count != storage.count or len(raw) != count * dtype.itemsize:
        raise CheckpointError("it ends too early or its sizes disagree")
    return np.frombuffer(raw, dtype)


def _tensor(view: _View, storage: np.ndarray) -> np.ndarray:
    last = view.offset + sum(
        (size - 1) * stride for size, stride in zip(view.shape, view.strides, strict=True)
    )
    if 0 not in view.shape and last >= len(storage):
        raise CheckpointError("a tensor reaches beyond its numbers")
    steps = tuple(stride * storage.itemsize for stride in view.strides)
    return np.lib.stride_tricks.as_strided(storage[view.offset :], view.shape, steps).copy()
