"""A training on disk: whole or not at all, and read without running what it says."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from tagger.core.errors import TaggerError
from trainer.examples import Examples
from trainer.loop.settings import FitSettings

LAST = "last.pt"
BEST = "best.safetensors"
VERSION = 1
_NOT_DECIDING = ("device", "threads", "kept_bytes", "save_every", "compile")


class CheckpointError(TaggerError):
    """A training cannot be taken up again, or its state not be written."""


def fingerprint(settings: FitSettings, examples: Examples, net: nn.Module) -> str:
    """Return 32 hex digits of everything that decides how a training goes."""
    facts = {k: v for k, v in settings.to_json().items() if k not in _NOT_DECIDING}
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    digest.update("\0".join(str(photo) for photo in examples.photos).encode())
    digest.update("\0".join(examples.parts.tolist()).encode())
    for group in examples.groups:
        digest.update(group.targets.tobytes() + group.weights.tobytes())
    shapes = [(name, tuple(tensor.shape)) for name, tensor in net.state_dict().items()]
    digest.update(repr(shapes).encode())
    return digest.hexdigest()[:32]


def save_checkpoint(folder: Path, state: Mapping[str, Any]) -> None:
    """Write the state of a training.

    Raises:
        CheckpointError: the disk is full or the folder cannot be written; the last one stays.
    """
    _replace(folder / LAST, lambda path: torch.save({"version": VERSION, **state}, path))


def read_checkpoint(folder: Path, mark: str) -> dict[str, Any] | None:
    """Return the state of a training; None where there is none.

    Args:
        folder: of the run.
        mark: the `fingerprint` it must have.

    Raises:
        CheckpointError: it is damaged, or of another training.
    """
    path = folder / LAST
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"{path} is damaged, so this training cannot go on. Start it in another folder."
        ) from error
    if state.get("version") != VERSION or state.get("fingerprint") != mark:
        raise CheckpointError(
            f"{path} is of a training with other settings or photos. Start in another folder."
        )
    return state


def save_best(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write the best weights."""
    content = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    _replace(folder / BEST, lambda path: safetensors.torch.save_file(content, path))


def load_best(folder: Path, net: nn.Module) -> None:
    """Put the best weights into a network."""
    net.load_state_dict(safetensors.torch.load_file(folder / BEST))


def forget(folder: Path) -> None:
    """Delete the state of a training that is over: it is as large as the network, several times."""
    for name in (LAST, BEST):
        (folder / name).unlink(missing_ok=True)


def _replace(path: Path, write: Any) -> None:
    temporary = path.with_name(path.name + ".tmp")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:
        temporary.unlink(missing_ok=True)
        raise CheckpointError(f"{path} cannot be written: {error}.") from error
