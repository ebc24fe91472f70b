"""Is there a face in a photo? OpenCV's frontal-face cascade, on the grey photo, as it comes."""

from __future__ import annotations

import functools
import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tagger.imaging.decode import Source, read_photo

CASCADE = "haarcascade_frontalface_default.xml"
ENOUGH = (1280, 1280)
"""Photos come reduced as long as they stay at least so large: a face that can be told is."""

_one_at_a_time = threading.Lock()  # a cascade keeps the photo it looks at


def find_faces(source: Source) -> NDArray[np.int32]:
    """Return the faces in a photo: int32 [faces, 4], x, y, width, height in pixels looked at.

    Args:
        source: path, bytes path, or open file.

    Raises:
        PhotoProblem: the photo cannot be read.
    """
    return faces_in(read_photo(source, at_least=ENOUGH))


def faces_in(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the faces in decoded pixels uint8 [H, W, 3], RGB: int32 [faces, 4]."""
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    with _one_at_a_time:
        found = _cascade().detectMultiScale(grey)
    return np.asarray(found, np.int32).reshape(-1, 4)


@functools.cache
def _cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
