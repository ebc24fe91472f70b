"""A run's own folder: what went in, what came out, so that any bundle can be explained."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.errors import BundleError
from tagger.bundle.files import read_arrays, write_arrays
from tagger.core.errors import TaggerError
from tagger.library.places import user_folder

OUT_OF_FOLD = "oof.npz"
REPORT = "report.json"


class RunError(TaggerError):
    """A run's folder cannot be written."""


def new_run() -> Path:
    """Make and return the folder of a new run, `runs/<time>-<id>` in the user data folder.

    Raises:
        RunError: it cannot be made.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    folder = user_folder("runs") / f"{stamp}-{secrets.token_hex(4)}"
    try:
        folder.mkdir()
    except OSError as error:
        raise RunError(f"{folder} cannot be made: {error.strerror or error}") from error
    return folder


def save_out_of_fold(
    folder: Path, groups: dict[str, tuple[NDArray[np.uint64], list[str], NDArray[np.float32]]]
) -> None:
    """Keep out-of-fold scores: group id → (signatures [n], label ids, logits [n, labels])."""
    arrays: dict[str, NDArray] = {}
    for group, (signatures, labels, logits) in groups.items():
        arrays[f"signatures/{group}"] = signatures
        arrays[f"labels/{group}"] = np.array(labels, np.str_)
        arrays[f"logits/{group}"] = logits.astype(np.float16)
    write_arrays(folder / OUT_OF_FOLD, arrays)


def read_out_of_fold(
    run: str, group: str
) -> tuple[NDArray[np.uint64], list[str], NDArray[np.float32]] | None:
    """Return what `save_out_of_fold` kept of a group; None where the run or group is gone."""
    name = Path(run).name
    if not name:
        return None
    try:
        arrays = read_arrays(user_folder("runs") / name / OUT_OF_FOLD)
        return (
            arrays[f"signatures/{group}"],
            [str(label) for label in arrays[f"labels/{group}"]],
            arrays[f"logits/{group}"].astype(np.float32),
        )
    except (BundleError, KeyError):
        return None
