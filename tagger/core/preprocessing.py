"""How a photo becomes model input, as data: part of every bundle."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Fit = Literal["squash", "crop", "pad"]
Interpolation = Literal["bilinear", "bicubic", "lanczos", "area", "nearest"]

PIPELINE_VERSION = 1
"""Raised when the same description would give other pixels; part of the embedding space id."""


@dataclass(frozen=True)
class Preprocessing:
    """Everything between an upright RGB photo and the uint8 `[H, W, 3]` array a graph takes.

    Attributes:
        width, height: size of the model input in pixels.
        fit: `squash` (ignore the aspect ratio), `crop` (shortest side to `resize_to`, then the
            centre), `pad` (whole photo inside, the rest filled).
        resize_to: shortest side before a centre crop, in pixels; 0 means the input size itself.
        pad_color: RGB of the filling of `pad`; None repeats the edge.
        interpolation: resampling filter.
        antialias: whether the filter widens when shrinking (Pillow's behaviour).
        background: RGB behind transparency.
    """

    width: int
    height: int
    fit: Fit = "squash"
    resize_to: int = 0
    pad_color: tuple[int, int, int] | None = (255, 255, 255)
    interpolation: Interpolation = "bicubic"
    antialias: bool = True
    background: tuple[int, int, int] = (255, 255, 255)

    def to_json(self) -> dict[str, Any]:
        """Return the description as plain JSON values."""
        return asdict(self) | {"pipeline_version": PIPELINE_VERSION}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Preprocessing:
        """Read a description written by `to_json`; unknown keys are ignored.

        Raises:
            KeyError, TypeError, ValueError: a field is missing or makes no sense.
        """
        pad = data.get("pad_color")
        made = cls(
            width=int(data["width"]),
            height=int(data["height"]),
            fit=data["fit"],
            resize_to=int(data.get("resize_to", 0)),
            pad_color=None if pad is None else _rgb(pad),
            interpolation=data["interpolation"],
            antialias=bool(data.get("antialias", True)),
            background=_rgb(data.get("background", (255, 255, 255))),
        )
        if not (0 < made.width <= 4096 and 0 < made.height <= 4096):
            raise ValueError(f"input size {made.width} x {made.height} is not between 1 and 4096")
        if made.fit not in ("squash", "crop", "pad"):
            raise ValueError(f"fit {made.fit!r} is not squash, crop or pad")
        if made.interpolation not in ("bilinear", "bicubic", "lanczos", "area", "nearest"):
            raise ValueError(f"interpolation {made.interpolation!r} is not known")
        return made


def _rgb(value: Any) -> tuple[int, int, int]:
    red, green, blue = (int(part) for part in value)
    if not all(0 <= part <= 255 for part in (red, green, blue)):
        raise ValueError(f"colour {value!r} is not three numbers from 0 to 255")
    return red, green, blue
