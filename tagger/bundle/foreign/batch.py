"""Make graphs take any number of photos that were written for one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

from tagger.bundle.graph import INPUT, constant_value, names_read
from tagger.bundle.head_graph import BATCH


def free_batch(model: onnx.ModelProto, batch: int) -> onnx.ModelProto:
    """Return the model for any number of photos, where declarations, reshapes or tokens fix it.

    Args:
        model: a model with the input `image`.
        batch: the number of photos it is fixed to.
    """
    freed = onnx.ModelProto()
    freed.CopyFrom(model)
    graph = freed.graph
    for value in [*graph.input, *graph.output]:
        dims = value.type.tensor_type.shape.dim
        if dims and dims[0].dim_value == batch and value.name not in _weights(graph):
            dims[0].dim_param = BATCH
    del graph.value_info[:]  # they repeat the fixed number
    flowing, nodes = {INPUT}, list(graph.node)
    del graph.node[:]
    for node in nodes:
        if flowing & names_read(node):
            flowing |= set(node.output)
            if node.op_type == "Reshape" and node.input[0] in flowing:
                _free_reshape(graph, node, constant_value(model, node.input[1]), batch)
            if node.op_type == "Concat" and batch == 1:
                for at, name in enumerate(node.input):
                    if name not in flowing:
                        _free_token(graph, node, at, constant_value(model, name))
        graph.node.append(node)
    return freed


def _free_reshape(
    graph: onnx.GraphProto, node: onnx.NodeProto, shape: np.ndarray | None, batch: int
) -> None:
    freed = None if shape is None else _freed_shape(shape, batch)
    if freed is not None:
        node.input[1] = f"free/{len(graph.initializer)}"
        graph.initializer.append(numpy_helper.from_array(freed, node.input[1]))


def _free_token(
    graph: onnx.GraphProto, node: onnx.NodeProto, at: int, constant: np.ndarray | None
) -> None:
    """Repeat a constant of one photo (a class token) for every photo before it is joined on."""
    if constant is None or constant.ndim < 2 or constant.shape[0] != 1:
        return
    shape, count, target, token = (
        f"free/{len(graph.node)}/{step}" for step in ("shape", "count", "target", "token")
    )
    ones = np.ones(constant.ndim - 1, dtype=np.int64)
    graph.initializer.append(numpy_helper.from_array(ones, f"{shape}/ones"))
    graph.node.extend(
        [
            helper.make_node("Shape", [INPUT], [shape]),
            helper.make_node("Slice", [shape, *_bounds(graph, shape)], [count]),
            helper.make_node("Concat", [count, f"{shape}/ones"], [target], axis=0),
            helper.make_node("Expand", [node.input[at], target], [token]),
        ]
    )
    node.input[at] = token


def _bounds(graph: onnx.GraphProto, prefix: str) -> list[str]:
    """Add the constants that slice the first entry out of a shape and return their names."""
    names = [f"{prefix}/from", f"{prefix}/to"]
    for name, value in zip(names, (0, 1), strict=True):
        graph.initializer.append(numpy_helper.from_array(np.asarray([value], np.int64), name))
    return names


def _freed_shape(shape: np.ndarray, batch: int) -> np.ndarray | None:
    """Return a reshape's target with the first length left open; None where it already is."""
    if shape.ndim != 1 or len(shape) < 2 or shape[0] != batch:
        return None
    first = 0 if (shape[1:] == -1).any() else -1  # 0 keeps the length, -1 works it out
    return np.concatenate([[first], shape[1:]]).astype(np.int64)


def _weights(graph: onnx.GraphProto) -> set[str]:
    return {tensor.name for tensor in graph.initializer}


def photo_by_photo(model: onnx.ModelProto, outputs: Sequence[str]) -> onnx.ModelProto:
    """Return a model that puts every photo through the graph alone, and stacks what comes out.

    This works for any graph that is fixed to one photo, without the speed of a batch.

    Args:
        model: a model with the input `image` [1, H, W, 3].
        outputs: tensors that the new model gives, with any number of photos in front.
    """
    one, batch_of_one = "photo/one", "photo/batch"
    axes = numpy_helper.from_array(np.asarray([0], dtype=np.int64), "photo/axes")
    inner = [helper.make_node("Unsqueeze", [one, axes.name], [batch_of_one])]
    for node in model.graph.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        for at, name in enumerate(copy.input):
            if name == INPUT:
                copy.input[at] = batch_of_one
        inner.append(copy)
    inner += [helper.make_node("Squeeze", [name, axes.name], [f"photo/{name}"]) for name in outputs]
    image = model.graph.input[0]
    body = helper.make_graph(
        inner,
        "one photo",
        [helper.make_tensor_value_info(one, image.type.tensor_type.elem_type, None)],
        [onnx.ValueInfoProto(name=f"photo/{name}") for name in outputs],
    )
    stacked = onnx.ModelProto()
    stacked.CopyFrom(model)
    graph = stacked.graph
    del graph.node[:], graph.output[:], graph.value_info[:]
    graph.initializer.append(axes)
    graph.node.append(
        helper.make_node("Scan", [INPUT], list(outputs), body=body, num_scan_inputs=1)
    )
    graph.input[0].type.tensor_type.shape.dim[0].dim_param = BATCH
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs)
    return stacked
