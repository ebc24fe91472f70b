"""Dog, human, or neither: the order in which the two detectors are asked."""

from __future__ import annotations

from typing import Literal

Answer = Literal["dog", "human", "neither"]


def cascade(dog: bool, faces: int) -> Answer:
    """Return what a photo shows; the dog is asked first, and one face is enough for a human."""
    if dog:
        return "dog"
    return "human" if faces else "neither"
