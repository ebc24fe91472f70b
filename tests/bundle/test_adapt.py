"""A foreign ONNX model becomes a bundle that answers like it and can be retrained."""

from dataclasses import replace

import bundle_makers
import foreign_makers as makers
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tagger.bundle.adapt import adapt_model, add_model
from tagger.bundle.errors import BundleError
from tagger.bundle.foreign.find import find_foreign
from tagger.bundle.golden import check_golden
from tagger.bundle.graph import load_model
from tagger.bundle.heads import Head, head_scores, read_heads, sigmoid, softmax
from tagger.bundle.spec import BundleGroup
from tagger.bundle.store import BundleStore
from tagger.bundle.validate import validate_bundle
from tagger.imaging.model_input import model_input

NAMES = "name\n" + "\n".join(["dog", "cat", "tree", "sky", "car", "sea", "sun"]) + "\n"
PLAIN = {"mean": [0, 0, 0], "std": [1, 1, 1], "scale": 1 / 255}


@pytest.fixture
def adapt(tmp_path):
    """Adapt a folder and return the result with scores on random photos and the photos."""

    def run(folder, **options):
        foreign = find_foreign(folder, options=options)
        made = adapt_model(foreign, tmp_path / "out", model_input, bundle_makers.open_session)
        validate_bundle(tmp_path / "out")
        session = bundle_makers.run_folder(tmp_path / "out")
        check_golden(tmp_path / "out", model_input, session)
        photos = np.random.default_rng(5).integers(
            0, 256, (4, makers.HEIGHT, makers.WIDTH, 3), dtype=np.uint8
        )
        return made, session(photos), photos

    return run


def same(outputs, spec, expected):
    """Assert that the groups' scores, put together, are `expected` [N, L]."""
    given = np.concatenate([outputs[group.output] for group in spec.groups], axis=1)
    assert given.shape == expected.shape
    assert np.abs(given - expected).max() <= 1e-4


def planes(photos):
    return photos.transpose(0, 3, 1, 2)


def test_logits_of_a_last_layer_become_a_retrainable_head(adapt, tmp_path):
    folder = makers.save(tmp_path / "m", makers.network(7, ending="gemm"), NAMES)
    made, outputs, photos = adapt(folder, kind="multi", **PLAIN)
    inputs = (planes(photos) / 255).astype(np.float32)
    same(outputs, made.spec, sigmoid(makers.answers(folder / "model.onnx", inputs)))
    assert made.notes == ()
    assert made.spec.embedding_size == makers.FEATURES
    assert made.spec.producer["embedding"] == "features"
    head = read_heads(tmp_path / "out")[0]
    assert (head.type, head.arrays["weight"].shape) == ("linear", (makers.FEATURES, 7))
    assert (
        np.abs(head_scores(head, outputs["embedding"]) - outputs[made.spec.groups[0].output]).max()
        <= 1e-5
    )


@pytest.mark.parametrize("ending", ["gemm", "gemm-turned", "matmul-add"])
def test_single_groups_of_logits_get_a_softmax(adapt, tmp_path, ending):
    folder = makers.save(tmp_path / "m", makers.network(7, ending=ending), NAMES)
    made, outputs, photos = adapt(folder, kind="single", **PLAIN)
    inputs = (planes(photos) / 255).astype(np.float32)
    same(outputs, made.spec, softmax(makers.answers(folder / "model.onnx", inputs)))
    assert made.spec.producer["embedding"] == "features"


@pytest.mark.parametrize(
    ("ending", "kind", "embedding", "size"),
    [
        ("sigmoid", "multi", "features", makers.FEATURES),
        ("softmax", "single", "features", makers.FEATURES),
        ("pointwise", "single", "features", makers.FEATURES),
        ("bent-sigmoid", "multi", "logits", 7),
        ("bent-share", "single", "logits", 7),
    ],
)
def test_kind_and_probabilities_are_found_in_the_graph(
    adapt, tmp_path, ending, kind, embedding, size
):
    folder = makers.save(tmp_path / "m", makers.network(7, ending=ending), NAMES)
    made, outputs, photos = adapt(folder, **PLAIN)
    inputs = (planes(photos) / 255).astype(np.float32)
    same(outputs, made.spec, makers.answers(folder / "model.onnx", inputs))
    assert made.spec.groups[0].kind == kind
    assert made.spec.producer["embedding"] == embedding
    assert made.spec.embedding_size == size
    assert bool(made.notes) == (embedding == "logits")


def test_unknown_ending_serves_logits_and_says_so(adapt, tmp_path):
    folder = makers.save(tmp_path / "m", makers.network(7, ending="bent"), NAMES)
    made, outputs, photos = adapt(folder, kind="multi", **PLAIN)
    inputs = (planes(photos) / 255).astype(np.float32)
    same(outputs, made.spec, sigmoid(makers.answers(folder / "model.onnx", inputs)))
    assert "last layer was not recognised" in made.notes[0]
    assert made.notes[0] in (tmp_path / "out" / "card.md").read_text()


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("dtype", ["float", "uint8"])
@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_every_layout_type_and_channel_order(adapt, tmp_path, layout, dtype, channels):
    network = makers.network(7, layout=layout, dtype=dtype, ending="sigmoid")
    folder = makers.save(tmp_path / "m", network, NAMES)
    options = PLAIN if dtype == "float" else {}
    made, outputs, photos = adapt(folder, channels=channels, **options)
    inputs = photos[..., ::-1] if channels == "BGR" else photos
    inputs = planes(inputs) if layout == "NCHW" else inputs
    inputs = np.ascontiguousarray(inputs if dtype == "uint8" else (inputs / 255).astype(np.float32))
    same(outputs, made.spec, makers.answers(folder / "model.onnx", inputs))
    assert made.notes == ()


def test_own_mean_and_deviation_are_in_the_order_of_the_models_channels(adapt, tmp_path):
    folder = makers.save(tmp_path / "m", makers.network(7, ending="sigmoid"), NAMES)
    mean, std = [103.5, 116.3, 123.7], [57.4, 57.1, 58.4]
    made, outputs, photos = adapt(folder, channels="BGR", mean=mean, std=std)
    inputs = (photos[..., ::-1] - np.asarray(mean)) / np.asarray(std)
    same(
        outputs, made.spec, makers.answers(folder / "model.onnx", planes(inputs).astype(np.float32))
    )


def test_float16_models_come_in(adapt, tmp_path):
    network = makers.network(7, dtype="float16", ending="sigmoid")
    folder = makers.save(tmp_path / "m", network, NAMES)
    made, outputs, photos = adapt(folder, **PLAIN)
    inputs = (planes(photos) / 255).astype(np.float16)
    given = outputs[made.spec.groups[0].output]
    assert np.abs(given - makers.answers(folder / "model.onnx", inputs)).max() < 5e-3


@pytest.mark.parametrize(
    ("first", "scale"),
    [(("Div", 255.0), 1), (("Mul", 1 / 127.5), 1), (("Sub", 120.0), 1), (("Sub", 0.45), 1 / 255)],
)
def test_scaling_inside_the_graph_is_noticed(adapt, tmp_path, first, scale):
    network = makers.network(7, first=first, ending="sigmoid")
    folder = makers.save(tmp_path / "m", network, NAMES)
    made, outputs, photos = adapt(folder)
    inputs = (planes(photos) * scale).astype(np.float32)
    same(outputs, made.spec, makers.answers(folder / "model.onnx", inputs))
    assert made.notes == ()


def test_what_the_file_does_not_say_is_assumed_and_told(adapt, tmp_path):
    folder = makers.save(tmp_path / "m", makers.network(7, ending="gemm"), NAMES)
    made, outputs, photos = adapt(folder)
    mean, std = np.asarray([0.485, 0.456, 0.406]), np.asarray([0.229, 0.224, 0.225])
    inputs = planes((photos / 255 - mean) / std).astype(np.float32)
    same(outputs, made.spec, softmax(makers.answers(folder / "model.onnx", inputs)))
    assert len(made.notes) == 2
    assert "ImageNet's mean" in made.notes[0]
    assert "exactly one label" in made.notes[1]


@pytest.mark.parametrize("flatten", ["flatten", "reshape"])
@pytest.mark.parametrize("ending", ["sigmoid", "token"])
def test_graph_fixed_to_one_photo_takes_many(adapt, tmp_path, flatten, ending):
    network = makers.network(7, batch=1, flatten=flatten, ending=ending)
    folder = makers.save(tmp_path / "m", network, NAMES)
    made, outputs, photos = adapt(folder, **PLAIN)
    inputs = (planes(photos) / 255).astype(np.float32)
    same(outputs, made.spec, makers.answers(folder / "model.onnx", inputs))
    assert made.notes == ()


def test_graph_that_cannot_take_many_goes_photo_by_photo(adapt, tmp_path):
    folder = makers.save(tmp_path / "m", makers.network(7, batch=1, ending="merged"), NAMES)
    made, outputs, photos = adapt(folder, **PLAIN)
    inputs = (planes(photos) / 255).astype(np.float32)
    same(outputs, made.spec, makers.answers(folder / "model.onnx", inputs))
    assert "one photo at a time" in made.notes[-1]


def test_old_operator_sets_are_brought_up(adapt, tmp_path):
    network = makers.network(7, ending="softmax", opset=11)
    folder = makers.save(tmp_path / "m", network, NAMES)
    made, outputs, photos = adapt(folder, **PLAIN)
    inputs = (planes(photos) / 255).astype(np.float32)
    same(outputs, made.spec, makers.answers(folder / "model.onnx", inputs))
    assert made.spec.producer["embedding"] == "features"


def test_files_from_before_ir_version_4_come_in(adapt, tmp_path):
    network = makers.network(7, ending="sigmoid", opset=9)
    network.ir_version = 3
    for tensor in network.graph.initializer:
        value = helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
        network.graph.input.append(value)
    folder = makers.save(tmp_path / "m", network, NAMES)
    made, outputs, photos = adapt(folder, **PLAIN)
    inputs = (planes(photos) / 255).astype(np.float32)
    same(outputs, made.spec, makers.answers(folder / "model.onnx", inputs))


def test_weights_in_a_file_beside_the_model_are_taken_in(adapt, tmp_path):
    folder = makers.save(tmp_path / "m", makers.network(7, ending="sigmoid"), NAMES)
    model = onnx.load(folder / "model.onnx")
    path = str(folder / "model.onnx")
    onnx.save(model, path, save_as_external_data=True, location="model.data", size_threshold=0)
    made, outputs, photos = adapt(folder, **PLAIN)
    inputs = (planes(photos) / 255).astype(np.float32)
    same(outputs, made.spec, makers.answers(folder / "model.onnx", inputs))
    (folder / "model.data").unlink()
    with pytest.raises(BundleError, match=r"model\.onnx needs the file model\.data beside it"):
        adapt(folder, **PLAIN)


def test_weights_elsewhere_are_refused(adapt, tmp_path):
    network = makers.network(7, ending="sigmoid")
    tensor = network.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../secret")
    with pytest.raises(BundleError, match=r"keeps weights in '\.\./\.\./secret', which"):
        adapt(makers.save(tmp_path / "m", network, NAMES))


def test_operators_of_other_makers_do_not_stop_a_model(adapt, tmp_path):
    network = makers.network(7, ending="sigmoid")
    product = next(node for node in network.graph.node if node.op_type == "MatMul")
    product.op_type, product.domain = "FusedMatMul", "com.microsoft"
    network.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    folder = makers.save(tmp_path / "m", network, NAMES)
    made, outputs, photos = adapt(folder, **PLAIN)
    inputs = (planes(photos) / 255).astype(np.float32)
    same(outputs, made.spec, makers.answers(folder / "model.onnx", inputs))


def test_open_size_needs_to_be_said_or_is_assumed(adapt, tmp_path):
    network = makers.network(7, ending="sigmoid", open_size=True)
    folder = makers.save(tmp_path / "m", network, NAMES)
    made, outputs, photos = adapt(folder, size=[makers.WIDTH, makers.HEIGHT], **PLAIN)
    inputs = (planes(photos) / 255).astype(np.float32)
    same(outputs, made.spec, makers.answers(folder / "model.onnx", inputs))
    assert made.notes == ()
    foreign = find_foreign(folder, options=PLAIN)
    assumed = adapt_model(foreign, tmp_path / "two", model_input, bundle_makers.open_session)
    assert "224 x 224 pixels were assumed" in assumed.notes[0]
    assert assumed.spec.preprocessing.width == 224


def test_categories_become_groups_with_their_thresholds(adapt, tmp_path):
    labels = "name,category,threshold\na,animal,0.2\nb,place,\nc,animal,0.7\nd,place,\n"
    folder = makers.save(tmp_path / "m", makers.network(4, ending="sigmoid"), labels)
    made, outputs, photos = adapt(folder, threshold=0.4, **PLAIN)
    animal, place = made.spec.groups
    assert (animal.name, [label.name for label in animal.labels]) == ("animal", ["a", "c"])
    assert [label.default_threshold for label in animal.labels] == [0.2, 0.7]
    assert [label.default_threshold for label in place.labels] == [0.4, 0.4]
    expected = makers.answers(folder / "model.onnx", (planes(photos) / 255).astype(np.float32))
    assert np.abs(outputs[animal.output] - expected[:, [0, 2]]).max() <= 1e-4
    assert np.abs(outputs[place.output] - expected[:, [1, 3]]).max() <= 1e-4


def test_one_softmax_over_several_categories_is_one_group(adapt, tmp_path):
    labels = "name,category\na,x\nb,y\nc,x\n"
    folder = makers.save(tmp_path / "m", makers.network(3, ending="softmax"), labels)
    made, outputs, _ = adapt(folder, **PLAIN)
    assert len(made.spec.groups) == 1
    assert np.allclose(outputs[made.spec.groups[0].output].sum(axis=1), 1, atol=1e-5)


def test_equal_names_are_numbered_and_keep_their_outputs(adapt, tmp_path):
    labels = "crane\ndog\nCrane\n-_-\n^_^\n"
    network = makers.network(5, ending="softmax")
    folder = makers.save(tmp_path / "m", network, labels, list_name="labels.txt")
    made, _, _ = adapt(folder, **PLAIN)
    names = [label.name for label in made.spec.groups[0].labels]
    assert names == ["crane", "dog", "Crane (2)", "-_-", "^_^"]


def test_ids_are_the_same_when_a_model_comes_in_again(tmp_path):
    folder = makers.save(tmp_path / "m", makers.network(7, ending="sigmoid"), NAMES)
    one, two = (
        adapt_model(
            find_foreign(folder), tmp_path / place, model_input, bundle_makers.open_session
        ).spec
        for place in ("a", "b")
    )
    assert one.groups == two.groups
    assert one.bundle_id == two.bundle_id


def test_retrained_heads_fit_the_backbone_of_a_foreign_model(adapt, tmp_path):
    folder = makers.save(tmp_path / "m", makers.network(7, ending="sigmoid"), NAMES)
    parent = adapt(folder, **PLAIN)[0].spec
    group = BundleGroup("g", "g", "multi", bundle_makers.labels("l", ["a", "b"]))
    arrays = {"weight": np.ones((makers.FEATURES, 2), np.float32), "bias": np.zeros(2, np.float32)}
    child = bundle_makers.make(
        tmp_path / "child",
        spec=replace(parent, groups=(group,), parent=parent.bundle_id),
        backbone=load_model(tmp_path / "out" / "model.onnx"),
        heads=[Head("g", "linear", "identity", "multi", arrays)],
    )
    assert child.space_id == parent.space_id


def test_anything_can_be_added_to_the_store(tmp_path):
    store = BundleStore(tmp_path / "bundles")
    folder = makers.save(tmp_path / "My model", makers.network(7, ending="sigmoid"), NAMES)
    (tmp_path / "tiny").mkdir()
    bundle_makers.make(tmp_path / "tiny")
    common = (store, model_input, bundle_makers.open_session)
    assert add_model(folder, *common).spec.name == "My model"
    assert add_model(folder / "model.onnx", *common).spec == store.list()[0]
    assert add_model(tmp_path / "tiny", *common).spec.name == "Tiny"
    assert len(store.list()) == 2


@pytest.mark.parametrize(
    ("labels", "options", "sentence"),
    [
        ("a\nb\n", {}, r"labels\.txt lists 2 labels, but model\.onnx gives 7 scores per photo"),
        ("a\n" * 7, {"size": [99, 99]}, r"model\.onnx takes 40 x 32 pixels, not 99 x 99"),
        ("a\n" * 7, {"output_name": "z"}, r"has no output 'z'; it has: y"),
        ("a\n" * 7, {"layout": "CHWN"}, r"options\.layout is 'CHWN', not one of: NCHW, NHWC"),
        ("a\n" * 7, {"colour": "red"}, r"colour is not an option"),
        ("a\n" * 7, {"mean": [1, 2]}, r"mean needs 3 numbers"),
        ("a\n" * 7, {"std": [0, 1, 1]}, r"std is 0"),
        ("a\n" * 7, {"output": "probabilities"}, r"numbers outside 0 to 1"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(adapt, tmp_path, labels, options, sentence):
    folder = makers.save(tmp_path / "m", makers.network(7), labels, list_name="labels.txt")
    with pytest.raises(BundleError, match=sentence):
        adapt(folder, **options)
    assert not (tmp_path / "out").exists()


def test_files_that_are_no_taggers_are_refused(adapt, tmp_path):
    network = makers.network(7)
    network.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1]))
    with pytest.raises(BundleError, match="has the inputs 'x', 'mask'"):
        adapt(makers.save(tmp_path / "two", network, NAMES))
    network = makers.network(7)
    network.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", TensorProto.INT64, [1, 9]))
    with pytest.raises(BundleError, match="is no batch of pictures"):
        adapt(makers.save(tmp_path / "text", network, NAMES))
    folder = makers.save(tmp_path / "cut", makers.network(7), NAMES)
    (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:900])
    with pytest.raises(BundleError, match=r"model\.onnx is not an ONNX model, or is cut off"):
        adapt(folder)
