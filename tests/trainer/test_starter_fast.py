"""The fast starter is made alike everywhere, safe on every processor, and of known weights only."""

import dataclasses
import json

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tagger.bundle.errors import GoldenMismatch
from tagger.bundle.golden import check_golden
from tagger.bundle.graph import is_quantized, load_model
from tagger.bundle.store import BundleStore
from tagger.bundle.validate import validate_bundle
from tagger.imaging.model_input import model_input
from trainer.session import open_session
from trainer.starter import build
from trainer.starter.build import FAST_STARTER, STARTER, ensure_starter
from trainer.starter.checkpoint import CheckpointError, read_checkpoint
from trainer.starter.int8 import FLOAT_LAYERS, int8_backbone
from trainer.starter.maps import starter_file
from trainer.starter.measured import MEASURED_FILE, measured_text, read_measured
from trainer.starter.rounding import (
    PAIR_LIMIT,
    channel_moments,
    neighbour_moments,
    round_channels,
    round_filters,
)
from trainer.starter.weights import weights, weights_path


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """A folder of bundles with both starters in it."""
    folder = tmp_path_factory.mktemp("bundles")
    ensure_starter(folder)
    ensure_starter(folder, variant=FAST_STARTER)
    return folder


@pytest.fixture
def fast(bundles):
    return ensure_starter(bundles, variant=FAST_STARTER)


@pytest.fixture(scope="module")
def graph(bundles):
    spec = ensure_starter(bundles, variant=FAST_STARTER)
    return load_model(BundleStore(bundles).folder(spec.bundle_id) / "model.onnx")


def whole_weights(graph: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Return the whole weights by layer: int8 [O, I, kernel, kernel]."""
    end = ".weight.whole"
    return {
        tensor.name.removesuffix(end): numpy_helper.to_array(tensor)
        for tensor in graph.graph.initializer
        if tensor.name.endswith(end)
    }


def test_the_fast_starter_is_valid_and_gives_its_golden_answers(bundles, fast):
    folder = BundleStore(bundles).folder(fast.bundle_id)
    assert validate_bundle(folder) == fast
    check_golden(folder, model_input, open_session((folder / "model.onnx").read_bytes()))


def test_it_has_the_starters_labels_and_embeddings_of_its_own(bundles, fast):
    starter = ensure_starter(bundles)
    assert fast.groups == starter.groups
    assert fast.space_id != starter.space_id
    assert fast.parent is None
    assert "twice as fast" in fast.producer["summary"]


def test_it_is_made_alike_every_time(tmp_path, fast):
    assert ensure_starter(tmp_path, variant=FAST_STARTER).bundle_id == fast.bundle_id


def test_all_but_the_first_layers_are_whole_numbers(graph):
    layers = whole_weights(graph)
    convolutions = [node.name for node in graph.graph.node if node.op_type == "Conv"]
    assert set(convolutions) - set(layers) == set(FLOAT_LAYERS)
    assert all(whole.dtype == np.int8 for whole in layers.values())
    assert is_quantized(graph)


def test_no_two_weights_multiplied_together_can_overflow_16_bits(graph):
    for name, whole in whole_weights(graph).items():
        if whole.shape[2:] == (1, 1):
            pairs = whole.astype(int).reshape(len(whole), -1, 2).sum(axis=2)
            assert np.abs(pairs).max() <= PAIR_LIMIT, name


@pytest.mark.parametrize("wrong", ["swapped channels", "saturating processor"])
def test_a_pipeline_that_answers_otherwise_fails_the_golden_check(bundles, fast, graph, wrong):
    folder = BundleStore(bundles).folder(fast.bundle_id)
    if wrong == "swapped channels":
        honest = open_session((folder / "model.onnx").read_bytes())

        def run(pixels):
            return honest(np.ascontiguousarray(pixels[..., ::-1]))
    else:
        run = open_session(saturated(graph).SerializeToString())
    with pytest.raises(GoldenMismatch, match="answers differently here"):
        check_golden(folder, model_input, run)


def saturated(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph with its large weights cut, as an overflowing processor does on average."""
    changed = onnx.ModelProto()
    changed.CopyFrom(graph)
    for tensor in changed.graph.initializer:
        if tensor.name.endswith(".weight.whole"):
            cut = np.clip(numpy_helper.to_array(tensor), -64, 64)
            tensor.CopyFrom(numpy_helper.from_array(cut, tensor.name))
    return changed


def test_a_graph_that_is_not_fused_passes_the_golden_check(bundles, fast):
    """Another runtime rounds elsewhere: here the same graph in float, step by step."""
    import onnxruntime

    folder = BundleStore(bundles).folder(fast.bundle_id)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(folder / "model.onnx", options)
    names = [output.name for output in session.get_outputs()]
    check_golden(
        folder,
        model_input,
        lambda pixels: dict(zip(names, session.run(names, {"image": pixels}), strict=True)),
    )


def test_other_weights_than_those_measured_are_refused_in_a_sentence(tmp_path, monkeypatch):
    other = dataclasses.replace(read_measured(), weights_sha256="0" * 64)
    monkeypatch.setattr(build, "read_measured", lambda: other)
    with pytest.raises(CheckpointError, match="was measured for other weights than those"):
        ensure_starter(tmp_path, variant=FAST_STARTER)
    assert BundleStore(tmp_path).list() == []


def test_a_layer_that_was_not_measured_is_named():
    measured = read_measured()
    channels = {name: values for name, values in measured.channels.items() if name != "head"}
    tensors = read_checkpoint(weights_path(), weights().sha256)
    with pytest.raises(CheckpointError, match="no fitting numbers for 'head'"):
        int8_backbone(tensors, dataclasses.replace(measured, channels=channels))


def test_the_measured_numbers_are_read_as_they_were_written():
    assert measured_text(read_measured()).encode() == starter_file(MEASURED_FILE)
    assert len(starter_file(MEASURED_FILE)) < 300_000


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"format": "x", "version": 1}'])
def test_a_damaged_file_of_numbers_is_refused_in_a_sentence(content):
    with pytest.raises(CheckpointError, match=r"fast\.json is not readable"):
        read_measured(content)


def test_new_numbers_make_a_new_fast_starter_and_leave_the_starter_alone(monkeypatch):
    recipes = STARTER.recipe(), FAST_STARTER.recipe()

    def changed(name):
        if name != MEASURED_FILE:
            return starter_file(name)
        data = json.loads(starter_file(name))
        data["ranges"]["blocks.1.project"][1] += 1
        return json.dumps(data).encode()

    monkeypatch.setattr(build, "starter_file", changed)
    assert STARTER.recipe() == recipes[0]
    assert FAST_STARTER.recipe() != recipes[1]


def mean_error(whole, step, weight, inputs):
    """Mean squared error of the answers to these inputs, relative to the answers: one number."""
    error = (whole * step[:, None] - weight) @ inputs
    return (error**2).mean() / ((weight @ inputs) ** 2).mean()


def test_rounding_by_moments_beats_rounding_to_the_nearest_step():
    random = np.random.default_rng(3)
    weight = random.standard_normal((40, 64))
    axes, own = np.abs(random.standard_normal((2, 64))), np.full(64, 0.3)
    inputs = axes.T @ random.standard_normal((2, 500)) + own[:, None] * random.standard_normal(
        (64, 500)
    )
    rounded = round_channels(weight, np.full(40, 1e-9), channel_moments(axes, own))
    nearest = np.round(weight / rounded.step[:, None])
    ours = mean_error(rounded.whole, rounded.step, weight, inputs)
    assert ours < 0.6 * mean_error(nearest, rounded.step, weight, inputs)


def test_rounded_filters_keep_what_they_say_of_even_surfaces():
    weight = np.random.default_rng(4).standard_normal((50, 25))
    moments = neighbour_moments(5, 0.9)
    rounded = round_filters(weight, np.full(50, 1e-9), moments)
    off = np.abs((rounded.whole * rounded.step[:, None] - weight).sum(axis=1))
    nearest = np.abs(weight).max(axis=1)[:, None] / 127
    plain = np.abs((np.round(weight / nearest) * nearest - weight).sum(axis=1))
    assert off.mean() < 0.25 * plain.mean()
    assert np.abs(rounded.whole).max() <= 127
