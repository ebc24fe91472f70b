"""What must hold of `model.onnx`, found with the onnx package alone: nothing is run."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, checker, helper, numpy_helper, shape_inference

from tagger.bundle.errors import BundleError
from tagger.bundle.graph import EMBEDDING, INPUT, opset_of, shape_of
from tagger.bundle.head_graph import MIN_OPSET
from tagger.bundle.spec import MODEL_FILE, BundleSpec

_SMALL = 1024
"""Weights with fewer numbers stay in the light copy: they may be shapes or axes."""


def check_model(model: onnx.ModelProto, spec: BundleSpec) -> None:
    """Check inputs, outputs, types, shapes and weights of a graph against the spec.

    Raises:
        BundleError: what is wrong; the sentence names the input, output or weight.
    """
    if opset_of(model) < MIN_OPSET:
        raise BundleError(f"{MODEL_FILE}: operator set {opset_of(model)} is older than {MIN_OPSET}")
    light = _light(model)
    try:
        checker.check_model(light)
    except (checker.ValidationError, ValueError) as error:
        raise BundleError(f"{MODEL_FILE} is not a valid ONNX graph: {_line(error)}") from None
    _check_input(model, spec)
    _check_outputs(model, _inferred(light), spec)
    _check_weights(model)


def _check_input(model: onnx.ModelProto, spec: BundleSpec) -> None:
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if [value.name for value in inputs] != [INPUT]:
        names = ", ".join(repr(value.name) for value in inputs) or "none"
        raise BundleError(f"{MODEL_FILE}: the inputs are {names}; there must be one, {INPUT!r}")
    kind = inputs[0].type.tensor_type.elem_type
    if kind != TensorProto.UINT8:
        raise BundleError(f"{MODEL_FILE}: input {INPUT!r} is {_type_name(kind)}, not uint8")
    size = spec.preprocessing
    shape = shape_of(inputs[0])
    if shape is None or len(shape) != 4 or shape[1:] != [size.height, size.width, 3]:
        raise BundleError(
            f"{MODEL_FILE}: input {INPUT!r} has shape {shape}, not "
            f"[N, {size.height}, {size.width}, 3] as preprocessing says"
        )
    if isinstance(shape[0], int):
        raise BundleError(f"{MODEL_FILE}: input {INPUT!r} takes {shape[0]} photos only, not any N")


def _check_outputs(
    model: onnx.ModelProto, inferred: dict[str, onnx.ValueInfoProto], spec: BundleSpec
) -> None:
    wanted = {EMBEDDING: spec.embedding_size}
    wanted |= {group.output: len(group.labels) for group in spec.groups}
    declared = {value.name: value for value in model.graph.output}
    for name, width in wanted.items():
        if name not in declared:
            raise BundleError(f"{MODEL_FILE}: output {name!r} is missing")
        kind = declared[name].type.tensor_type.elem_type
        if kind != TensorProto.FLOAT:
            raise BundleError(f"{MODEL_FILE}: output {name!r} is {_type_name(kind)}, not float32")
        for value in (declared[name], inferred.get(name)):
            _check_width(name, value, width)
    extra = sorted(set(declared) - set(wanted))
    if extra:
        raise BundleError(f"{MODEL_FILE}: output {extra[0]!r} is not in bundle.json")


def _check_width(name: str, value: onnx.ValueInfoProto | None, width: int) -> None:
    shape = shape_of(value) if value is not None else None
    if shape is None:
        return
    if len(shape) != 2 or (isinstance(shape[1], int) and shape[1] != width):
        what = "embedding_size" if name == EMBEDDING else "the number of labels of this group"
        raise BundleError(
            f"{MODEL_FILE}: output {name!r} has shape {shape}, but {what} in bundle.json is {width}"
        )
    if isinstance(shape[0], int):
        raise BundleError(f"{MODEL_FILE}: output {name!r} is for {shape[0]} photos only, not any N")


def _check_weights(model: onnx.ModelProto) -> None:
    for tensor in model.graph.initializer:
        try:
            values = numpy_helper.to_array(tensor)
        except (ValueError, TypeError) as error:
            raise BundleError(f"{MODEL_FILE}: weight {tensor.name!r} is damaged: {error}") from None
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise BundleError(f"{MODEL_FILE}: weight {tensor.name!r} holds NaN or infinity")


def _inferred(light: onnx.ModelProto) -> dict[str, onnx.ValueInfoProto]:
    """Return what the nodes themselves say of the outputs, whatever was declared."""
    for value in light.graph.output:
        value.type.tensor_type.ClearField("shape")
    try:
        known = shape_inference.infer_shapes(light)
    except (shape_inference.InferenceError, ValueError, RuntimeError) as error:
        raise BundleError(f"{MODEL_FILE}: the shapes do not fit: {_line(error)}") from None
    return {value.name: value for value in known.graph.output}


def _light(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy in which large weights are inputs, so that looking at it costs little."""
    graph = onnx.GraphProto(name=model.graph.name or "graph")
    graph.node.extend(model.graph.node)
    graph.input.extend(model.graph.input)
    graph.output.extend(model.graph.output)
    graph.value_info.extend(model.graph.value_info)
    graph.sparse_initializer.extend(model.graph.sparse_initializer)
    named = {value.name for value in graph.input}
    for tensor in model.graph.initializer:
        if np.prod(tensor.dims, dtype=np.int64) < _SMALL:
            graph.initializer.append(tensor)
        elif tensor.name not in named:
            shape = list(tensor.dims)
            graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, shape))
    light = onnx.ModelProto(ir_version=model.ir_version, graph=graph)
    light.opset_import.extend(model.opset_import)
    light.functions.extend(model.functions)
    return light


def _type_name(kind: int) -> str:
    return TensorProto.DataType.Name(kind).lower() if kind else "of no known type"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
