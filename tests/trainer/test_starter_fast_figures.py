"""What the fast starter suggests on real photos, beside what the starter suggests."""

import csv

import numpy as np
import pytest

from tagger.bundle.store import BundleStore
from tagger.imaging.model_input import model_input
from trainer.session import open_session
from trainer.starter.build import FAST_STARTER, build_starter

pytestmark = pytest.mark.slow
BATCH = 16
SAMPLE = 150


@pytest.fixture(scope="module")
def answers(tmp_path_factory, test_data):
    """Groups, and by set and starter the scores of the same photos: output → float32 [N, L].

    150 photos drawn from the judging part of `everyday` and of `captions`, and all `dogs`.
    """
    bundles = tmp_path_factory.mktemp("bundles")
    starter = build_starter(bundles)
    fast = build_starter(bundles, None, FAST_STARTER)
    runs = {
        name: open_session(
            (BundleStore(bundles).folder(spec.bundle_id) / "model.onnx").read_bytes()
        )
        for name, spec in (("starter", starter), ("fast", fast))
    }
    found = {}
    for name in ("everyday", "captions", "dogs"):
        with (test_data / name / "labels.csv").open(encoding="utf-8", newline="") as file:
            photos = [row["photo"] for row in csv.DictReader(file) if row["split"] == "val"]
        drawn = np.random.default_rng(10).permutation(len(photos))[:SAMPLE]
        pixels = np.stack(
            [model_input(test_data / name / photos[at], starter.preprocessing) for at in drawn]
        )
        for who, run in runs.items():
            parts = [run(pixels[at : at + BATCH]) for at in range(0, len(pixels), BATCH)]
            found[name, who] = {
                output: np.concatenate([part[output] for part in parts]) for output in parts[0]
            }
    return starter.groups, found


def suggested(groups, scores):
    """Return what is suggested at default thresholds with gates obeyed: bool [N, all labels]."""
    columns, parts = {}, []
    for group in groups:
        values = scores[group.output]
        on = values >= np.array([label.default_threshold for label in group.labels])
        if group.kind == "single":
            on &= np.arange(len(group.labels)) == values.argmax(axis=1)[:, None]
        if group.gate is not None:
            part, column = columns[group.gate]
            on &= parts[part][:, column, None]
        columns |= {label.id: (len(parts), at) for at, label in enumerate(group.labels)}
        parts.append(on)
    return np.concatenate(parts, axis=1)


def agreement(groups, one, other):
    """Share of (photo, label) suggested by both, of those suggested by either."""
    first, second = suggested(groups, one), suggested(groups, other)
    return (first & second).sum() / (first | second).sum()


@pytest.mark.parametrize(("photos", "promised"), [("everyday", 0.92), ("captions", 0.90)])
def test_nearly_the_same_labels_are_suggested(answers, photos, promised):
    groups, found = answers
    share = agreement(groups, found[photos, "starter"], found[photos, "fast"])
    print(f"{photos}: agreement over labels suggested by either {share:.3f}")
    assert share >= promised


def test_the_breed_is_the_same_on_at_least_96_percent_of_dogs(answers):
    groups, found = answers
    breed = next(group for group in groups if group.name == "breed").output
    first, second = (found["dogs", who][breed].argmax(axis=1) for who in ("starter", "fast"))
    print(f"dogs: the same breed first {(first == second).mean():.3f} of {len(first)}")
    assert (first == second).mean() >= 0.96


def test_embeddings_point_the_same_way(answers):
    _, found = answers
    for photos in ("everyday", "captions", "dogs"):
        one, other = (found[photos, who]["embedding"] for who in ("starter", "fast"))
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        cosine = (one * other).sum(axis=1) / lengths
        assert cosine.mean() >= 0.997
        assert cosine.min() >= 0.98
