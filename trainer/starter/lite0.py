"""EfficientNet-Lite0 as an ONNX graph, laid by hand from the checkpoint's tensors.

Batch norms are folded into the convolutions (in float64), normalisation of the pixels stands at
the head of the graph, and padding is TensorFlow's "same", which the weights were trained with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from trainer.starter.checkpoint import CheckpointError

INPUT_SIZE = 224
EMBEDDING_SIZE = 1280
BATCH_NORM_EPSILON = 1e-3
PIXEL_MEAN = 127.0
PIXEL_SCALE = 128.0
OPSET = 18
IR_VERSION = 10

Tensors = Mapping[str, np.ndarray]


class Stage(NamedTuple):
    """Consecutive blocks of one shape; only the first one strides."""

    repeats: int
    kernel: int
    stride: int


STAGES = (
    Stage(1, 3, 1),
    Stage(2, 3, 2),
    Stage(2, 5, 2),
    Stage(3, 3, 2),
    Stage(3, 5, 1),
    Stage(4, 5, 2),
    Stage(1, 3, 1),
)


def lite0_backbone(tensors: Tensors, size: int = INPUT_SIZE) -> onnx.ModelProto:
    """Lay the graph from photo to embedding.

    Args:
        tensors: the checkpoint, by the names of `efficientnet_lite_pytorch`.
        size: side of the square input in pixels.

    Returns:
        A checked model: `image` uint8 `[N, size, size, 3]` RGB to `embedding` float32
        `[N, 1280]` (the pooled features before the classifier).

    Raises:
        CheckpointError: a tensor is missing.
    """
    return GraphBuilder(tensors, size).build()


def imagenet_classifier(tensors: Tensors) -> tuple[np.ndarray, np.ndarray]:
    """Return the classifier over ImageNet's rows: weight float32 `[1280, 1000]`, bias `[1000]`.

    Raises:
        CheckpointError: a tensor is missing.
    """
    weight, bias = _take(tensors, "_fc.weight"), _take(tensors, "_fc.bias")
    return np.ascontiguousarray(weight.T), bias


def _take(tensors: Tensors, name: str) -> np.ndarray:
    try:
        return tensors[name]
    except KeyError:
        raise CheckpointError(
            f"The weights hold no tensor '{name}': they are not EfficientNet-Lite0's."
        ) from None


def _folded(tensors: Tensors, convolution: str, norm: str) -> tuple[np.ndarray, np.ndarray]:
    """Return weight and bias (float32) of a convolution with its batch norm taken in."""
    weight = _take(tensors, f"{convolution}.weight").astype(np.float64)
    gamma, beta, mean, variance = (
        _take(tensors, f"{norm}.{part}").astype(np.float64)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
    folded = weight * scale[:, None, None, None]
    return folded.astype(np.float32), (beta - mean * scale).astype(np.float32)


def _same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return TensorFlow's "same" padding before and after one side of `size` pixels."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Window(NamedTuple):
    """How a convolution moves over its input, and whether it takes each channel alone."""

    kernel: int
    stride: int
    pads: tuple[int, int]
    depthwise: bool

    def attributes(self, channels: int) -> dict[str, Any]:
        """Return the attributes of the ONNX node for this many outputs."""
        before, after = self.pads
        return {
            "kernel_shape": [self.kernel] * 2,
            "strides": [self.stride] * 2,
            "pads": [before, before, after, after],
            "group": channels if self.depthwise else 1,
        }


class GraphBuilder:
    """Lays the network in float32; `tip` is the newest value and `side` its spatial size.

    Another kind of arithmetic overrides `normalise`, `lay` and `join`.
    """

    def __init__(self, tensors: Tensors, size: int) -> None:
        self.tensors = tensors
        self.size = size
        self.side = size
        self.tip = "image"
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def build(self) -> onnx.ModelProto:
        """Lay stem, blocks and pooling; return the checked model."""
        self.normalise()
        self.convolve("stem", "_conv_stem", "_bn0", kernel=3, stride=2)
        number = 0
        for stage in STAGES:
            for repeat in range(stage.repeats):
                self.block(number, stage.kernel, stage.stride if repeat == 0 else 1)
                number += 1
        self.convolve("head", "_conv_head", "_bn1")
        self.add("GlobalAveragePool", "pool")
        self.add("Flatten", "embedding", axis=1)
        shape: list[str | int | None] = ["N", self.size, self.size, 3]
        graph = helper.make_graph(
            self.nodes,
            "efficientnet_lite0",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, shape)],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", EMBEDDING_SIZE])],
            self.weights,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(
            graph, producer_name="trainer.starter", opset_imports=opsets, ir_version=IR_VERSION
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    def normalise(self) -> None:
        """Turn uint8 NHWC pixels into float32 NCHW around zero."""
        self.add("Cast", "pixels", to=TensorProto.FLOAT)
        self.add("Transpose", "channels_first", perm=[0, 3, 1, 2])
        self.add("Sub", "centred", self.constant("pixel_mean", np.float32(PIXEL_MEAN)))
        self.add("Div", "normalised", self.constant("pixel_scale", np.float32(PIXEL_SCALE)))

    def block(self, number: int, kernel: int, stride: int) -> None:
        """One inverted bottleneck: expand, filter each channel, project, add the input."""
        name, source = f"blocks.{number}", f"_blocks.{number}"
        entry = self.tip
        if f"{source}._expand_conv.weight" in self.tensors:
            self.convolve(f"{name}.expand", f"{source}._expand_conv", f"{source}._bn0")
        self.convolve(
            f"{name}.depthwise",
            f"{source}._depthwise_conv",
            f"{source}._bn1",
            kernel=kernel,
            stride=stride,
            depthwise=True,
        )
        channels = self.convolve(
            f"{name}.project", f"{source}._project_conv", f"{source}._bn2", clip=False
        )
        if stride == 1 and channels == self.channels_in(f"{source}._expand_conv"):
            self.join(f"{name}.sum", entry)

    def channels_in(self, convolution: str) -> int | None:
        """Return how many channels a convolution takes; None if the weights have none so named."""
        weight = self.tensors.get(f"{convolution}.weight")
        return None if weight is None else int(weight.shape[1])

    def convolve(
        self,
        name: str,
        convolution: str,
        norm: str,
        *,
        kernel: int = 1,
        stride: int = 1,
        depthwise: bool = False,
        clip: bool = True,
    ) -> int:
        """Add a convolution with its batch norm and, unless told, ReLU6; return its channels."""
        weight, bias = _folded(self.tensors, convolution, norm)
        if weight.shape[2:] != (kernel, kernel):
            raise CheckpointError(
                f"The tensor '{convolution}.weight' has shape {weight.shape}: "
                "the weights are not EfficientNet-Lite0's."
            )
        pads = _same_padding(self.side, kernel, stride)
        self.side = -(-self.side // stride)
        self.lay(name, weight, bias, Window(kernel, stride, pads, depthwise), clip=clip)
        return int(weight.shape[0])

    def lay(
        self, name: str, weight: np.ndarray, bias: np.ndarray, window: Window, *, clip: bool
    ) -> None:
        """Lay a convolution of the newest value and, if told, ReLU6.

        Args:
            name: of the layer, and of its answer before ReLU6.
            weight: float32 [O, I, kernel, kernel], batch norm taken in.
            bias: float32 [O].
            window: how it moves.
            clip: whether ReLU6 follows.
        """
        weights = (self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias))
        self.add("Conv", name, *weights, **window.attributes(len(weight)))
        if clip:
            low = self.constant("relu6.low", np.float32(0))
            self.add("Clip", f"{name}.relu6", low, self.constant("relu6.high", np.float32(6)))

    def join(self, name: str, entry: str) -> None:
        """Add a block's input to the newest value."""
        self.add("Add", name, entry)

    def add(self, operator: str, output: str, *further: str, **attributes: Any) -> None:
        """Append a node that takes the newest value (and `further` ones) and makes a newer one."""
        inputs = [self.tip, *further]
        node = helper.make_node(operator, inputs, [output], name=output, **attributes)
        self.nodes.append(node)
        self.tip = output

    def constant(self, name: str, value: np.ndarray | np.float32) -> str:
        """Store a weight once and return its name."""
        if all(known.name != name for known in self.weights):
            self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name
