"""timm folders: an ONNX file and `config.json` with `pretrained_cfg`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tagger.bundle.errors import BundleError
from tagger.bundle.fields import Fields
from tagger.bundle.files import read_json
from tagger.bundle.foreign.model import ForeignModel
from tagger.core.preprocessing import Fit

CONFIG_FILE = "config.json"

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def timm_model(folder: Path, onnx: Path) -> ForeignModel | None:
    """Return how to use a folder with timm's `config.json`; None if there is none.

    Labels are the config's `label_names` (or `id2label`), else a list lies beside it.

    Raises:
        BundleError: a field of the config makes no sense; names it.
    """
    path = folder / CONFIG_FILE
    if not path.is_file():
        return None
    config = read_json(path)
    if not isinstance(config, dict) or not isinstance(config.get("pretrained_cfg"), dict):
        return None
    facts = Fields(config["pretrained_cfg"], f"{CONFIG_FILE}: pretrained_cfg")
    labels = _labels(folder, config)
    if labels is None:
        raise BundleError(
            f"{CONFIG_FILE} has no label_names, and there is no label list beside it: put "
            f"labels.txt (one name per output, in order) into {folder}"
        )
    height, width = _size(facts)
    fit = _fit(facts)
    crop = facts.number("crop_pct", 0.1, 1.0, 1.0)
    mean = _triple(facts, "mean", _MEAN)
    return ForeignModel(
        onnx=onnx,
        labels=labels,
        channels="RGB",
        scale=1 / 255,
        mean=mean,
        std=_triple(facts, "std", _STD),
        fit=fit,
        interpolation=_interpolation(facts),
        size=(width, height),
        resize_to=int(min(width, height) / crop) if fit == "crop" else 0,
        pad_color=_as_color(mean),  # timm fills borders with the mean
        name=str(config.get("architecture", "")),
        licence=facts.text("license", ""),
        source=f"the timm model `{config.get('architecture', folder.name)}`",
    )


def _labels(folder: Path, config: dict[str, Any]) -> Path | None:
    if any(isinstance(config.get(key), (list, dict)) for key in ("label_names", "id2label")):
        return folder / CONFIG_FILE
    for name in ("labels.txt", "labels.csv", "labels.json", "classes.txt"):
        if (folder / name).is_file():
            return folder / name
    return None


def _size(facts: Fields) -> tuple[int, int]:
    size = facts.data.get("test_input_size") or facts.data.get("input_size", [3, 224, 224])
    if not isinstance(size, list) or len(size) != 3 or not all(isinstance(n, int) for n in size):
        raise BundleError(f"{facts.path('input_size')} is not [3, height, width]")
    return size[1], size[2]


def _fit(facts: Fields) -> Fit:
    fits: dict[str, Fit] = {"center": "crop", "squash": "squash", "border": "pad"}
    return fits[facts.choice("crop_mode", tuple(fits), "center")]


def _interpolation(facts: Fields) -> Any:
    name = facts.text("interpolation", "bicubic")
    return name if name in ("bilinear", "bicubic", "lanczos", "nearest") else "bicubic"


def _triple(
    facts: Fields, key: str, default: tuple[float, float, float]
) -> tuple[float, float, float]:
    values = facts.items(key, list(default))
    if len(values) != 3 or not all(isinstance(value, (int, float)) for value in values):
        raise BundleError(f"{facts.path(key)} is not three numbers")
    return float(values[0]), float(values[1]), float(values[2])


def _as_color(mean: tuple[float, float, float]) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, round(255 * value))) for value in mean)
    return red, green, blue
