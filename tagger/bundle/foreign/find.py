"""Look at a file or folder and say how the model in it is to be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tagger.bundle.errors import BundleError
from tagger.bundle.files import read_json
from tagger.bundle.foreign.imgutils import imgutils_model
from tagger.bundle.foreign.model import ForeignModel, with_options
from tagger.bundle.foreign.timm import timm_model
from tagger.bundle.foreign.wd import wd_model

OPTIONS_FILE = "adapter.json"
"""Options beside a model, under the names of `ForeignModel`'s fields."""

Layouts = tuple[Callable[[Path, Path], ForeignModel | None], ...]

LAYOUTS: Layouts = (imgutils_model, wd_model, timm_model)
"""Asked in this order; each takes folder and ONNX file, and returns None if it does not know it."""

_LIST_NAMES = ("labels", "classes", "tags", "class_names", "label_names", "names", "categories")
_LIST_SUFFIXES = (".csv", ".txt", ".json", ".tsv")
_NO_LISTS = ("readme", "license", "licence", "notice", "requirements", "adapter", "config")


def find_foreign(
    path: Path, *, labels: Path | None = None, options: Mapping[str, Any] | None = None
) -> ForeignModel:
    """Find out what the ONNX file at `path`, or the one in that folder, is.

    What is known of the layout comes first, over that the file `adapter.json` beside it, over that
    `options`.

    Args:
        path: an ONNX file, or a folder with one.
        labels: the label list, where it does not lie beside the model.
        options: as in `foreign.model.OPTIONS`; None values are ignored.

    Raises:
        BundleError: no model or label list there, or several; says what is missing.
    """
    if not path.exists():
        raise BundleError(f"{path} does not exist")
    folder, onnx = (path, _model_in(path)) if path.is_dir() else (path.parent, path)
    if onnx.suffix.lower() != ".onnx":
        raise BundleError(f"{onnx.name} is neither a bundle nor an ONNX model")
    found = _known_layout(folder, onnx) if labels is None else None
    if found is None:
        found = ForeignModel(onnx, labels or _list_beside(folder, onnx), name=_name(folder, onnx))
    beside = [folder / f"{onnx.stem}.{OPTIONS_FILE}", folder / OPTIONS_FILE]
    for file in beside:
        if file.is_file():
            data = read_json(file)
            if not isinstance(data, dict):
                raise BundleError(f"{file.name} is not a JSON object")
            found = with_options(found, data, file.name)
            break
    return with_options(found, options or {}, "options")


def _model_in(folder: Path) -> Path:
    usual = [folder / "model.onnx", folder / "onnx" / "model.onnx"]
    for path in usual:
        if path.is_file():
            return path
    found = sorted(folder.glob("*.onnx"))
    if len(found) != 1:
        what = "no ONNX model" if not found else f"{len(found)} ONNX models; name one of them"
        raise BundleError(f"{folder} holds no bundle.json and {what}")
    return found[0]


def _known_layout(folder: Path, onnx: Path) -> ForeignModel | None:
    own = [folder / f"{onnx.stem}{suffix}" for suffix in _LIST_SUFFIXES]
    if onnx.stem != "model" and any(path.is_file() for path in own):
        return None
    for layout in LAYOUTS:
        if (found := layout(folder, onnx)) is not None:
            return replace(found, name=found.name or _name(folder, onnx))
    return None


def _list_beside(folder: Path, onnx: Path) -> Path:
    stems = [onnx.stem, f"{onnx.stem}_labels", f"{onnx.stem}-labels", f"{onnx.stem}.labels"]
    for stem in [*stems, *_LIST_NAMES]:
        for suffix in _LIST_SUFFIXES:
            path = folder / f"{stem}{suffix}"
            if path.is_file():
                return path
    others = [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in _LIST_SUFFIXES and not path.stem.lower().startswith(_NO_LISTS)
    ]
    if len(others) == 1:
        return others[0]
    if not others:
        raise BundleError(
            f"{onnx.name} has no label list beside it: put labels.csv or labels.txt (one name per "
            f"output, in order) into {folder}"
        )
    raise BundleError(
        f"which file lists the labels of {onnx.name}: {', '.join(p.name for p in others[:5])}? "
        "Say it with --labels"
    )


def _name(folder: Path, onnx: Path) -> str:
    return folder.resolve().name if onnx.stem == "model" else onnx.stem
