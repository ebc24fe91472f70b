"""A backbone's ONNX graph as a torch module whose weights can be trained and put back.

So deep retraining starts from whatever bundle is active and exports without a converter: the
same graph gets the new numbers. Batch norms are already folded into the convolutions, which
freezes their statistics; each output channel is trained relative to its own size, as it would be
in front of a batch norm, because folding leaves channels of very different sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from tagger.bundle.graph import EMBEDDING, INPUT, is_quantized
from tagger.bundle.head_graph import embedding_size
from tagger.core.errors import TaggerError
from tagger.core.preprocessing import Preprocessing

TYPICAL = 0.1
"""Root mean square of the numbers trained in place of a channel's weights."""

LAST_BLOCK = 4
"""Convolutions that count as the last block: expand, filter, project, and the one to the map."""

_LEAST = 1e-6


class NotTrainable(TaggerError):
    """A backbone's graph holds steps that deep retraining does not know."""


class GraphNet(nn.Module):
    """uint8 images [N, H, W, 3] to embeddings float32 [N, D].

    Attributes:
        preprocessing: from a photo to its input.
        width: D.
    """

    def __init__(self, model: onnx.ModelProto, preprocessing: Preprocessing) -> None:
        """Take a graph `image` → `embedding`.

        Args:
            model: the graph.
            preprocessing: whose input size may differ from the graph's own.

        Raises:
            NotTrainable: the graph has a step that is not known.
        """
        super().__init__()
        self._model = onnx.ModelProto()
        self._model.CopyFrom(resized(model, (preprocessing.height, preprocessing.width)))
        self.preprocessing = preprocessing
        self.width = embedding_size(model)
        self._constants: dict[str, NDArray[Any]] = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in self._model.graph.initializer
        }
        self._keys: dict[str, str] = {}
        if is_quantized(self._model):
            raise NotTrainable(
                "This model calculates in whole numbers, to be fast, and cannot be fine-tuned. "
                "Retrain it quickly instead, or use the ordinary starter and fine-tune that."
            )
        for node in self._model.graph.node:
            if node.op_type not in _STEPS:
                raise NotTrainable(
                    f"This model cannot be fine-tuned: its graph uses {node.op_type} "
                    f"({node.name}), which deep retraining does not know. Retrain it quickly "
                    "instead."
                )
            if node.op_type == "Conv":
                self._register(node)

    def _register(self, node: onnx.NodeProto) -> None:
        key = f"conv{len(self._keys)}"
        weight = torch.from_numpy(self._constants[node.input[1]].copy())
        bias = (
            torch.from_numpy(self._constants[node.input[2]].copy())
            if len(node.input) > 2
            else torch.zeros(weight.shape[0])
        )
        rms = weight.pow(2).mean(dim=(1, 2, 3), keepdim=True).sqrt()
        scale = torch.where(rms > _LEAST, rms / TYPICAL, torch.ones_like(rms))
        self.register_buffer(f"{key}_scale", scale)
        self.register_parameter(f"{key}_weight", nn.Parameter(weight / scale))
        self.register_parameter(f"{key}_bias", nn.Parameter(bias))
        self._keys[node.output[0]] = key

    def depths(self) -> dict[str, int]:
        """Return the depth of every parameter by name: the number of its convolution."""
        order = {key: at for at, key in enumerate(self._keys.values())}
        return {name: order[name.partition("_")[0]] for name, _ in self.named_parameters()}

    def last_block(self) -> set[str]:
        """Return the names of the parameters of the last convolutions."""
        depths = self.depths()
        first = max(depths.values(), default=0) - LAST_BLOCK
        return {name for name, depth in depths.items() if depth > first}

    def weight_of(self, key: str) -> Tensor:
        """Return the weights of a convolution as the graph holds them."""
        return getattr(self, f"{key}_weight") * getattr(self, f"{key}_scale")

    def forward(self, images: Tensor) -> Tensor:
        """Return embeddings."""
        values: dict[str, Tensor] = {INPUT: images}
        for node in self._model.graph.node:
            values[node.output[0]] = _STEPS[node.op_type](self, node, values)
        return values[EMBEDDING]

    def value(self, name: str, values: Mapping[str, Tensor]) -> Tensor:
        """Return a tensor of the running graph, or a constant."""
        if name in values:
            return values[name]
        return torch.from_numpy(self._constants[name].copy()).to(values[INPUT].device)

    def convolve(self, node: onnx.NodeProto, x: Tensor) -> Tensor:
        """Run a convolution with its trained weights."""
        key = self._keys[node.output[0]]
        given = _attributes(node)
        top, left, bottom, right = given.get("pads", [0, 0, 0, 0])
        if (top, left) != (bottom, right):
            x = functional.pad(x, (left, right, top, bottom))
            top = left = 0
        return functional.conv2d(
            x,
            self.weight_of(key),
            getattr(self, f"{key}_bias"),
            stride=given.get("strides", [1, 1]),
            padding=(top, left),
            dilation=given.get("dilations", [1, 1]),
            groups=given.get("group", 1),
        )

    def export(self) -> onnx.ModelProto:
        """Return the graph with the present weights."""
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        fresh: dict[str, NDArray[Any]] = {}
        for node in model.graph.node:
            if node.op_type == "Conv":
                key = self._keys[node.output[0]]
                fresh[node.input[1]] = self.weight_of(key).detach().cpu().numpy()
                if len(node.input) > 2:
                    fresh[node.input[2]] = getattr(self, f"{key}_bias").detach().cpu().numpy()
        for tensor in model.graph.initializer:
            if tensor.name in fresh:
                array = np.ascontiguousarray(fresh[tensor.name], np.float32)
                tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
        return model


def resized(model: onnx.ModelProto, size: tuple[int, int]) -> onnx.ModelProto:
    """Return a graph for another input size (height, width), paddings "same" kept that way."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    shape = next(v for v in made.graph.input if v.name == INPUT).type.tensor_type.shape
    old = {INPUT: (shape.dim[1].dim_value, shape.dim[2].dim_value)}
    if old[INPUT] == size:
        return made
    new = {INPUT: size}
    shape.dim[1].dim_value, shape.dim[2].dim_value = size
    del made.graph.value_info[:]
    for node in made.graph.node:
        source = next((name for name in node.input if name in old), None)
        if source is None:
            continue
        if node.op_type == "Conv":
            _resize_convolution(node, old[source], new[source], old, new)
        else:
            old[node.output[0]], new[node.output[0]] = old[source], new[source]
    return made


def _resize_convolution(
    node: onnx.NodeProto,
    old_side: tuple[int, int],
    new_side: tuple[int, int],
    old: dict[str, tuple[int, int]],
    new: dict[str, tuple[int, int]],
) -> None:
    given = _attributes(node)
    kernel, strides = given["kernel_shape"], given.get("strides", [1, 1])
    pads = given.get("pads", [0, 0, 0, 0])
    fresh = list(pads)
    outputs = []
    for sides in (old_side, new_side):
        fitted = [same_padding(*axis) for axis in zip(sides, kernel, strides, strict=True)]
        same = [fitted[0][0], fitted[1][0], fitted[0][1], fitted[1][1]]
        if sides is old_side:
            is_same = same == pads
        elif is_same:
            fresh = same
        used = pads if sides is old_side else fresh
        outputs.append(
            tuple(
                (sides[axis] + used[axis] + used[axis + 2] - kernel[axis]) // strides[axis] + 1
                for axis in (0, 1)
            )
        )
    old[node.output[0]], new[node.output[0]] = outputs
    for attribute in node.attribute:
        if attribute.name == "pads":
            attribute.CopyFrom(helper.make_attribute("pads", fresh))


def same_padding(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return TensorFlow's "same" padding before and after one side."""
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {item.name: helper.get_attribute_value(item) for item in node.attribute}


Step = Callable[[GraphNet, onnx.NodeProto, dict[str, Tensor]], Tensor]


def _inputs(net: GraphNet, node: onnx.NodeProto, values: dict[str, Tensor]) -> list[Tensor]:
    return [net.value(name, values) for name in node.input if name]


def _transpose(net: GraphNet, node: onnx.NodeProto, values: dict[str, Tensor]) -> Tensor:
    order = _attributes(node)["perm"]
    return _inputs(net, node, values)[0].permute(*order)


def _clip(net: GraphNet, node: onnx.NodeProto, values: dict[str, Tensor]) -> Tensor:
    x, *limits = _inputs(net, node, values)
    bounds = [float(limit) for limit in limits] + [float("inf")] * (2 - len(limits))
    return functional.hardtanh(x, bounds[0], bounds[1])


def _flatten(net: GraphNet, node: onnx.NodeProto, values: dict[str, Tensor]) -> Tensor:
    return torch.flatten(_inputs(net, node, values)[0], _attributes(node).get("axis", 1))


_STEPS: dict[str, Step] = {
    "Add": lambda net, node, values: torch.add(*_inputs(net, node, values)),
    "Cast": lambda net, node, values: _inputs(net, node, values)[0].float(),
    "Clip": _clip,
    "Conv": lambda net, node, values: net.convolve(node, values[node.input[0]]),
    "Div": lambda net, node, values: torch.div(*_inputs(net, node, values)),
    "Flatten": _flatten,
    "GlobalAveragePool": lambda net, node, values: _inputs(net, node, values)[0].mean(
        dim=(2, 3), keepdim=True
    ),
    "Identity": lambda net, node, values: _inputs(net, node, values)[0],
    "Mul": lambda net, node, values: torch.mul(*_inputs(net, node, values)),
    "Relu": lambda net, node, values: torch.relu(_inputs(net, node, values)[0]),
    "Sigmoid": lambda net, node, values: torch.sigmoid(_inputs(net, node, values)[0]),
    "Sub": lambda net, node, values: torch.sub(*_inputs(net, node, values)),
    "Transpose": _transpose,
}
"""What a graph may consist of."""
