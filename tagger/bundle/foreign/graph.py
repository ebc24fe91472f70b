"""Put nodes before a foreign graph, so that it takes `image` uint8 [N, H, W, 3] in RGB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper, numpy_helper, version_converter

from tagger.bundle.errors import BundleError
from tagger.bundle.foreign.model import Channels, Layout, Triple
from tagger.bundle.graph import INPUT, Dim, opset_of, shape_of
from tagger.bundle.head_graph import BATCH

PREFIX = "net/"
"""Before every name of the foreign graph, so that none meets one of ours."""

OPSET = 17
IR_VERSION = 8
"""What `OPSET` came with; later ones stay as they are."""

_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)


@dataclass(frozen=True)
class ForeignInput:
    """What a graph says of its input.

    Attributes:
        name: of the input.
        type: element type, of `onnx.TensorProto`.
        layout: order of dimensions; None where the shape leaves it open.
        width, height: in pixels; None where left open.
        batch: number of photos where it is fixed.
    """

    name: str
    type: int
    layout: Layout | None
    width: int | None
    height: int | None
    batch: int | None


@dataclass(frozen=True)
class Normalisation:
    """From pixels 0 to 255 to what a graph takes: x * multiply + add, per channel of the graph."""

    multiply: Triple
    add: Triple

    @classmethod
    def of(cls, scale: float, mean: Triple, std: Triple) -> Normalisation:
        """Fold (x * scale - mean) / std."""
        red, green, blue = ((scale / s, -m / s) for m, s in zip(mean, std, strict=True))
        return cls((red[0], green[0], blue[0]), (red[1], green[1], blue[1]))

    @property
    def does_nothing(self) -> bool:
        """Whether pixels go in as they are."""
        return self.multiply == (1, 1, 1) and self.add == (0, 0, 0)


def foreign_input(model: onnx.ModelProto, name: str) -> ForeignInput:
    """Return what a graph says of its one input; `name` is the file's, for messages.

    Raises:
        BundleError: several inputs, or one that is no batch of pictures.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1:
        listed = ", ".join(repr(value.name) for value in inputs) or "none"
        raise BundleError(f"{name} has the inputs {listed}; a tagging model takes one, a picture")
    value, kind = inputs[0], inputs[0].type.tensor_type.elem_type
    shape = shape_of(value)
    if kind not in (*_FLOATS, TensorProto.UINT8) or shape is None or len(shape) != 4:
        raise BundleError(
            f"{name}: input {value.name!r} of shape {shape} is no batch of pictures "
            "([N, 3, H, W] or [N, H, W, 3], float or uint8)"
        )
    layout = _layout(shape)
    if layout is None and all(isinstance(length, int) for length in shape[1:]):
        raise BundleError(f"{name}: input {value.name!r} of shape {shape} has no 3 colour channels")
    height, width = shape[2:] if layout == "NCHW" else shape[1:3]
    return ForeignInput(value.name, kind, layout, _known(width), _known(height), _known(shape[0]))


def _layout(shape: list[Dim]) -> Layout | None:
    first, last = shape[1] == 3, shape[3] == 3
    if first != last:
        return "NCHW" if first else "NHWC"
    return None


def _known(length: Dim) -> int | None:
    return length if isinstance(length, int) and length > 0 else None


def image_model(
    model: onnx.ModelProto,
    entry: ForeignInput,
    *,
    size: tuple[int, int],
    layout: Layout,
    channels: Channels,
    normalisation: Normalisation,
) -> onnx.ModelProto:
    """Return a new model with input `image` uint8 [N, H, W, 3] RGB before the foreign graph.

    Names of the foreign graph get the prefix `PREFIX`. Its first dimension stays as it is.

    Args:
        model: the foreign model.
        entry: its input.
        size: width and height in pixels.
        layout: order of dimensions that it takes.
        channels: order of colours that it takes.
        normalisation: from pixels to the numbers that it takes.
    """
    wrapped = compose.add_prefix(model, PREFIX)
    graph = wrapped.graph
    steps = _steps(entry, layout, channels, normalisation)
    target = PREFIX + entry.name
    names = [INPUT, *(f"pixels/{at}" for at in range(1, len(steps))), target]
    nodes, constants = [], []
    for at, (operator, constant, attributes) in enumerate(steps):
        inputs = [names[at]]
        if constant is not None:
            constants.append(numpy_helper.from_array(constant, f"pixels/{at}/constant"))
            inputs.append(constants[-1].name)
        nodes.append(helper.make_node(operator, inputs, [names[at + 1]], **attributes))
    kept = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *kept])
    graph.initializer.extend(constants)
    width, height = size
    batch = entry.batch or BATCH
    image = helper.make_tensor_value_info(INPUT, TensorProto.UINT8, [batch, height, width, 3])
    del graph.input[:]  # weights were inputs too, before IR version 4
    graph.input.append(image)
    wrapped.ir_version = max(wrapped.ir_version, IR_VERSION)
    return wrapped


Step = tuple[str, NDArray[np.generic] | None, dict[str, Any]]


def _steps(
    entry: ForeignInput, layout: Layout, channels: Channels, normalisation: Normalisation
) -> list[Step]:
    """Return operator, second input and attributes of each node between `image` and the graph."""
    steps: list[Step] = []
    if channels == "BGR":
        steps.append(("Gather", np.asarray([2, 1, 0], dtype=np.int64), {"axis": 3}))
    if entry.type != TensorProto.UINT8 or not normalisation.does_nothing:
        steps.append(("Cast", None, {"to": TensorProto.FLOAT}))
    if normalisation.multiply != (1, 1, 1):
        steps.append(("Mul", np.asarray(normalisation.multiply, dtype=np.float32), {}))
    if normalisation.add != (0, 0, 0):
        steps.append(("Add", np.asarray(normalisation.add, dtype=np.float32), {}))
    if layout == "NCHW":
        steps.append(("Transpose", None, {"perm": [0, 3, 1, 2]}))
    plain = TensorProto.UINT8 if normalisation.does_nothing else TensorProto.FLOAT
    if entry.type not in (TensorProto.FLOAT, plain):
        steps.append(("Cast", None, {"to": entry.type}))
    return steps or [("Identity", None, {})]


def modern(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """Return the model in operator set `OPSET` or later, as it is where that is so already.

    Raises:
        BundleError: it is older and cannot be brought up.
    """
    if opset_of(model) >= OPSET:
        return model
    try:
        return version_converter.convert_version(model, OPSET)
    except Exception as error:  # the converter raises what its C++ side throws
        if opset_of(model) >= 13:
            return model
        reason = " ".join(str(error).split())[:200]
        raise BundleError(
            f"{name} uses operator set {opset_of(model)} and cannot be brought to {OPSET}: {reason}"
        ) from None


def guessed_normalisation(model: onnx.ModelProto, entry: ForeignInput) -> tuple[Normalisation, str]:
    """Guess what a float graph takes from its first steps and its layout.

    Returns:
        the normalisation, and a sentence that says what was assumed; empty where the graph itself
        leaves no doubt.
    """
    plain = Normalisation((1, 1, 1), (0, 0, 0))
    unit = Normalisation.of(1 / 255, (0, 0, 0), (1, 1, 1))
    if entry.type == TensorProto.UINT8:
        return plain, ""
    step = _first_calculation(model, entry.name)
    if step is not None:
        operator, number = step
        if (operator == "Div" and number > 20) or (operator == "Mul" and number < 0.05):
            return plain, ""
        if operator == "Sub" and number > 2:
            return plain, ""
        if operator == "Sub" and 0 < number < 1:
            return unit, ""
    if entry.layout == "NHWC":
        return unit, "pixel values were assumed to be 0 to 1, since the file does not say"
    imagenet = Normalisation.of(1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return imagenet, (
        "pixels were assumed to be normalised with ImageNet's mean and standard deviation, since "
        "the file does not say"
    )


def _first_calculation(model: onnx.ModelProto, name: str) -> tuple[str, float] | None:
    """Return the first node that calculates with a constant, and the constant's mean size."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
        if name not in node.input:
            continue
        if node.op_type in ("Transpose", "Cast", "Identity"):
            name = node.output[0]
            continue
        other = next((constants[i] for i in node.input if i in constants), None)
        if node.op_type not in ("Div", "Mul", "Sub") or other is None:
            return None
        return node.op_type, float(np.abs(numpy_helper.to_array(other)).mean())
    return None
