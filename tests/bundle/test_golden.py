"""The golden check lets this machine's pipeline pass and catches every other one."""

import io
import json
from dataclasses import replace

import bundle_makers as makers
import numpy as np
import pytest
from PIL import Image

from tagger.bundle.errors import BundleError, GoldenMismatch
from tagger.bundle.golden import check_golden
from tagger.bundle.golden_pictures import golden_pictures
from tagger.core.preprocessing import Preprocessing
from tagger.imaging.model_input import model_input


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "tiny"
    makers.make(folder)
    return folder


@pytest.fixture
def run(folder):
    return makers.run_folder(folder)


def edit(path, change):
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_own_pipeline_passes(folder, run):
    check_golden(folder, model_input, run)


def test_other_batches_and_graph_optimisations_pass(folder):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(folder / "model.onnx", options)
    names = [output.name for output in session.get_outputs()]

    def one_by_one(pixels):
        rows = [session.run(names, {"image": pixel[None]}) for pixel in pixels]
        return {n: np.concatenate(r) for n, r in zip(names, zip(*rows, strict=True), strict=True)}

    check_golden(folder, model_input, one_by_one)


def test_single_steps_of_brightness_pass(folder, run):
    random = np.random.default_rng(0)

    def other_decoder(path, spec):
        pixels = model_input(path, spec).astype(int)
        return np.clip(pixels + random.integers(-1, 2, pixels.shape), 0, 255).astype(np.uint8)

    check_golden(folder, other_decoder, run)


def test_reduced_precision_of_gpus_passes(folder, run):
    def tf32(pixels):
        outputs = run(pixels)
        noise = np.random.default_rng(0).normal(0, 0.003, outputs["embedding"].shape)
        return outputs | {"embedding": outputs["embedding"] * (1 + noise).astype(np.float32)}

    check_golden(folder, model_input, tf32)


def test_channels_swapped_in_preprocessing_are_caught(folder, run):
    with pytest.raises(GoldenMismatch, match="red and blue are swapped"):
        check_golden(folder, lambda p, s: model_input(p, s)[..., ::-1], run)


def test_channels_swapped_before_the_graph_are_caught(folder, run):
    with pytest.raises(GoldenMismatch, match="swapped channels"):
        check_golden(folder, model_input, lambda x: run(np.ascontiguousarray(x[..., ::-1])))


@pytest.mark.parametrize(
    "change",
    [{"interpolation": name} for name in ("bilinear", "lanczos", "area", "nearest")]
    + [{"fit": "crop"}, {"fit": "pad"}, {"antialias": False}, {"background": (0, 0, 0)}],
    ids=str,
)
def test_another_resize_is_caught(folder, run, change):
    with pytest.raises(GoldenMismatch, match="is prepared differently here"):
        check_golden(folder, lambda p, s: model_input(p, replace(s, **change)), run)


@pytest.mark.parametrize("fit", ["squash", "crop", "pad"])
@pytest.mark.parametrize("name", ["bicubic", "bilinear", "lanczos", "area", "nearest"])
def test_pictures_tell_every_filter_from_every_other(tmp_path, fit, name):
    spec = Preprocessing(48, 48, fit=fit, interpolation=name)
    paths = []
    for file, content in golden_pictures(spec).items():
        (tmp_path / file).write_bytes(content)
        paths.append(tmp_path / file)
    own = [model_input(path, spec).astype(int) for path in paths]
    for other in {"bicubic", "bilinear", "lanczos", "area", "nearest"} - {name}:
        wrong = replace(spec, interpolation=other)
        seen = max(
            np.abs(pixels - model_input(path, wrong)).mean()
            for pixels, path in zip(own, paths, strict=True)
        )
        assert seen > 2, other


def test_ignored_orientation_is_caught(folder, run):
    def not_turned(path, spec):
        if path.name != "turned.jpg":
            return model_input(path, spec)
        file = io.BytesIO()
        Image.open(path).convert("RGB").save(file, "PNG")
        file.seek(0)
        return model_input(file, spec)

    with pytest.raises(GoldenMismatch, match=r"turned\.jpg is prepared differently"):
        check_golden(folder, not_turned, run)


def test_labels_swapped_in_bundle_json_are_caught(folder, run):
    def swap(data):
        labels = data["groups"][0]["labels"]
        labels[2], labels[3] = labels[3], labels[2]

    edit(folder / "bundle.json", swap)
    with pytest.raises(GoldenMismatch, match=r"label 2 of group tags is 'beach'.*swapped"):
        check_golden(folder, model_input, run)


def test_label_names_swapped_in_bundle_json_are_caught(folder, run):
    def swap(data):
        one, two = data["groups"][0]["labels"][2:4]
        one["name"], two["name"] = two["name"], one["name"]

    edit(folder / "bundle.json", swap)
    with pytest.raises(GoldenMismatch, match="swapped or reordered"):
        check_golden(folder, model_input, run)


def test_scores_in_another_label_order_are_caught(folder, run):
    def turned(pixels):
        outputs = run(pixels)
        return outputs | {"scores/g-tags": outputs["scores/g-tags"][:, ::-1]}

    with pytest.raises(GoldenMismatch, match=r"the best labels of .* wrong label order"):
        check_golden(folder, model_input, turned)


def test_any_two_swapped_score_columns_are_caught(folder, run):
    for one in range(4):

        def swapped(pixels, one=one):
            outputs = run(pixels)
            order = list(range(5))
            order[one], order[one + 1] = order[one + 1], order[one]
            return outputs | {"scores/g-tags": outputs["scores/g-tags"][:, order]}

        with pytest.raises(GoldenMismatch, match="wrong label order"):
            check_golden(folder, model_input, swapped)


def test_other_weights_under_the_same_name_are_caught(folder, tmp_path):
    makers.make(tmp_path / "other", backbone=makers.backbone(1))
    with pytest.raises(GoldenMismatch, match="the model answers differently here"):
        check_golden(folder, model_input, makers.run_folder(tmp_path / "other"))


def test_nan_is_caught(folder, run):
    def broken(pixels):
        outputs = run(pixels)
        outputs["embedding"][0, 0] = np.nan
        return outputs

    with pytest.raises(GoldenMismatch, match="'embedding' holds NaN"):
        check_golden(folder, model_input, broken)


def test_bundle_without_golden_pictures_is_refused(folder, run):
    (folder / "golden" / "golden.json").unlink()
    with pytest.raises(BundleError, match=r"golden\.json is missing"):
        check_golden(folder, model_input, run)


def test_pictures_have_odd_sizes_and_one_is_turned():
    pictures = {
        name: Image.open(io.BytesIO(content))
        for name, content in golden_pictures(Preprocessing(224, 224)).items()
    }
    assert all(side % 2 for picture in pictures.values() for side in picture.size)
    assert {picture.format for picture in pictures.values()} == {"PNG", "JPEG"}
    assert pictures["turned.jpg"].getexif()[0x0112] == 6
    assert pictures["clear.png"].mode == "RGBA"
