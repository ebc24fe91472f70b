"""Small real ONNX classifiers as other people publish them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

WIDTH, HEIGHT, FEATURES = 40, 32, 16


def network(
    labels: int,
    *,
    layout: str = "NCHW",
    dtype: str = "float",
    batch: int | str = "batch",
    ending: str = "gemm",
    flatten: str = "flatten",
    first: tuple[str, float] | None = None,
    opset: int = 17,
    open_size: bool = False,
    seed: int = 0,
) -> onnx.ModelProto:
    """Return a classifier with input `x` and output `y` [batch, labels].

    Args:
        labels: number of outputs.
        layout: NCHW or NHWC.
        dtype: `float`, `uint8` or `float16`.
        batch: fixed number or name.
        ending: how it ends, a key of `ENDINGS`.
        flatten: `flatten`, or `reshape` with the batch written into the target shape.
        first: operator and number applied to the input inside the graph.
        opset: operator set.
        open_size: leave height and width open.
        seed: of the weights.
    """
    random = np.random.default_rng(seed)
    number = np.float16 if dtype == "float16" else np.float32
    weights = {
        "conv/w": random.normal(0, 0.5, (FEATURES, 3, 5, 5)),
        "conv/b": random.normal(0, 0.3, FEATURES),
        "last/w": random.normal(0, 0.7, (FEATURES, labels)),
        "last/b": random.normal(0, 0.5, labels),
    }
    nodes, x = [], "x"
    if dtype == "uint8":
        nodes.append(helper.make_node("Cast", [x], ["asfloat"], to=TensorProto.FLOAT))
        weights["255"] = np.asarray(255.0)
        nodes.append(helper.make_node("Div", ["asfloat", "255"], ["unit"]))
        x = "unit"
    if first:
        weights["first"] = np.asarray(first[1])
        nodes.append(helper.make_node(first[0], [x, "first"], ["begun"]))
        x = "begun"
    if layout == "NHWC":
        nodes.append(helper.make_node("Transpose", [x], ["planes"], perm=[0, 3, 1, 2]))
        x = "planes"
    nodes += [
        helper.make_node("Conv", [x, "conv/w", "conv/b"], ["c"], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["pooled"]),
    ]
    shapes = {}
    if flatten == "reshape":
        shapes["target"] = np.asarray([batch if isinstance(batch, int) else -1, FEATURES], np.int64)
        nodes.append(helper.make_node("Reshape", ["pooled", "target"], ["f"]))
    else:
        nodes.append(helper.make_node("Flatten", ["pooled"], ["f"]))
    ENDINGS[ending](nodes, weights, labels)
    kind = {"float": TensorProto.FLOAT, "uint8": TensorProto.UINT8, "float16": TensorProto.FLOAT16}[
        dtype
    ]
    sides = ["h", "w"] if open_size else [HEIGHT, WIDTH]
    shape = [batch, 3, *sides] if layout == "NCHW" else [batch, *sides, 3]
    out = TensorProto.FLOAT16 if dtype == "float16" else TensorProto.FLOAT
    arrays = {
        name: np.asarray(value, None if np.asarray(value).dtype == np.int64 else number)
        for name, value in weights.items()
    }
    graph = helper.make_graph(
        nodes,
        "foreign",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", out, [batch, labels])],
        [numpy_helper.from_array(value, name) for name, value in (arrays | shapes).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def _gemm(nodes, weights, labels, output="y"):
    nodes.append(helper.make_node("Gemm", ["f", "last/w", "last/b"], [output]))


def _gemm_turned(nodes, weights, labels):
    weights["last/w"] = weights["last/w"].T
    nodes.append(
        helper.make_node("Gemm", ["f", "last/w", "last/b"], ["y"], transB=1, alpha=0.5, beta=2.0)
    )


def _matmul_add(nodes, weights, labels, output="y"):
    nodes.append(helper.make_node("MatMul", ["f", "last/w"], ["m"]))
    nodes.append(helper.make_node("Add", ["last/b", "m"], [output]))


def _sigmoid(nodes, weights, labels):
    _matmul_add(nodes, weights, labels, "z")
    nodes.append(helper.make_node("Sigmoid", ["z"], ["y"]))


def _softmax(nodes, weights, labels):
    _gemm(nodes, weights, labels, "z")
    nodes.append(helper.make_node("Identity", ["z"], ["z2"]))
    nodes.append(helper.make_node("Softmax", ["z2"], ["y"], axis=-1))


def _pointwise(nodes, weights, labels):
    nodes.pop()
    weights["last/w"] = weights["last/w"].T[:, :, None, None]
    nodes.append(helper.make_node("Conv", ["pooled", "last/w", "last/b"], ["k"]))
    nodes.append(helper.make_node("Flatten", ["k"], ["z"]))
    nodes.append(helper.make_node("Softmax", ["z"], ["y"], axis=1))


def _bent(nodes, weights, labels, output="y"):
    """No last matrix product that anybody would recognise."""
    _gemm(nodes, weights, labels, "z")
    nodes.append(helper.make_node("Softplus", ["z"], ["s"]))
    weights["shift"] = np.asarray(1.0)
    nodes.append(helper.make_node("Sub", ["s", "shift"], [output]))


def _bent_sigmoid(nodes, weights, labels):
    _bent(nodes, weights, labels, "b")
    nodes.append(helper.make_node("Sigmoid", ["b"], ["y"]))


def _bent_share(nodes, weights, labels):
    """Probabilities that sum to one, made without the operator Softmax."""
    _gemm(nodes, weights, labels, "z")
    nodes.append(helper.make_node("Exp", ["z"], ["e"]))
    nodes.append(helper.make_node("ReduceMean", ["e"], ["mean"], axes=[1], keepdims=1))
    weights["count"] = np.asarray(float(labels))
    nodes.append(helper.make_node("Mul", ["mean", "count"], ["sum"]))
    nodes.append(helper.make_node("Div", ["e", "sum"], ["y"]))


def _token(nodes, weights, labels):
    """A class token of a single photo is joined on."""
    weights["token"] = np.ones((1, FEATURES))
    nodes.append(helper.make_node("Concat", ["f", "token"], ["both"], axis=1))
    weights["last/w"] = np.concatenate([weights["last/w"], weights["last/w"] * 0.3])
    nodes.append(helper.make_node("MatMul", ["both", "last/w"], ["m"]))
    nodes.append(helper.make_node("Add", ["m", "last/b"], ["z"]))
    nodes.append(helper.make_node("Sigmoid", ["z"], ["y"]))


def _merged(nodes, weights, labels):
    """Photos and features are merged in a way that only works for one photo."""
    weights["flat"] = np.asarray([FEATURES], np.int64)
    nodes.append(helper.make_node("Reshape", ["f", "flat"], ["row"]))
    nodes.append(helper.make_node("MatMul", ["row", "last/w"], ["m"]))
    nodes.append(helper.make_node("Add", ["m", "last/b"], ["z"]))
    nodes.append(helper.make_node("Sigmoid", ["z"], ["s"]))
    weights["back"] = np.asarray([1, labels], np.int64)
    nodes.append(helper.make_node("Reshape", ["s", "back"], ["y"]))


ENDINGS = {
    "merged": _merged,
    "gemm": _gemm,
    "gemm-turned": _gemm_turned,
    "matmul-add": _matmul_add,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
    "pointwise": _pointwise,
    "bent": _bent,
    "bent-sigmoid": _bent_sigmoid,
    "bent-share": _bent_share,
    "token": _token,
}


def save(folder: Path, model: onnx.ModelProto, labels: str, *, list_name="labels.csv") -> Path:
    """Write model and label list into a new folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / list_name).write_text(labels, encoding="utf-8")
    return folder


def answers(path: Path, inputs: np.ndarray) -> np.ndarray:
    """Run a foreign file as its maker would, one photo at a time: float32 [N, L]."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rows = [session.run(["y"], {"x": row[None]})[0][0] for row in inputs]
    return np.stack(rows).astype(np.float32)
