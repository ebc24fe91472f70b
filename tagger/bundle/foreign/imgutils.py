"""imgutils folders: `selected_tags.csv`, `preprocess.json`, `thresholds.csv`, `categories.json`."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

from tagger.bundle.errors import BundleError
from tagger.bundle.fields import Fields, as_number
from tagger.bundle.files import read_json
from tagger.bundle.foreign.model import Category, ForeignModel
from tagger.bundle.foreign.wd import CATEGORIES, LABELS_FILE
from tagger.bundle.spec import Kind

STEPS_FILE = "preprocess.json"
CATEGORIES_FILE = "categories.json"
THRESHOLDS_FILE = "thresholds.csv"

_FILTERS = {
    "nearest": "nearest",
    "bilinear": "bilinear",
    "bicubic": "bicubic",
    "lanczos": "lanczos",
    "box": "area",
}
_NUMBERED_FILTERS = ("nearest", "lanczos", "bilinear", "bicubic", "box")
"""By Pillow's numbers."""


def imgutils_model(folder: Path, onnx: Path) -> ForeignModel | None:
    """Return how to use a folder in imgutils' layout; None if it is none.

    Raises:
        BundleError: a file of it is damaged, or asks for a step that is not known; names it.
    """
    labels = folder / LABELS_FILE
    if not labels.is_file() or not (folder / STEPS_FILE).is_file():
        return None
    found = ForeignModel(
        onnx=onnx,
        labels=labels,
        layout="NCHW",
        scale=1 / 255,
        kind="multi",
        categories=_categories(folder),
        name=folder.name,
        source=f"the imgutils folder `{folder.name}`",
    )
    for step in _steps(read_json(folder / STEPS_FILE)):
        found = _with_step(found, step)
    return found


def _steps(data: Any) -> list[Fields]:
    """Return the steps for use (`test`), also of nested lists."""
    if isinstance(data, dict) and "type" not in data:
        data = data.get("test") or data.get("val") or data.get("stages") or []
    steps = data if isinstance(data, list) else [data]
    flat: list[Fields] = []
    for at, step in enumerate(steps):
        if isinstance(step, list):
            flat += _steps(step)
        else:
            flat.append(Fields(step, f"{STEPS_FILE}: step {at}"))
    return flat


def _with_step(found: ForeignModel, step: Fields) -> ForeignModel:
    kind = step.text("type")
    if kind in ("to_tensor", "maybe_to_tensor", "convert_rgb"):
        return found
    if kind == "normalize":
        return replace(found, mean=_triple(step, "mean"), std=_triple(step, "std"))
    if kind == "resize":
        found = replace(found, interpolation=_filter(step))
        size = step.data.get("size")
        if isinstance(size, int) or (isinstance(size, list) and len(size) == 1):
            shortest = size if isinstance(size, int) else size[0]
            return replace(found, fit="crop", resize_to=shortest)
        return found if found.fit == "pad" else replace(found, fit="squash", size=_size(step))
    if kind == "center_crop":
        return replace(found, fit="crop", size=_size(step))
    if kind == "pad_to_size":
        color = _color(step)
        return replace(
            found, fit="pad", size=_size(step), pad_color=color, interpolation=_filter(step)
        )
    raise BundleError(f"{step.path('type')} is {kind!r}, a step that is not known here")


def _filter(step: Fields) -> Any:
    value = step.data.get("interpolation", "bilinear")
    if isinstance(value, int) and 0 <= value < len(_NUMBERED_FILTERS):
        value = _NUMBERED_FILTERS[value]
    if value not in _FILTERS:
        raise BundleError(f"{step.path('interpolation')} is {value!r}, which is not known here")
    return _FILTERS[value]


def _size(step: Fields) -> tuple[int, int]:
    """Return width and height; the file says height first."""
    value = step.data.get("size")
    sides = [value] * 2 if isinstance(value, int) else value
    if not isinstance(sides, list) or len(sides) not in (1, 2):
        raise BundleError(f"{step.path('size')} is not one or two numbers")
    height, width = sides[0], sides[-1]
    if not all(isinstance(side, int) and side > 0 for side in (height, width)):
        raise BundleError(f"{step.path('size')} is not one or two numbers")
    return width, height


def _color(step: Fields) -> tuple[int, int, int]:
    named = {"white": (255, 255, 255), "black": (0, 0, 0), "gray": (128, 128, 128)}
    value = step.data.get("background_color", "white")
    if isinstance(value, str) and value in named:
        return named[value]
    if isinstance(value, list) and len(value) == 3 and all(isinstance(n, int) for n in value):
        return value[0], value[1], value[2]
    raise BundleError(f"{step.path('background_color')} is {value!r}, which is not known here")


def _triple(step: Fields, key: str) -> tuple[float, float, float]:
    value = step.data.get(key)
    values = value if isinstance(value, list) else [value]
    values = values * 3 if len(values) == 1 else values
    if len(values) != 3:
        raise BundleError(f"{step.path(key)} is not one or three numbers")
    red, green, blue = (as_number(item, step.path(key), -1e6, 1e6) for item in values)
    return red, green, blue


def _categories(folder: Path) -> dict[str, Category]:
    """Return names and thresholds of the categories; where nothing is said, Danbooru's."""
    categories = dict(CATEGORIES)
    if (folder / CATEGORIES_FILE).is_file():
        listed = Fields({"categories": read_json(folder / CATEGORIES_FILE)}, CATEGORIES_FILE)
        for item in listed.objects("categories"):
            key = str(item.data.get("category"))
            name = item.text("name")
            known = categories.get(key)
            kind: Kind = "single" if name == "rating" else "multi"
            categories[key] = Category(name, kind, known.threshold if known else None)
    for key, threshold in _thresholds(folder / THRESHOLDS_FILE).items():
        known = categories.get(key, Category(key))
        categories[key] = replace(known, threshold=threshold)
    return categories


def _thresholds(path: Path) -> dict[str, float]:
    if not path.is_file():
        return {}
    found: dict[str, float] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for at, row in enumerate(csv.DictReader(file), 2):
            try:
                value = float(row.get("threshold") or "")
            except ValueError:
                raise BundleError(f"{path.name}: row {at}: threshold is not a number") from None
            key = str(row.get("category", "")).strip()
            found.setdefault(key, as_number(value, f"{path.name}: row {at}: threshold", 0.0, 1.0))
    return found
