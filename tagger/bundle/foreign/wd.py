"""WD-tagger folders: `model.onnx` and `selected_tags.csv`."""

from __future__ import annotations

from pathlib import Path

from tagger.bundle.foreign.model import Category, ForeignModel

LABELS_FILE = "selected_tags.csv"

CATEGORIES = {
    "0": Category("general", "multi", 0.35),
    "1": Category("artist", "multi", 0.5),
    "3": Category("copyright", "multi", 0.5),
    "4": Category("character", "multi", 0.85),
    "5": Category("meta", "multi", 0.5),
    "9": Category("rating", "single", 0.3),
}
"""Numbers as on Danbooru, and the thresholds that this family of models is used with."""


def wd_model(folder: Path, onnx: Path) -> ForeignModel | None:
    """Return how to use a WD-tagger folder; None if it is none.

    Such a model takes BGR from 0 to 255, colours last, of the photo on a white square, and gives
    probabilities in the order of the rows.
    """
    labels = folder / LABELS_FILE
    if not labels.is_file() or (folder / "preprocess.json").is_file():
        return None
    return ForeignModel(
        onnx=onnx,
        labels=labels,
        layout="NHWC",
        channels="BGR",
        scale=1.0,
        mean=(0, 0, 0),
        std=(1, 1, 1),
        output="probabilities",
        kind="multi",
        fit="pad",
        pad_color=(255, 255, 255),
        interpolation="bicubic",
        size=None,
        categories=CATEGORIES,
        name=folder.name,
        source=f"the WD-tagger folder `{folder.name}`",
    )
