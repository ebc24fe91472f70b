"""A foreign model comes in through the child, suggests, and needs no ONNX Runtime in the caller."""

import subprocess
import sys

import bundle_makers
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tagger.bundle.store import BundleStore
from tagger.suggest.adding import add_foreign
from tagger.suggest.blocking import run_suggest
from tagger.suggest.client import SuggesterError


def foreign_classifier(path):
    """Write a small NCHW float classifier of three labels, with logits, and its label list."""
    random = np.random.default_rng(3)
    weights = {
        "w": random.normal(0, 0.3, (4, 3, 3, 3)),
        "b": random.normal(0, 0.1, 4),
        "last": random.normal(0, 4, (4, 3)),
        "bias": random.normal(0, 1, 3),
    }
    nodes = [
        helper.make_node("Conv", ["input", "w", "b"], ["c"], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "last", "bias"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "foreign",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, 32, 32])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 3])],
        [numpy_helper.from_array(a.astype(np.float32), n) for n, a in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path / "model.onnx")
    (path / "labels.csv").write_text("name\ncat\ndog\nbird\n")
    return path / "model.onnx"


def test_a_foreign_model_comes_in_and_suggests(tmp_path, make_library):
    source = foreign_classifier(tmp_path)
    store = BundleStore(tmp_path / "bundles")
    notes = []
    spec = add_foreign(source, store, {"kind": "multi", "scale": 1 / 255}, notes.append)
    assert [label.name for label in spec.groups[0].labels] == ["cat", "dog", "bird"]
    assert store.get(spec.bundle_id) == spec
    home = make_library(6)
    result = run_suggest(home, store.folder(spec.bundle_id))
    assert (result.done, result.bundle) == (6, spec.bundle_id)


def test_a_bundle_comes_in_the_same_way(tmp_path):
    made = bundle_makers.make(tmp_path / "made")
    store = BundleStore(tmp_path / "bundles")
    assert add_foreign(tmp_path / "made", store, {}).bundle_id == made.bundle_id


def test_what_is_no_model_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"this is no model")
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    with pytest.raises(SuggesterError, match=r"model\.onnx"):
        add_foreign(tmp_path / "model.onnx", BundleStore(tmp_path / "bundles"), {})
    assert not (tmp_path / "bundles").exists() or BundleStore(tmp_path / "bundles").list() == []


def test_a_wrong_option_is_refused_by_name(tmp_path):
    source = foreign_classifier(tmp_path)
    with pytest.raises(SuggesterError, match="colour"):
        add_foreign(source, BundleStore(tmp_path / "bundles"), {"colour": "BGR"})


def test_the_caller_needs_no_onnx_runtime():
    script = (
        "import sys, tagger.suggest.adding\n"
        "print('onnxruntime' in sys.modules, 'onnx' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


def test_wrong_usage_of_the_child_is_said(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tagger", "_suggester", "--nonsense"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "usage" in done.stderr
