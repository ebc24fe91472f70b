"""Where the published weights lie on this machine, and which file they must be."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from trainer.starter.checkpoint import CheckpointError
from trainer.starter.maps import starter_file

WEIGHTS_FILE = "weights.json"


@dataclass(frozen=True)
class Weights:
    """The facts of `resources/starter/weights.json`.

    Attributes:
        distribution, version: the package that brings the file.
        module: its importable name.
        file: path of the file in the package.
        sha256: hash the file must have.
        licence, attribution: what may be done with it, and who is to be named.
    """

    distribution: str
    version: str
    module: str
    file: str
    sha256: str
    licence: str
    attribution: str


@cache
def weights() -> Weights:
    """Return the facts of the starter's weights."""
    return Weights(**json.loads(starter_file(WEIGHTS_FILE)))


def weights_path() -> Path:
    """Return the weights file of the installed package, which is found but not imported.

    Raises:
        CheckpointError: the package is not installed.
    """
    facts = weights()
    found = importlib.util.find_spec(facts.module)
    if found is None or not found.submodule_search_locations:
        raise CheckpointError(
            f"The starter model's weights are not installed: the package {facts.distribution} "
            f"{facts.version} is missing. Run 'python3 installer/bootstrap.py setup'."
        )
    return Path(found.submodule_search_locations[0]) / facts.file
