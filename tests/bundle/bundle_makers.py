"""Small real bundles for tests: a convolution network on uint8 photos, run by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from tagger.bundle.heads import Head
from tagger.bundle.spec import BundleGroup, BundleLabel, BundleSpec
from tagger.bundle.write import make_bundle
from tagger.core.preprocessing import Preprocessing
from tagger.imaging.model_input import model_input

WIDTH, HEIGHT, SIZE = 48, 40, 12
PREPROCESSING = Preprocessing(WIDTH, HEIGHT)


def open_session(content: bytes):
    """Open a model with ONNX Runtime as the suggester does, and return a function that runs it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    entry = session.get_inputs()[0].name
    return lambda pixels: dict(zip(names, session.run(names, {entry: pixels}), strict=True))


def run_folder(folder: Path):
    """Open the graph of a bundle folder."""
    return open_session((folder / "model.onnx").read_bytes())


def backbone(seed: int = 0, opset: int = 18) -> onnx.ModelProto:
    """Return image uint8 [N, H, W, 3] -> embedding [N, SIZE]: two convolutions and a pooling."""
    random = np.random.default_rng(seed)
    weights = {
        "one/w": random.normal(0, 0.4, (8, 3, 3, 3)),
        "one/b": random.normal(0, 0.1, 8),
        "two/w": random.normal(0, 0.3, (SIZE, 8, 3, 3)),
        "two/b": random.normal(0, 0.1, SIZE),
        "scale": np.asarray(127.5),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Div", ["planes", "scale"], ["scaled"]),
        helper.make_node("Conv", ["scaled", "one/w", "one/b"], ["c1"], strides=[2, 2]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "two/w", "two/b"], ["c2"]),
        helper.make_node("Relu", ["c2"], ["r2"]),
        helper.make_node("GlobalAveragePool", ["r2"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", HEIGHT, WIDTH, 3])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", SIZE])],
        [numpy_helper.from_array(a.astype(np.float32), n) for n, a in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def linear(group: str, outputs: int, kind: str = "multi", seed: int = 1, **options) -> Head:
    random = np.random.default_rng(seed)
    arrays = {
        "weight": random.normal(0, 2, (SIZE, outputs)).astype(np.float32),
        "bias": random.normal(0, 1, outputs).astype(np.float32),
    }
    return Head(group, "linear", "identity", kind, arrays, options)


def softmax_sum(group: str, labels: int, kind: str, seed: int = 2, **options) -> Head:
    random = np.random.default_rng(seed)
    rows = np.zeros((20, labels), np.uint8)
    rows[np.arange(15), np.arange(15) % labels] = 1
    if kind == "multi":
        rows[3, :2] = 1
    arrays = {
        "weight": random.normal(0, 3, (SIZE, 20)).astype(np.float32),
        "bias": random.normal(0, 1, 20).astype(np.float32),
        "rows": rows,
    }
    return Head(group, "softmax_sum", "identity", kind, arrays, options)


def mlp(group: str, outputs: int, kind: str = "multi", seed: int = 3, **options) -> Head:
    random = np.random.default_rng(seed)
    arrays = {
        "w0": random.normal(0, 1, (SIZE, 9)).astype(np.float32),
        "b0": random.normal(0, 1, 9).astype(np.float32),
        "w1": random.normal(0, 1, (9, outputs)).astype(np.float32),
        "b1": random.normal(0, 1, outputs).astype(np.float32),
    }
    return Head(group, "mlp", "sqrt", kind, arrays, options)


def neighbours(group: str, outputs: int, kind: str = "multi", known: bool = False) -> Head:
    random = np.random.default_rng(6)
    photos = random.normal(0, 1, (12, 4))
    said = random.integers(0, 2, (12, outputs)) * 255
    arrays = {
        "axes": random.normal(0, 1, (SIZE, 4)).astype(np.float32),
        "shift": random.normal(0, 1, 4).astype(np.float32),
        "photos": (photos / np.linalg.norm(photos, axis=1, keepdims=True)).astype(np.float32),
        "said": said.astype(np.uint8),
        "usual": random.uniform(0.1, 0.9, outputs).astype(np.float32),
    }
    if known:
        arrays["known"] = np.where(said, 255, 76).astype(np.uint8)
    options = {"sharpness": 20.0, "doubt": 0.02}
    return Head(group, "neighbours", "sqrt", kind, arrays, options)


def ensemble(group: str, outputs: int, members: list[Head], kind: str = "multi", **options) -> Head:
    random = np.random.default_rng(4)
    columns = np.stack(
        [random.integers(-1, member.outputs, outputs, dtype=np.int32) for member in members]
    )
    arrays = {
        "columns": columns,
        "weights": random.normal(0, 1, columns.shape).astype(np.float32),
        "bias": random.normal(0, 1, outputs).astype(np.float32),
    }
    return Head(group, "ensemble", "identity", kind, arrays, options, tuple(members))


def labels(prefix: str, names: list[str], **more) -> tuple[BundleLabel, ...]:
    return tuple(BundleLabel(f"{prefix}-{name}", name, **more) for name in names)


def spec() -> BundleSpec:
    """Return a spec with a multi group, and two single groups, one gated and one with null."""
    tags = labels("t", ["animal", "dog", "cat", "beach", "tree"])
    tags = (tags[0], BundleLabel("t-dog", "dog", ("puppy",), "t-animal", 0.4, 12), *tags[2:])
    return BundleSpec(
        name="Tiny",
        preprocessing=PREPROCESSING,
        groups=(
            BundleGroup("g-tags", "tags", "multi", tags, operating_points={"balanced": (0.5,) * 5}),
            BundleGroup("g-breed", "breed", "single", labels("b", ["Pug", "Boxer"]), gate="t-dog"),
            BundleGroup(
                "g-wear", "wear", "single", labels("w", ["shoe", "hat", "sock"]), has_null=True
            ),
        ),
        embedding_size=SIZE,
        licence="MIT",
    )


def heads() -> list[Head]:
    return [
        softmax_sum("g-tags", 5, "multi"),
        softmax_sum("g-breed", 2, "single", seed=5, normalise=True),
        linear("g-wear", 4, "single", has_null=True),
    ]


def make(folder: Path, **changes) -> BundleSpec:
    """Write the small bundle with ONNX Runtime and the real preprocessing."""
    parts = {"spec": spec(), "backbone": backbone(), "heads": heads(), "card": "# Tiny"} | changes
    return make_bundle(folder, **parts, prepare=model_input, open_session=open_session)
