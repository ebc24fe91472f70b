"""Heads as a graph and heads in NumPy give the same scores."""

import bundle_makers as makers
import numpy as np
import onnx
import pytest

from tagger.bundle.errors import BundleError
from tagger.bundle.graph import model_bytes
from tagger.bundle.head_graph import attach_heads, backbone_hash, backbone_of
from tagger.bundle.heads import head_scores


@pytest.fixture
def photos() -> np.ndarray:
    random = np.random.default_rng(3)
    return random.integers(0, 256, (5, makers.HEIGHT, makers.WIDTH, 3), dtype=np.uint8)


HEADS = {
    "linear": makers.linear("g", 6),
    "linear-null": makers.linear("g", 4, "single", has_null=True),
    "linear-sigmoid-single": makers.linear("g", 4, "single", link="sigmoid"),
    "sum-multi": makers.softmax_sum("g", 5, "multi"),
    "sum-multi-normalised": makers.softmax_sum("g", 5, "multi", normalise=True),
    "sum-single": makers.softmax_sum("g", 5, "single"),
    "sum-single-normalised": makers.softmax_sum("g", 5, "single", normalise=True),
    "sum-single-null": makers.softmax_sum("g", 5, "single", has_null=True),
    "mlp-sqrt": makers.mlp("g", 5),
    "neighbours": makers.neighbours("g", 5),
    "neighbours-known": makers.neighbours("g", 5, known=True),
    "neighbours-single": makers.neighbours("g", 4, "single"),
    "ensemble": makers.ensemble(
        "g", 6, [makers.softmax_sum("g", 4, "multi"), makers.mlp("g", 3), makers.linear("g", 2)]
    ),
    "ensemble-single": makers.ensemble(
        "g",
        5,
        [makers.softmax_sum("g", 4, "single", has_null=True), makers.linear("g", 3)],
        "single",
        has_null=True,
    ),
}


@pytest.mark.parametrize("name", HEADS)
def test_graph_and_numpy_give_the_same_scores(name, photos):
    head = HEADS[name]
    model = attach_heads(makers.backbone(), [head])
    onnx.checker.check_model(model, full_check=True)
    outputs = makers.open_session(model_bytes(model))(photos)
    expected = head_scores(head, outputs["embedding"])
    assert outputs["scores/g"].shape == (5, head.labels)
    assert np.abs(outputs["scores/g"] - expected).max() <= 1e-5


def test_any_number_of_photos_goes_through(photos):
    run = makers.open_session(model_bytes(attach_heads(makers.backbone(), [HEADS["ensemble"]])))
    together = run(photos)["scores/g"]
    alone = np.concatenate([run(photos[at : at + 1])["scores/g"] for at in range(len(photos))])
    assert np.abs(together - alone).max() <= 1e-6


def test_backbone_comes_back_unchanged_after_heads_were_attached():
    plain = makers.backbone()
    model = attach_heads(plain, [HEADS["ensemble"]])
    again = attach_heads(model, [HEADS["linear"]])
    assert backbone_hash(model) == backbone_hash(plain) == backbone_hash(again)
    assert [output.name for output in again.graph.output] == ["embedding", "scores/g"]
    kept = backbone_of(again)
    assert len(kept.graph.node) == len(plain.graph.node)
    assert len(kept.graph.initializer) == len(plain.graph.initializer)
    assert not [
        n
        for n in again.graph.initializer
        if n.name.startswith("heads/g/")
        and n.name not in {i for node in again.graph.node for i in node.input}
    ]


@pytest.mark.parametrize("version", [7, 8, 14])
def test_runtime_reads_what_any_onnx_package_wrote(version, photos):
    plain = makers.backbone()
    plain.ir_version = version
    model = attach_heads(plain, [HEADS["linear"]])
    assert makers.open_session(model_bytes(model))(photos)["scores/g"].shape == (5, 6)
    assert backbone_hash(model) == backbone_hash(makers.backbone())


def test_attaching_leaves_the_given_model_alone():
    plain = makers.backbone()
    before = plain.SerializeToString(deterministic=True)
    attach_heads(plain, [HEADS["mlp-sqrt"]])
    assert plain.SerializeToString(deterministic=True) == before


def test_other_weights_are_another_backbone():
    assert backbone_hash(makers.backbone(0)) != backbone_hash(makers.backbone(1))


def test_graph_without_embedding_is_refused():
    model = makers.backbone()
    model.graph.node[-1].output[0] = "elsewhere"
    with pytest.raises(BundleError, match="no tensor called 'embedding'"):
        attach_heads(model, [])


def test_head_for_another_embedding_size_is_refused():
    head = makers.linear("g", 3)
    head.arrays["weight"] = head.arrays["weight"][:5]
    with pytest.raises(BundleError, match="g/weight has shape"):
        attach_heads(makers.backbone(), [head])
