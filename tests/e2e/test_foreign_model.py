"""A classifier that others made comes in, suggests, is retrained, and can be gone back from."""

import csv
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from library_files import as_annotations
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from tagger.bundle.heads import read_heads
from tagger.bundle.store import BundleStore
from tagger.library.library import Library
from tagger.library.places import user_folder

pytestmark = pytest.mark.slow

LABELS = ("reddish", "greenish", "bluish", "bright", "dark")
COLOURS = np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2], [1, 1, 1], [-1, -1, -1]], np.float32).T
STRENGTH = np.array([12, 12, 12, 6, 6], np.float32)
OFFSET = np.array([-0.5, -0.5, -0.5, -1.5, 1.2], np.float32)


def colour_classifier(folder: Path) -> Path:
    """Write a small model: the colours of 4 × 4 fields, and five labels made of their mean."""
    fields = np.repeat(COLOURS, 16, axis=0) / 16  # flattened NCHW: all fields of a channel together
    weights = {"w": fields * STRENGTH, "b": OFFSET * STRENGTH / 2}
    nodes = [
        helper.make_node("AveragePool", ["x"], ["p"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "b"], ["z"]),
        helper.make_node("Sigmoid", ["z"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 32, 32])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", len(LABELS)])],
        [
            numpy_helper.from_array(value.astype(np.float32), name)
            for name, value in weights.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    folder.mkdir()
    onnx.save(model, folder / "colours.onnx")
    rows = [f"{at},{name}" for at, name in enumerate(LABELS)]
    (folder / "labels.csv").write_text("id,name\n" + "\n".join(rows) + "\n")
    return folder / "colours.onnx"


def colours_of(photo: Path) -> np.ndarray:
    """Return what the model's maker expects of a photo: float32 [labels]."""
    with Image.open(photo) as picture:
        mean = np.asarray(picture.convert("RGB"), np.float32).mean(axis=(0, 1)) / 255
    return 1 / (1 + np.exp(-(mean @ COLOURS * STRENGTH + OFFSET * STRENGTH / 2)))


def scores_of(tagger, folder, target):
    """Return the scores of an export: photo → label → score of the group of this model."""
    export = ["export", folder, "--format", "json", "--with-scores", "-o", target]
    assert tagger(*export).code == 0
    found = {}
    for photo in as_annotations(target.read_text("utf-8"))["photos"]:
        (group,) = [labels for labels in photo["scores"].values() if set(LABELS) <= set(labels)]
        found[photo["path"]] = group
    return found


def test_it_comes_in_suggests_is_retrained_and_left_again(photos, tagger, tmp_path):
    pictures = photos("everyday", 120)
    folder = pictures[0].parent
    path = colour_classifier(tmp_path / "colours")
    add = ["models", "add", path, "--labels", path.with_name("labels.csv"), "--group", "colour"]
    options = ["--scale", str(1 / 255), "--output", "probabilities", "--kind", "multi", "--json"]
    foreign = tagger(*add, *options).json["bundle"]
    assert tagger("models", "use", foreign, "--library", folder).code == 0
    result = tagger("suggest", folder, "--json").json
    assert (result["bundle"], result["done"], result["problems"]) == (foreign, 120, [])

    first = scores_of(tagger, folder, tmp_path / "first.json")
    expected = np.stack([colours_of(photo) for photo in pictures])
    given = np.array([[first[photo.name][name] for name in LABELS] for photo in pictures])
    assert np.abs(given - expected).max() < 0.05, "it says what its maker meant"

    child = retrained(tagger, folder, pictures, expected, tmp_path)
    report = json.loads(Path(child["report"]).read_text())
    assert report["root"] == foreign
    assert tagger("models", "use", child["bundle"], "--library", folder).code == 0
    again = tagger("suggest", folder, "--json").json
    assert again["bundle"] == child["bundle"]
    second = scores_of(tagger, folder, tmp_path / "second.json")
    undecided = [name for name in LABELS if name not in ("greenish", "bluish")]
    for photo in pictures:
        now, before = second[photo.name], first[photo.name]
        assert all(abs(now[name] - before[name]) < 2e-3 for name in undecided), "kept as they were"
        assert set(now) == {*LABELS, "warm"}
    warm = np.array([second[photo.name]["warm"] for photo in pictures])
    red, blue = expected[:, 0], expected[:, 2]
    assert np.corrcoef(warm, red - blue)[0, 1] > 0.5, "the new label was learned"
    assert_prior(child["bundle"], foreign)

    grandchild = retrained(tagger, folder, pictures[:60], -expected[:60], tmp_path)
    assert json.loads(Path(grandchild["report"]).read_text())["root"] == foreign, "never the parent"
    assert_prior(grandchild["bundle"], foreign, parent=child["bundle"])

    assert tagger("models", "rollback", "--library", folder, "--json").json["bundle"] == foreign
    assert tagger("suggest", folder, "--json").json["done"] == 0, "its scores are still there"
    assert scores_of(tagger, folder, tmp_path / "third.json") == first
    with Library.open(folder) as library:
        assert library.active_bundle_id == foreign


def retrained(tagger, folder, pictures, expected, tmp_path):
    """Label some photos in the model's own words and one new word, and retrain."""
    table = tmp_path / "labels-of-mine.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["photo", "labels"])
        for photo, (red, green, blue, *_) in zip(pictures, expected, strict=True):
            said = {"greenish": green > 0.4, "bluish": blue > 0.6, "warm": red > blue}
            writer.writerow([photo.name, ";".join(name for name, is_so in said.items() if is_so)])
    answer = tagger("import", folder, table, "--group", "colour", "--json")
    assert answer.json["photos"] == len(pictures)
    result = tagger("train", folder, "--json").json
    keys = {"fit_s", "total_s", "before", "after", "verdict", "recommended", "reasons", "bundle"}
    assert keys <= set(result)
    with Library.open(folder) as library:
        assert library.active_bundle_id != result["bundle"], "training never activates"
    return result


def assert_prior(child, foreign, parent=None):
    """The head adds to the foreign head, unchanged, as its first member."""
    store = BundleStore(user_folder("bundles"))
    (root,) = read_heads(store.folder(foreign))
    (head,) = read_heads(store.folder(child))
    assert head.type == "ensemble"
    assert store.get(child).parent == (parent or foreign)
    assert store.get(child).space_id == store.get(foreign).space_id
    member = head.members[0]
    assert (member.type, member.arrays.keys()) == (root.type, root.arrays.keys())
    for name in root.arrays:
        assert np.array_equal(member.arrays[name], root.arrays[name])
