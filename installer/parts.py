"""Which lock files belong to what the user asked for.

A lock names exact versions with their hashes, for every system and Python at once; `lock.py`
writes them. Together the chosen locks are all that the environment holds, besides the program
itself, pip and uv.
"""

from __future__ import annotations

from pathlib import Path

from installer.places import REQUIREMENTS

TRAINING = "training"
TEST = "test"


def locks_for(extras: tuple[str, ...], *, cuda: bool, torch: str) -> list[Path]:
    """The lock files for the optional parts `extras` and the chosen builds.

    `cuda` takes ONNX Runtime with CUDA instead of the ordinary one: both in one environment
    overwrite each other. `torch` is "cpu" or "default", used where training is asked for.
    """
    names = ["base", "gpu" if cuda else "cpu", "starter"]
    if TRAINING in extras:
        names += ["training", "torch-cpu" if torch == "cpu" else "torch"]
    if TEST in extras:
        names.append("test")
    return [REQUIREMENTS / f"{name}.txt" for name in names]
