"""A few photos of a library as model input, to compare two ways of computing on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from tagger.core.errors import TaggerError
from tagger.core.preprocessing import Preprocessing
from tagger.imaging.model_input import model_input
from tagger.suggest.plan import core_count
from tagger.suggest.precision import MOST_PHOTOS


def sample_photos(
    count: int, path: Callable[[int], bytes], spec: Preprocessing, most: int = MOST_PHOTOS
) -> NDArray[np.uint8]:
    """Return up to `most` photos, evenly spaced over a list: uint8 [n, H, W, 3].

    Photos that cannot be read are left out.

    Args:
        count: length of the list.
        path: position in the list → file.
        spec: how a photo becomes model input.
        most: photos wanted.
    """
    wanted = np.linspace(0, count - 1, min(most, count)).astype(int).tolist()

    def decoded(position: int) -> NDArray[np.uint8] | None:
        try:
            return model_input(path(position), spec)
        except (TaggerError, OSError, MemoryError):
            return None

    with ThreadPoolExecutor(core_count()) as pool:
        found = [pixels for pixels in pool.map(decoded, wanted) if pixels is not None]
    return np.stack(found) if found else np.zeros((0, spec.height, spec.width, 3), np.uint8)
