"""What a foreign model is, found out by what lies beside it."""

import json

import bundle_makers
import foreign_makers as makers
import numpy as np
import pytest
from onnx import TensorProto, helper

from tagger.bundle.adapt import adapt_model
from tagger.bundle.errors import BundleError
from tagger.bundle.foreign.find import find_foreign
from tagger.imaging.model_input import model_input

WD_TAGS = """tag_id,name,category,count
9999999,general,9,807858
9999998,sensitive,9,3771700
9999997,explicit,9,100
470575,1girl,0,4225150
212816,solo,0,3515897
13197,long_hair,0,2982517
77,^_^,0,20
8,hatsune_miku,4,71
"""


def network(**options):
    return makers.network(8, ending="sigmoid", **options)


def bundle_of(folder, out, **options):
    foreign = find_foreign(folder, options=options)
    spec = adapt_model(foreign, out, model_input, bundle_makers.open_session).spec
    return spec, bundle_makers.run_folder(out)


def photos():
    shape = (3, makers.HEIGHT, makers.WIDTH, 3)
    return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


def test_wd_tagger_folder_answers_as_its_maker_runs_it(tmp_path):
    model = network(layout="NHWC", first=("Div", 127.5))
    folder = makers.save(tmp_path / "wd-x-v3", model, WD_TAGS, list_name="selected_tags.csv")
    spec, run = bundle_of(folder, tmp_path / "out")
    assert spec.name == "wd-x-v3"
    assert (spec.preprocessing.fit, spec.preprocessing.pad_color) == ("pad", (255, 255, 255))
    assert spec.preprocessing.interpolation == "bicubic"
    rating, general, character = spec.groups
    assert [group.name for group in spec.groups] == ["rating", "general", "character"]
    assert [group.kind for group in spec.groups] == ["single", "multi", "multi"]
    assert [label.name for label in general.labels] == ["1girl", "solo", "long_hair", "^_^"]
    assert general.labels[0].default_threshold == 0.35
    assert character.labels[0].default_threshold == 0.85
    pixels = photos()
    bgr = np.ascontiguousarray(pixels[..., ::-1]).astype(np.float32)
    expected = makers.answers(folder / "model.onnx", bgr)
    outputs = run(pixels)
    for group, columns in ((rating, [0, 1, 2]), (general, [3, 4, 5, 6]), (character, [7])):
        assert np.abs(outputs[group.output] - expected[:, columns]).max() <= 1e-4
    assert spec.embedding_size == makers.FEATURES


def test_wd_tagger_with_too_few_rows_is_refused(tmp_path):
    rows = "\n".join(WD_TAGS.splitlines()[:-1])
    folder = makers.save(
        tmp_path / "wd", network(layout="NHWC"), rows, list_name="selected_tags.csv"
    )
    with pytest.raises(BundleError, match=r"selected_tags\.csv lists 7 labels.* gives 8 scores"):
        bundle_of(folder, tmp_path / "out")


def imgutils_folder(place, steps):
    tags = "name,category,best_threshold\n" + "".join(
        f"tag{at},{0 if at < 6 else 4},{0.1 * at + 0.1:.1f}\n" for at in range(8)
    )
    model = network()
    for name in ("logits", "embedding"):
        source = {"logits": "z", "embedding": "f"}[name]
        model.graph.node.append(helper.make_node("Identity", [source], [name]))
        width = 8 if name == "logits" else makers.FEATURES
        value = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width])
        model.graph.output.insert(0, value)
    folder = makers.save(place, model, tags, list_name="selected_tags.csv")
    (folder / "preprocess.json").write_text(json.dumps({"test": steps, "val": []}))
    (folder / "categories.json").write_text(
        json.dumps([{"category": 0, "name": "general"}, {"category": 4, "name": "people"}])
    )
    (folder / "thresholds.csv").write_text("category,name,threshold\n0,general,0.3\n4,people,0.6\n")
    return folder


def test_imgutils_folder_is_understood(tmp_path):
    steps = [
        {"type": "convert_rgb"},
        {"type": "resize", "size": [makers.HEIGHT, makers.WIDTH], "interpolation": "bicubic"},
        {"type": "maybe_to_tensor"},
        {"type": "normalize", "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 0.3]},
    ]
    folder = imgutils_folder(tmp_path / "m", steps)
    spec, run = bundle_of(folder, tmp_path / "out")
    assert [group.name for group in spec.groups] == ["general", "people"]
    assert spec.groups[0].labels[2].default_threshold == pytest.approx(0.3)
    assert (spec.preprocessing.fit, spec.preprocessing.interpolation) == ("squash", "bicubic")
    assert spec.embedding_size == makers.FEATURES
    pixels = photos()
    inputs = (pixels / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.25, 0.3]
    expected = makers.answers(
        folder / "model.onnx", inputs.transpose(0, 3, 1, 2).astype(np.float32)
    )
    given = np.concatenate([run(pixels)[group.output] for group in spec.groups], axis=1)
    assert np.abs(given - expected).max() <= 1e-4


def test_imgutils_crop_and_padding_are_understood(tmp_path):
    crop = [
        {"type": "resize", "size": 44, "interpolation": 2},
        {"type": "center_crop", "size": [makers.HEIGHT, makers.WIDTH]},
    ]
    found = find_foreign(imgutils_folder(tmp_path / "a", crop))
    assert (found.fit, found.resize_to, found.interpolation) == ("crop", 44, "bilinear")
    assert found.size == (makers.WIDTH, makers.HEIGHT)
    pad = [
        {
            "type": "pad_to_size",
            "size": [makers.HEIGHT, makers.WIDTH],
            "background_color": "black",
            "interpolation": "lanczos",
        }
    ]
    found = find_foreign(imgutils_folder(tmp_path / "b", pad))
    assert (found.fit, found.pad_color, found.interpolation) == ("pad", (0, 0, 0), "lanczos")


def test_imgutils_step_that_is_not_known_is_refused_by_name(tmp_path):
    folder = imgutils_folder(tmp_path / "m", [{"type": "wobble"}])
    with pytest.raises(BundleError, match=r"preprocess\.json: step 0\.type is 'wobble'"):
        find_foreign(folder)


def test_timm_config_is_understood(tmp_path):
    folder = makers.save(tmp_path / "m", makers.network(3, ending="gemm"), "x", list_name="NOTICE")
    config = {
        "architecture": "tiny_net",
        "label_names": ["ant", "bee", "cow"],
        "pretrained_cfg": {
            "input_size": [3, makers.HEIGHT, makers.WIDTH],
            "interpolation": "bilinear",
            "crop_pct": 0.8,
            "crop_mode": "center",
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.25],
            "license": "apache-2.0",
        },
    }
    (folder / "config.json").write_text(json.dumps(config))
    spec, run = bundle_of(folder, tmp_path / "out", kind="single")
    assert spec.name == "tiny_net"
    assert spec.licence == "apache-2.0"
    assert [label.name for label in spec.groups[0].labels] == ["ant", "bee", "cow"]
    size = spec.preprocessing
    assert (size.fit, size.resize_to, size.interpolation) == ("crop", 40, "bilinear")
    pixels = photos()
    inputs = (pixels / 255 - 0.5) / [0.5, 0.5, 0.25]
    logits = makers.answers(folder / "model.onnx", inputs.transpose(0, 3, 1, 2).astype(np.float32))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.abs(run(pixels)[spec.groups[0].output] - shares).max() <= 1e-4


def test_options_beside_the_model_are_obeyed_and_overruled(tmp_path):
    folder = makers.save(tmp_path / "m", network(), "a\n" * 8, list_name="labels.txt")
    (folder / "adapter.json").write_text('{"channels": "BGR", "scale": 1, "group_name": "things"}')
    found = find_foreign(folder)
    assert (found.channels, found.scale, found.group_name) == ("BGR", 1, "things")
    assert find_foreign(folder, options={"channels": "RGB", "scale": None}).channels == "RGB"
    (folder / "adapter.json").write_text('{"channels": "GBR"}')
    with pytest.raises(BundleError, match=r"adapter\.json: channels is 'GBR'"):
        find_foreign(folder)


@pytest.mark.parametrize(
    "name", ["labels.txt", "classes.json", "model_labels.csv", "model.txt", "anything.csv"]
)
def test_label_list_is_found_beside_the_model(tmp_path, name):
    folder = makers.save(tmp_path / "m", network(), "[]", list_name=name)
    (folder / "README.txt").write_text("hello")
    (folder / "config.json").write_text("{}")
    assert find_foreign(folder).labels.name == name
    assert find_foreign(folder / "model.onnx").labels.name == name


def test_label_list_elsewhere_can_be_named(tmp_path):
    folder = makers.save(tmp_path / "m", network(), WD_TAGS, list_name="selected_tags.csv")
    (tmp_path / "mine.txt").write_text("a\n" * 8)
    found = find_foreign(folder, labels=tmp_path / "mine.txt")
    assert found.labels.name == "mine.txt"
    assert found.channels == "RGB"


def test_list_named_like_the_model_goes_before_the_folders_layout(tmp_path):
    folder = makers.save(tmp_path / "m", network(), WD_TAGS, list_name="selected_tags.csv")
    (folder / "model.onnx").rename(folder / "other.onnx")
    (folder / "other.txt").write_text("a\n" * 8)
    assert find_foreign(folder / "other.onnx").labels.name == "other.txt"


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], "holds no bundle.json and no ONNX model"),
        (["a.onnx", "b.onnx"], "2 ONNX models; name one"),
        (["a.onnx"], r"a\.onnx has no label list beside it"),
        (["a.onnx", "p.csv", "q.csv"], r"which file lists the labels of a\.onnx: p\.csv, q\.csv"),
    ],
)
def test_what_is_missing_is_said(tmp_path, files, sentence):
    for name in files:
        (tmp_path / name).write_text("x")
    with pytest.raises(BundleError, match=sentence):
        find_foreign(tmp_path)


def test_other_files_are_neither_bundle_nor_model(tmp_path):
    (tmp_path / "a.pt").write_text("x")
    with pytest.raises(BundleError, match=r"a\.pt is neither a bundle nor an ONNX model"):
        find_foreign(tmp_path / "a.pt")
    with pytest.raises(BundleError, match="does not exist"):
        find_foreign(tmp_path / "nowhere")
