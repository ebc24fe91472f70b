"""Synthetic pictures and what they must give: proof that this machine answers as it should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.core.preprocessing import Preprocessing

Prepare = Callable[[Path, Preprocessing], NDArray[np.uint8]]
"""Photo file to model input, uint8 [H, W, 3]: `tagger.imaging.model_input.model_input`."""

Run = Callable[[NDArray[np.uint8]], dict[str, NDArray[Any]]]
"""The graph: uint8 [N, H, W, 3] to all outputs by name."""


@dataclass(frozen=True)
class Golden:
    """What goes into the folder `golden/`.

    Attributes:
        pictures: file name to file content.
        arrays: content of `expected.npz`.
        facts: content of `golden.json`.
    """

    pictures: dict[str, bytes]
    arrays: dict[str, NDArray[Any]]
    facts: dict[str, Any]
