"""What a run keeps for later trainings: scores that no model saw the photos for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.errors import BundleError
from tagger.bundle.files import read_arrays, write_arrays
from tagger.library.places import user_folder

OUT_OF_FOLD = "oof.npz"


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
