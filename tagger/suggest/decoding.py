"""Turning one photo into model input, whatever may be wrong with it."""

from __future__ import annotations

import logging
import os
import stat
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.core.preprocessing import Preprocessing
from tagger.imaging.decode import OnStep, no_step
from tagger.imaging.model_input import model_input
from tagger.imaging.problems import PhotoProblem, problem_of_file_error
from tagger.imaging.room import TakesMore
from tagger.suggest.photos import PhotoList

log = logging.getLogger(__name__)

OTHER_BYTES = "changed"
"""Kind of a photo whose file is no longer the one that was scanned: the next scan sees to it."""

AWAY = "away"
"""Kind of a photo whose whole root folder is gone, as when its disk was unplugged."""

_PATIENCE_S = 60.0
_SLOWEST_BYTES_PER_S = 1e6


@dataclass(frozen=True)
class Decoded:
    """What became of one photo.

    Attributes:
        position: its position in the photo list.
        pixels: uint8 [H, W, 3], or None with a problem.
        kind: empty, or why there are no pixels: a kind of `PhotoProblem`, `OTHER_BYTES` or `AWAY`.
        reason: the plain sentence for it.
    """

    position: int
    pixels: NDArray[np.uint8] | None
    kind: str = ""
    reason: str = ""


def decode_file(
    path: bytes,
    position: int,
    spec: Preprocessing,
    on_step: OnStep = no_step,
    most_bytes: int | None = None,
) -> Decoded:
    """Decode a file; whatever goes wrong becomes its problem.

    Raises:
        TakesMore: it takes more memory than `most_bytes`; `on_step` and this: see `model_input`.
    """
    try:
        return Decoded(position, model_input(path, spec, on_step, most_bytes))
    except TakesMore:
        raise
    except PhotoProblem as problem:
        return Decoded(position, None, problem.kind, str(problem))
    except OSError as error:
        named = problem_of_file_error(error)
        return Decoded(position, None, named.kind, str(named))
    except MemoryError:
        return Decoded(position, None, "memory", "There is not enough memory to open it.")
    except Exception:  # one photo must never end the run
        log.exception("decoding %s", os.fsdecode(path))
        return Decoded(position, None, "unreadable", "This file cannot be decoded.")


def other_bytes(photos: PhotoList, position: int) -> Decoded | None:
    """Return what is said of a photo whose file is not the one that was scanned, else None.

    Its signature would vouch for bytes that nobody looked at.
    """
    if not photos.signatures[position]:
        return None
    try:
        status = os.stat(photos.path(position))
    except (OSError, ValueError):
        return None  # decoding will say what is wrong
    seen = (int(photos.sizes[position]), int(photos.mtimes[position]))
    if not stat.S_ISREG(status.st_mode) or (status.st_size, status.st_mtime_ns) == seen:
        return None
    return Decoded(position, None, OTHER_BYTES, "The file has changed since the scan.")


def time_limit(size: int) -> float:
    """Return how many seconds a photo of so many bytes may take, on the slowest disk we know."""
    return _PATIENCE_S + size / _SLOWEST_BYTES_PER_S


def too_slow(position: int, seconds: float) -> Decoded:
    """Return what is said of a photo that went beyond its limit."""
    reason = f"Opening this photo took longer than {seconds:.0f} seconds, so it was given up."
    return Decoded(position, None, "slow", reason)
