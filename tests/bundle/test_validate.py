"""A malformed bundle is refused with a sentence that names what is wrong."""

import json

import bundle_makers as makers
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tagger.bundle.errors import BundleError
from tagger.bundle.heads import read_heads, write_heads
from tagger.bundle.validate import validate_bundle


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "tiny"
    makers.make(folder)
    return folder


def refused(folder, sentence):
    with pytest.raises(BundleError, match=sentence) as caught:
        validate_bundle(folder)
    assert "\n" not in str(caught.value)
    assert "Traceback" not in str(caught.value)


def edit(path, change):
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def rewrite_model(folder, change):
    model = onnx.load(folder / "model.onnx")
    change(model)
    (folder / "model.onnx").write_bytes(model.SerializeToString())


def rewrite_heads(folder, change):
    heads = list(read_heads(folder))
    change(heads)
    write_heads(folder, heads)


@pytest.mark.parametrize(
    "name",
    [
        "bundle.json",
        "model.onnx",
        "heads.npz",
        "heads.json",
        "golden/golden.json",
        "golden/expected.npz",
        "golden/blobs.png",
    ],
)
def test_missing_file_is_named(folder, name):
    (folder / name).unlink()
    refused(folder, name.split("/")[-1].replace(".", r"\.") + " (is missing|cannot be read)")


@pytest.mark.parametrize(
    "name", ["bundle.json", "model.onnx", "heads.npz", "heads.json", "golden/expected.npz"]
)
@pytest.mark.parametrize("keep", [0, 0.5, 0.98])
def test_file_cut_off_is_named(folder, name, keep):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(len(content) * keep)])
    refused(folder, name.split("/")[-1].replace(".", r"\."))


def test_folder_that_is_none(folder, tmp_path):
    refused(tmp_path / "nowhere", "is not a folder")
    refused(folder / "card.md", "is not a folder")


@pytest.mark.parametrize("content", ["[]", "17", "null", '{"a": NaN}', "\xff\xfe", "[" * 100_000])
def test_bundle_json_that_is_something_else(folder, content):
    (folder / "bundle.json").write_text(content, encoding="latin-1")
    refused(folder, r"bundle\.json")


BAD_FIELDS = {
    "another format": (("format",), "zip", r"format is not 'tagger-bundle'"),
    "newer version": (("version",), 2, r"version is 2, but .* update the program"),
    "version no number": (("version",), "1", r"version is not a whole number"),
    "newer pixels": (("preprocessing", "pipeline_version"), 99, r"pipeline_version is newer"),
    "name empty": (("name",), " ", r"bundle\.json: name is empty"),
    "no groups": (("groups",), [], r"groups is empty"),
    "groups no list": (("groups",), {"a": 1}, r"groups is not a list"),
    "kind": (("groups", 0, "kind"), "many", r"groups\[0\]\.kind is 'many', not one of: multi"),
    "kind changed": (("groups", 1, "kind"), "multi", r"heads\.json: group g-breed is single here"),
    "label no object": (("groups", 0, "labels", 1), "dog", r"groups\[0\]\.labels\[1\] is not a JS"),
    "no labels": (("groups", 0, "labels"), [], r"groups\[0\]\.labels is empty"),
    "same id": (
        ("groups", 1, "labels", 0, "id"),
        "t-dog",
        r"groups\[1\]\.labels\[0\]\.id 't-dog' is already that of groups\[0\]\.labels\[1\]",
    ),
    "same group id": (("groups", 1, "id"), "g-tags", r"groups\[1\]\.id 'g-tags' is already"),
    "same name": (
        ("groups", 0, "labels", 2, "name"),
        "D-O g",
        r"groups\[0\]: labels\[2\]\.name 'D-O g' is the same as that of labels\[1\]",
    ),
    "same group name": (("groups", 1, "name"), "TAGS", r"groups\[1\]\.name 'TAGS' is the same"),
    "name no text": (("groups", 0, "labels", 2, "name"), 7, r"labels\[2\]\.name is not a text"),
    "id leaves folder": (("groups", 0, "id"), "../x", r"groups\[0\]\.id '\.\./x' is not an id"),
    "unknown parent": (("groups", 0, "labels", 2, "parent"), "t-x", r"parent 't-x' of label 'cat'"),
    "own parent": (("groups", 0, "labels", 2, "parent"), "t-cat", r"'cat' .* is its own ancestor"),
    "parent circle": (("groups", 0, "labels", 0, "parent"), "t-dog", r"is its own ancestor"),
    "unknown gate": (("groups", 1, "gate"), "t-cow", r"groups\[1\]\.gate 't-cow' is not a label"),
    "gate on itself": (("groups", 1, "gate"), "b-Pug", r"groups\[1\]\.gate waits for itself"),
    "gate circle": (("groups", 0, "gate"), "b-Pug", r"gate waits for itself"),
    "threshold high": (
        ("groups", 0, "labels", 3, "default_threshold"),
        1.5,
        r"groups\[0\]\.labels\[3\]\.default_threshold is 1\.5, not between 0 and 1",
    ),
    "threshold negative": (
        ("groups", 0, "labels", 3, "default_threshold"),
        -0.1,
        r"default_threshold is -0\.1",
    ),
    "threshold text": (
        ("groups", 0, "labels", 3, "default_threshold"),
        "0.5",
        r"default_threshold is not a number",
    ),
    "points short": (
        ("groups", 0, "operating_points", "balanced"),
        [0.5],
        r"groups\[0\]\.operating_points\.balanced has 1 thresholds for 5 labels",
    ),
    "points outside": (
        ("groups", 0, "operating_points", "balanced"),
        [0.5, 0.5, 0.5, 0.5, 7],
        r"operating_points\.balanced\[4\] is 7",
    ),
    "null of multi": (("groups", 0, "has_null"), True, r"has_null is for single groups only"),
    "null forgotten": (("groups", 2, "has_null"), False, r"options\.has_null of g-wear"),
    "embedding size": (("embedding_size",), 13, r"'embedding' has shape .*embedding_size.*is 13"),
    "input size": (("preprocessing", "width"), 224, r"input 'image' has shape .*40, 224, 3"),
    "no width": (("preprocessing", "width"), None, r"preprocessing"),
    "fit": (("preprocessing", "fit"), "zoom", r"preprocessing makes no sense: fit 'zoom'"),
    "filter": (("preprocessing", "interpolation"), "magic", r"interpolation 'magic'"),
    "other preprocessing": (("preprocessing", "fit"), "crop", r"bundle_id does not follow"),
    "id of another": (("bundle_id",), "0" * 32, r"bundle_id does not follow"),
    "id malformed": (("bundle_id",), "../../etc", r"bundle_id is not 32 hexadecimal"),
    "backbone of another": (("backbone_hash",), "0" * 32, r"backbone_hash is not that of model"),
    "label id changed": (
        ("groups", 0, "labels", 2, "id"),
        "t-lion",
        r"made with .*'t-cat'|swapped",
    ),
}


@pytest.mark.parametrize("case", BAD_FIELDS)
def test_bad_field_is_named(folder, case):
    path, value, sentence = BAD_FIELDS[case]

    def change(data):
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = value

    edit(folder / "bundle.json", change)
    refused(folder, sentence)


@pytest.mark.parametrize("field", ["name", "groups", "preprocessing", "bundle_id", "version"])
def test_missing_field_is_named(folder, field):
    edit(folder / "bundle.json", lambda data: data.pop(field))
    refused(folder, rf"bundle\.json: {field}")


def test_label_missing_from_the_list(folder):
    edit(folder / "bundle.json", lambda data: data["groups"][2]["labels"].pop())
    refused(
        folder, r"output 'scores/g-wear' has shape \['N', 3\], but the number of labels .* is 2"
    )


def change_input(kind=TensorProto.UINT8, shape=("N", makers.HEIGHT, makers.WIDTH, 3), name="image"):
    def change(model):
        model.graph.input[0].CopyFrom(helper.make_tensor_value_info(name, kind, list(shape)))
        if name != "image":
            model.graph.node[0].input[0] = name

    return change


def rename_output(model):
    model.graph.node[-1].output[0] = model.graph.output[3].name = "scores/other"


def declare_narrower(model):
    model.graph.output[1].type.tensor_type.shape.dim[1].dim_value = 4


def drop_output(model):
    del model.graph.output[1]


def poison(model):
    tensor = next(t for t in model.graph.initializer if t.name == "two/w")
    values = numpy_helper.to_array(tensor).copy()
    values[0, 0, 0, 0] = np.nan
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def nudge(model):
    tensor = next(t for t in model.graph.initializer if t.name == "two/w")
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * 1.01, tensor.name))


def dangle(model):
    model.graph.node[3].input[0] = "nothing"


def externalise(model):
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../secret")


BAD_GRAPHS = {
    "float input": (change_input(TensorProto.FLOAT), r"input 'image' is float, not uint8"),
    "planes first": (change_input(shape=("N", 3, 40, 48)), r"input 'image' has shape .*3, 40, 48"),
    "one photo only": (change_input(shape=(1, 40, 48, 3)), r"takes 1 photos only"),
    "input name": (change_input(name="pixels"), r"inputs are 'pixels'; there must be one, 'image'"),
    "missing output": (drop_output, r"output 'scores/g-tags' is missing"),
    "renamed output": (rename_output, r"output 'scores/g-wear' is missing"),
    "narrower output": (declare_narrower, r"output 'scores/g-tags' has shape .* is 5"),
    "NaN": (poison, r"weight 'two/w' holds NaN or infinity"),
    "other weights": (nudge, r"backbone_hash is not that of model\.onnx"),
    "loose node": (dangle, r"model\.onnx is not a valid ONNX graph"),
    "weights elsewhere": (externalise, r"keeps its weights in other files"),
    "old operators": (
        lambda model: model.opset_import[0].__setattr__("version", 11),
        r"operator set 11 is older",
    ),
}


@pytest.mark.parametrize("case", BAD_GRAPHS)
def test_bad_graph_is_refused_without_running_it(folder, case):
    change, sentence = BAD_GRAPHS[case]
    rewrite_model(folder, change)
    refused(folder, sentence)


def replace_array(group, name, array):
    def change(heads):
        next(head for head in heads if head.group == group).arrays[name] = array

    return change


BAD_HEADS = {
    "missing group": (
        lambda heads: heads.pop(1),
        r"heads\.json: group g-breed \(breed\) has no he",
    ),
    "group twice": (lambda heads: heads.append(heads[0]), r"a group has two heads"),
    "stranger": (
        lambda heads: heads.append(makers.linear("g-x", 2)),
        r"g-x is not in bundle\.json",
    ),
    "shape": (
        replace_array("g-wear", "weight", np.zeros((11, 4), np.float32)),
        r"heads\.npz: g-wear/weight has shape \[11, 4\], not \[12, 4\]",
    ),
    "NaN": (
        replace_array("g-wear", "bias", np.full(4, np.nan, np.float32)),
        r"g-wear/bias has numbers that are not finite",
    ),
    "other numbers": (
        replace_array("g-wear", "bias", np.zeros(4, np.float32)),
        r"the head of group wear is not the one in model\.onnx",
    ),
    "too few labels": (
        lambda heads: heads.__setitem__(0, makers.linear("g-tags", 4)),
        r"the head of group g-tags gives 4 scores, but bundle\.json lists 5",
    ),
}


@pytest.mark.parametrize("case", BAD_HEADS)
def test_bad_heads_are_refused(folder, case):
    change, sentence = BAD_HEADS[case]
    rewrite_heads(folder, change)
    refused(folder, sentence)


def test_array_missing_in_heads_npz_is_named(folder):
    with np.load(folder / "heads.npz") as arrays:
        kept = {name: arrays[name] for name in arrays.files if name != "g-wear/bias"}
    with (folder / "heads.npz").open("wb") as file:
        np.savez(file, **kept)
    refused(folder, r"heads\.npz: array g-wear/bias is missing")


@pytest.mark.parametrize(
    "name", ["../bundle.json", "/etc/hostname", "..", "a/b.png", "c:x", "a\\b"]
)
def test_golden_picture_outside_the_bundle_is_refused(folder, name):
    edit(folder / "golden/golden.json", lambda data: data["pictures"].__setitem__(0, name))
    refused(folder, r"pictures names .* which leaves the bundle")


def test_golden_numbers_of_another_shape_are_refused(folder):
    edit(folder / "golden/golden.json", lambda data: data["pictures"].pop())
    refused(folder, r"golden/expected\.npz: pixels is uint8 \[5, 40, 48, 3\], not uint8 \[4, ")


def test_nested_ensembles_without_end_are_refused(folder):
    def nest(data):
        inner = data["heads"][0]
        for _ in range(30):
            inner = {**data["heads"][0], "type": "ensemble", "arrays": [], "members": [inner]}
        data["heads"][0] = inner

    edit(folder / "heads.json", nest)
    refused(folder, r"heads\.json: heads\[0\].* is an ensemble nested more than 4 deep")
