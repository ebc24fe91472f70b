"""The starter's figures on real photos, through the program's own preprocessing and the bundle."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tagger.bundle.store import BundleStore
from tagger.core.names import fold_name
from tagger.imaging.model_input import model_input
from trainer.session import open_session
from trainer.starter.build import build_starter

pytestmark = pytest.mark.slow
BATCH = 16


@pytest.fixture(scope="module")
def starter(tmp_path_factory):
    """The spec and the running graph of a freshly assembled starter."""
    bundles = tmp_path_factory.mktemp("bundles")
    spec = build_starter(bundles)
    folder = BundleStore(bundles).folder(spec.bundle_id)
    return spec, open_session((folder / "model.onnx").read_bytes())


def scores_of(starter, paths: list[Path]) -> dict[str, np.ndarray]:
    """Return scores by group name: float32 [photos, labels]."""
    spec, run = starter
    parts = []
    for at in range(0, len(paths), BATCH):
        pixels = [model_input(path, spec.preprocessing) for path in paths[at : at + BATCH]]
        parts.append(run(np.stack(pixels)))
    return {
        group.name: np.concatenate([part[group.output] for part in parts]) for group in spec.groups
    }


def column(spec, group_name: str, label_name: str) -> tuple[int, float]:
    """Return a label's column and default threshold."""
    group = next(group for group in spec.groups if group.name == group_name)
    at = next(at for at, label in enumerate(group.labels) if label.name == label_name)
    return at, group.labels[at].default_threshold


def average_precision(truth: np.ndarray, scores: np.ndarray) -> float:
    hits = truth[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_breeds_are_right_at_first_guess_in_82_percent_and_among_three_in_95(starter, test_data):
    rows = rows_of(test_data / "dogs" / "labels.csv")
    scores = scores_of(starter, [test_data / "dogs" / row["photo"] for row in rows])["breed"]
    breeds = next(group for group in starter[0].groups if group.name == "breed").labels
    known = {
        fold_name(name): at
        for at, label in enumerate(breeds)
        for name in (label.name, *label.synonyms)
    }
    truth = np.array([known[fold_name(row["breed"])] for row in rows])
    order = np.argsort(-scores, axis=1)
    top1 = (order[:, 0] == truth).mean()
    top3 = (order[:, :3] == truth[:, None]).any(axis=1).mean()
    print(f"breed: top-1 {top1:.3f}, top-3 {top3:.3f} of {len(rows)}")
    assert top1 >= 0.82
    assert top3 >= 0.95


def test_dogs_are_found_in_snapshots_and_few_others_suggested(starter, test_data):
    rows = rows_of(test_data / "captions" / "labels.csv")
    rows = [row for row in rows if "dog" not in row["maybe"].split(";")]
    truth = np.array(["dog" in row["labels"].split(";") for row in rows])
    at, threshold = column(starter[0], "tags", "dog")
    scores = scores_of(starter, [test_data / "captions" / row["photo"] for row in rows])
    dog = scores["tags"][:, at]
    precision = average_precision(truth, dog)
    recall, wrong = (dog >= threshold)[truth].mean(), (dog >= threshold)[~truth].mean()
    print(f"dog: AP {precision:.3f}, recall {recall:.3f}, others {wrong:.4f} of {len(rows)}")
    assert precision >= 0.94
    assert recall >= 0.80
    assert wrong <= 0.02


def test_garments_are_suggested_on_few_landscapes_and_many_garments(starter, test_data):
    at, threshold = column(starter[0], "tags", "clothing")
    garments = next(group for group in starter[0].groups if group.name == "garment").labels
    least = np.array([label.default_threshold for label in garments])

    def share_suggested(paths: list[Path]) -> float:
        scores = scores_of(starter, paths)
        best = scores["garment"].argmax(axis=1)
        over = scores["garment"].max(axis=1) >= least[best]
        return float((over & (scores["tags"][:, at] >= threshold)).mean())

    listed = json.loads((test_data / "scenes" / "annotations.json").read_text("utf-8"))["samples"]
    scenes = share_suggested(
        [test_data / "scenes" / "images" / sample["image_name"] for sample in listed]
    )
    clothes = share_suggested(
        [
            test_data / "garments" / row["photo"]
            for row in rows_of(test_data / "garments/labels.csv")
        ]
    )
    print(f"garment suggested: scenes {scenes:.4f}, garments {clothes:.3f}")
    assert scenes <= 0.03
    assert clothes >= 0.40
