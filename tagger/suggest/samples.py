"""A few photos of a library as model input, to compare two ways of computing on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from tagger.core.errors import TaggerError
from tagger.core.preprocessing import Preprocessing
from tagger.imaging.model_input import model_input
from tagger.suggest.photos import PhotoList
from tagger.suggest.plan import core_count


def sample_photos(photos: PhotoList, spec: Preprocessing, most: int) -> NDArray[np.uint8]:
    """Return up to `most` photos, evenly spaced over the list: uint8 [n, H, W, 3].

    Photos that cannot be read are left out.
    """
    wanted = np.linspace(0, len(photos) - 1, min(most, len(photos))).astype(int).tolist()

    def decoded(position: int) -> NDArray[np.uint8] | None:
        try:
            return model_input(photos.path(position), spec)
        except (TaggerError, OSError, MemoryError):
            return None

    with ThreadPoolExecutor(core_count()) as pool:
        found = [pixels for pixels in pool.map(decoded, wanted) if pixels is not None]
    return np.stack(found) if found else np.zeros((0, spec.height, spec.width, 3), np.uint8)
