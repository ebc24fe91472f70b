"""Find the last layer of a foreign graph: what stands before it is an embedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from tagger.bundle.graph import constant_value

_PASSING = ("Identity", "Cast", "Flatten", "Squeeze", "Reshape", "Dropout")
"""Operators that leave the numbers of one photo as they are, in order."""

_LINKS = {"Sigmoid": "sigmoid", "Softmax": "softmax"}


@dataclass(frozen=True)
class Ending:
    """How a graph ends.

    Attributes:
        logits: tensor before the last activation; the output itself where there is none.
        link: `sigmoid` or `softmax`; None where the graph ends without.
        features: tensor that goes into the last layer; None where no layer was recognised.
        weight: float32 [D, L] of that layer.
        bias: float32 [L] of that layer.
    """

    logits: str
    link: str | None
    features: str | None = None
    weight: NDArray[np.float32] | None = None
    bias: NDArray[np.float32] | None = None


def find_ending(model: onnx.ModelProto, output: str) -> Ending:
    """Follow a graph back from its output, over activation and last matrix product."""
    look = _Look(model)
    at = look.back(output)
    node = look.makers.get(at)
    link = _LINKS.get(node.op_type) if node is not None else None
    logits = node.input[0] if node is not None and link else output
    layer = look.layer(look.back(logits))
    if layer is None:
        return Ending(logits, link)
    features, weight, bias = layer
    return Ending(logits, link, features, weight, bias)


class _Look:
    """A graph's nodes by what they make."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.makers = {name: node for node in model.graph.node for name in node.output}

    def back(self, name: str) -> str:
        """Return the tensor that `name` is a mere reshaping of."""
        while (node := self.makers.get(name)) is not None and node.op_type in _PASSING:
            name = node.input[0]
        return name

    def constant(self, name: str) -> NDArray[Any] | None:
        """Return the value of a tensor that does not depend on the photo, None if it does."""
        return constant_value(self.model, name)

    def layer(self, name: str) -> tuple[str, NDArray[np.float32], NDArray[np.float32]] | None:
        """Return input, weight [D, L] and bias [L] of the layer that makes `name`."""
        node = self.makers.get(name)
        if node is None:
            return None
        if node.op_type == "Add":
            return self._with_bias(node)
        if node.op_type == "MatMul":
            return self._product(node.input[0], self.constant(node.input[1]))
        if node.op_type == "Gemm":
            return self._gemm(node)
        if node.op_type == "Conv":
            return self._pointwise(node)
        return None

    def _with_bias(
        self, node: onnx.NodeProto
    ) -> tuple[str, NDArray[np.float32], NDArray[np.float32]] | None:
        for inner, other in (node.input, reversed(node.input)):
            bias = self.constant(other)
            layer = self.layer(self.back(inner)) if bias is not None else None
            if bias is not None and layer is not None and bias.size in (1, layer[2].size):
                features, weight, before = layer
                return features, weight, before + bias.ravel().astype(np.float32)
        return None

    def _gemm(
        self, node: onnx.NodeProto
    ) -> tuple[str, NDArray[np.float32], NDArray[np.float32]] | None:
        options = {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0} | _attributes(node)
        weight = self.constant(node.input[1])
        if weight is None or options["transA"]:
            return None
        layer = self._product(node.input[0], weight.T if options["transB"] else weight)
        bias = (
            self.constant(node.input[2]) if len(node.input) > 2 and node.input[2] else np.zeros(1)
        )
        if layer is None or bias is None or bias.size not in (1, layer[2].size):
            return None
        features, product, zeros = layer
        added = zeros + options["beta"] * bias.ravel().astype(np.float32)
        return features, product * np.float32(options["alpha"]), added.astype(np.float32)

    def _pointwise(
        self, node: onnx.NodeProto
    ) -> tuple[str, NDArray[np.float32], NDArray[np.float32]] | None:
        weight = self.constant(node.input[1])
        if weight is None or weight.ndim != 4 or weight.shape[2:] != (1, 1):
            return None
        if _attributes(node).get("group", 1) != 1 or any(_attributes(node).get("pads", [])):
            return None
        layer = self._product(node.input[0], weight[:, :, 0, 0].T)
        bias = self.constant(node.input[2]) if len(node.input) > 2 else np.zeros(1)
        if layer is None or bias is None:
            return None
        return layer[0], layer[1], layer[2] + bias.ravel().astype(np.float32)

    def _product(
        self, features: str, weight: NDArray[Any] | None
    ) -> tuple[str, NDArray[np.float32], NDArray[np.float32]] | None:
        if weight is None or weight.ndim != 2 or weight.dtype.kind != "f":
            return None
        if self.constant(features) is not None:
            return None
        return features, weight.astype(np.float32), np.zeros(weight.shape[1], dtype=np.float32)


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {item.name: helper.get_attribute_value(item) for item in node.attribute}
