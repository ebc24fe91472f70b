"""Heads as ONNX nodes, giving the numbers of `heads.py`, and the backbone without them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tagger.bundle.errors import BundleError
from tagger.bundle.graph import EMBEDDING, graph_hash, opset_of, shape_of, subgraph_to
from tagger.bundle.head_rules import check_head
from tagger.bundle.heads import FULL, TINY, Head, layer_count

MIN_OPSET = 13
"""The heads' nodes mean the same from this operator set on."""

IR_VERSIONS = (8, 10)
"""Oldest and newest file version that is written. onnx 1.23 writes 14 by default, which ONNX
Runtime 1.31 refuses (it reads up to 13); nothing here needs more than 10."""

BATCH = "N"
"""Name of the free first dimension of input and outputs."""


def attach_heads(backbone: onnx.ModelProto, heads: Sequence[Head]) -> onnx.ModelProto:
    """Return a model `image` -> `embedding`, `scores/<group id>` for every head.

    Args:
        backbone: a model with an output `embedding` float32 [N, D]; heads it has are dropped.
        heads: the heads, in the order of the outputs.

    Raises:
        BundleError: the backbone has no `embedding` of known size, its operator set is too old,
            or a head does not fit it.
    """
    model = backbone_of(backbone)
    if opset_of(model) < MIN_OPSET:
        raise BundleError(f"the graph uses operator set {opset_of(model)}; {MIN_OPSET} is needed")
    oldest, newest = IR_VERSIONS
    if not any(t.data_type >= TensorProto.FLOAT4E2M1 for t in model.graph.initializer):
        model.ir_version = min(max(model.ir_version, oldest), newest)
    size = embedding_size(model)
    constants: dict[bytes, str] = {}
    for head in heads:
        outputs = check_head(head, size)
        nodes = _Nodes(model.graph, f"heads/{head.group}", constants)
        _scores(nodes, head, _logits(nodes, head, EMBEDDING), outputs)
        model.graph.output.append(
            helper.make_tensor_value_info(
                f"scores/{head.group}", TensorProto.FLOAT, [BATCH, head.labels]
            )
        )
    return model


def backbone_of(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the part of a model that makes `embedding`, as a new model without scores.

    Raises:
        BundleError: the graph makes no tensor `embedding`.
    """
    return subgraph_to(model, [EMBEDDING])


def backbone_hash(model: onnx.ModelProto) -> str:
    """Return 32 hex digits that name the part of a graph that makes the embedding.

    Raises:
        BundleError: the graph makes no tensor `embedding`.
    """
    return graph_hash(backbone_of(model))[:32]


def embedding_size(model: onnx.ModelProto) -> int:
    """Return the length D of the output `embedding`.

    Raises:
        BundleError: there is no such output, or its size is not declared.
    """
    for value in model.graph.output:
        shape = shape_of(value)
        if value.name == EMBEDDING and shape and len(shape) == 2 and isinstance(shape[1], int):
            return shape[1]
    raise BundleError("the graph declares no output 'embedding' of shape [N, D]")


class _Nodes:
    """Appends nodes and constants to a graph under names with one prefix.

    Equal constants are stored once, also across heads (`constants`: digest to name): the starter's
    groups share one classifier of 5 MB.
    """

    def __init__(self, graph: onnx.GraphProto, prefix: str, constants: dict[bytes, str]) -> None:
        self.graph = graph
        self.prefix = prefix
        self.constants = constants
        self.count = 0

    def name(self, what: str) -> str:
        """Return a new name."""
        self.count += 1
        return f"{self.prefix}/{self.count}/{what}"

    def constant(self, array: NDArray[Any], what: str) -> str:
        """Add a constant, unless an equal one is there, and return its name."""
        array = np.ascontiguousarray(array)
        facts = f"{array.dtype} {array.shape} ".encode()
        digest = hashlib.sha256(facts + array.tobytes()).digest()
        if digest not in self.constants:
            self.constants[digest] = name = self.name(what)
            self.graph.initializer.append(numpy_helper.from_array(array, name))
        return self.constants[digest]

    def number(self, value: float, what: str) -> str:
        """Add a float32 scalar and return its name."""
        return self.constant(np.asarray(value, dtype=np.float32), what)

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        name = self.name(op.lower())
        self.graph.node.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def layer(self, x: str, weight: NDArray[Any], bias: NDArray[Any]) -> str:
        """Add x @ weight + bias and return the output's name."""
        names = (self.constant(_f32(weight), "weight"), self.constant(_f32(bias), "bias"))
        return self.add("Gemm", x, *names)


def _logits(nodes: _Nodes, head: Head, x: str) -> str:
    if head.input == "sqrt":
        x = nodes.add("Mul", nodes.add("Sign", x), nodes.add("Sqrt", nodes.add("Abs", x)))
    if head.type == "linear":
        return _linear(nodes, head, x)
    if head.type == "softmax_sum":
        return _softmax_sum(nodes, head, x)
    if head.type == "mlp":
        for layer in range(layer_count(head)):
            x = nodes.add("Relu", x) if layer else x
            x = nodes.layer(x, head.arrays[f"w{layer}"], head.arrays[f"b{layer}"])
        return x
    if head.type == "neighbours":
        return _neighbours(nodes, head, x)
    return _ensemble(nodes, head, x)


def _linear(nodes: _Nodes, head: Head, x: str) -> str:
    if "select" not in head.arrays:
        return nodes.layer(x, head.arrays["weight"], head.arrays["bias"])
    columns = nodes.constant(head.arrays["select"].astype(np.int64), "select")
    picked = nodes.add("Gather", x, columns, axis=1)
    return nodes.add("Add", picked, nodes.constant(_f32(head.arrays["bias"]), "bias"))


def _softmax_sum(nodes: _Nodes, head: Head, x: str) -> str:
    rows = _f32(head.arrays["rows"])
    layer = nodes.layer(x, head.arrays["weight"], head.arrays["bias"])
    shares = nodes.add("Softmax", layer, axis=-1)
    tiny = nodes.number(TINY, "tiny")
    sums = nodes.add("MatMul", shares, nodes.constant(rows, "rows"))
    if head.normalise:
        axes = nodes.constant(np.asarray([1], dtype=np.int64), "axes")
        total = nodes.add("ReduceSum", sums, axes, keepdims=1)
        sums = nodes.add("Div", sums, nodes.add("Max", total, tiny))
    log = nodes.add("Log", nodes.add("Max", sums, tiny))
    if head.kind == "single" and not head.has_null:
        return log
    if head.normalise:
        rest = nodes.add("Sub", nodes.number(1, "one"), sums)
    else:
        others = 1 - (rows if head.kind == "multi" else rows.max(axis=1, keepdims=True))
        rest = nodes.add("MatMul", shares, nodes.constant(others, "others"))
    log_rest = nodes.add("Log", nodes.add("Max", rest, tiny))
    if head.kind == "multi":
        return nodes.add("Sub", log, log_rest)
    return nodes.add("Concat", log, log_rest, axis=1)


def _neighbours(nodes: _Nodes, head: Head, x: str) -> str:
    arrays, doubt = head.arrays, float(head.options["doubt"])
    u = nodes.layer(x, arrays["axes"], arrays["shift"])
    axes = nodes.constant(np.asarray([1], dtype=np.int64), "axes")
    length = nodes.add("Sqrt", nodes.add("ReduceSum", nodes.add("Mul", u, u), axes, keepdims=1))
    u = nodes.add("Div", u, nodes.add("Max", length, nodes.number(TINY, "tiny")))
    photos = _f32(arrays["photos"].T) * np.float32(head.options["sharpness"])
    likeness = nodes.add("MatMul", u, nodes.constant(photos, "photos"))
    shares = nodes.add("Softmax", likeness, axis=-1)
    usual = nodes.constant(_f32(arrays["usual"] * np.float32(doubt)), "usual")
    yes = nodes.add("Add", _votes(nodes, shares, arrays["said"], "said"), usual)
    every = nodes.number(1 + doubt, "every")
    if "known" in arrays:
        known = _votes(nodes, shares, arrays["known"], "known")
        every = nodes.add("Add", known, nodes.number(doubt, "doubt"))
    below = nodes.add("Sub", every, yes) if head.kind == "multi" else every
    return nodes.add("Sub", nodes.add("Log", yes), nodes.add("Log", below))


def _votes(nodes: _Nodes, shares: str, stored: NDArray[Any], what: str) -> str:
    """Add shares @ votes; the votes are kept as bytes, which the runtime widens once."""
    wide = nodes.add("Cast", nodes.constant(stored, what), to=TensorProto.FLOAT)
    return nodes.add("MatMul", shares, nodes.add("Div", wide, nodes.number(FULL, "full")))


def _ensemble(nodes: _Nodes, head: Head, x: str) -> str:
    total = ""
    for member, columns, weights in zip(
        head.members, head.arrays["columns"], head.arrays["weights"], strict=True
    ):
        picked = nodes.constant(np.maximum(columns, 0).astype(np.int64), "columns")
        fed = nodes.add("Gather", _logits(nodes, member, x), picked, axis=1)
        factors = nodes.constant(_f32(np.where(columns >= 0, weights, 0)), "weights")
        part = nodes.add("Mul", fed, factors)
        total = nodes.add("Add", total, part) if total else part
    return nodes.add("Add", total, nodes.constant(_f32(head.arrays["bias"]), "bias"))


def _scores(nodes: _Nodes, head: Head, logits: str, outputs: int) -> None:
    if head.link == "sigmoid":
        scores = nodes.add("Sigmoid", logits)
    else:
        scores = nodes.add("Softmax", logits, axis=-1)
    if head.has_null:
        bounds = [
            nodes.constant(np.asarray([value], dtype=np.int64), what)
            for value, what in ((0, "from"), (outputs - 1, "to"), (1, "axis"))
        ]
        scores = nodes.add("Slice", scores, *bounds)
    nodes.graph.node.append(
        helper.make_node(
            "Identity", [scores], [f"scores/{head.group}"], name=f"scores/{head.group}"
        )
    )


def _f32(array: NDArray[Any]) -> NDArray[np.float32]:
    return np.ascontiguousarray(array, dtype=np.float32)
