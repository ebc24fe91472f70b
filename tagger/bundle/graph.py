"""Look into an ONNX graph and cut it, with the onnx package only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import checker, external_data_helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tagger.bundle.errors import BundleError

INPUT = "image"
EMBEDDING = "embedding"

QUANTIZING = frozenset({"QuantizeLinear", "DynamicQuantizeLinear", "ConvInteger", "MatMulInteger"})
"""Operators of graphs that calculate in whole numbers."""

Dim = int | str | None


def load_model(path: Path, *, weights_beside: bool = False) -> onnx.ModelProto:
    """Read an ONNX file.

    Args:
        path: the file.
        weights_beside: take weights in from files in the same folder; else all must be in one.

    Raises:
        BundleError: missing, damaged, empty, or with weights in other files; names the file.
    """
    try:
        model = _parse(path.read_bytes(), path.name)
        outside = [t for t in _tensors(model.graph) if t.data_location == t.EXTERNAL]
        if outside and not weights_beside:
            raise BundleError(f"{path.name} keeps its weights in other files; one file is needed")
        for tensor in outside:
            _take_in(tensor, path)
        return model
    except FileNotFoundError:
        raise BundleError(f"{path.name} is missing in {path.parent}") from None
    except OSError as error:
        raise BundleError(f"{path.name} cannot be read: {error.strerror or error}") from error


def _parse(content: bytes, name: str) -> onnx.ModelProto:
    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError, RuntimeError) as error:
        raise BundleError(f"{name} is not an ONNX model, or is cut off: {error}") from None
    if not model.graph.node:
        raise BundleError(f"{name} holds no graph: it is not an ONNX model, or is cut off")
    return model


def _take_in(tensor: onnx.TensorProto, path: Path) -> None:
    """Read a weight that lies in another file of the same folder."""
    place = {entry.key: entry.value for entry in tensor.external_data}
    name = place.get("location", "")
    if name != Path(name).name or name in ("", ".", "..") or "\\" in name or ":" in name:
        raise BundleError(f"{path.name} keeps weights in {name!r}, which is not beside it")
    try:
        external_data_helper.load_external_data_for_tensor(tensor, str(path.parent))
    except (OSError, ValueError, RuntimeError, checker.ValidationError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BundleError(f"{path.name} needs the file {name} beside it: {reason}") from None
    tensor.data_location = tensor.DEFAULT
    del tensor.external_data[:]


def model_bytes(model: onnx.ModelProto) -> bytes:
    """Serialise a model, the same bytes for the same model.

    Raises:
        BundleError: it is larger than the 2 GB that one ONNX file can hold.
    """
    try:
        return model.SerializeToString(deterministic=True)
    except (ValueError, DecodeError) as error:
        raise BundleError(f"the model does not fit one ONNX file: {error}") from error


def opset_of(model: onnx.ModelProto) -> int:
    """Return the version of the default operator set."""
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    return max(versions, default=1)


def is_quantized(model: onnx.ModelProto) -> bool:
    """Return whether the graph calculates in whole numbers, at least in part."""
    return any(node.op_type in QUANTIZING for node in model.graph.node)


def shape_of(value: onnx.ValueInfoProto) -> list[Dim] | None:
    """Return the declared shape: numbers, names of free lengths, None where nothing is said.

    None instead of a list where not even the number of dimensions is declared.
    """
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return None
    return [
        d.dim_value if d.HasField("dim_value") else (d.dim_param or None) for d in kind.shape.dim
    ]


def names_read(node: onnx.NodeProto) -> set[str]:
    """Return the tensors a node needs, those of its subgraphs' outer scope included."""
    names = {name for name in node.input if name}
    for inner in _subgraphs(node):
        made = {tensor.name for tensor in inner.initializer}
        made |= {value.name for value in inner.input}
        for step in inner.node:
            names |= names_read(step) - made
            made |= set(step.output)
        names |= {value.name for value in inner.output} - made
    return names


def subgraph_to(model: onnx.ModelProto, outputs: Iterable[str]) -> onnx.ModelProto:
    """Return a new model with only what the tensors `outputs` need, and those as its outputs.

    Outputs keep their declared type where one is known, and inputs stay as they are.

    Raises:
        BundleError: the graph makes no tensor of such a name.
    """
    outputs = list(outputs)
    needed = set(outputs)
    kept = []
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed |= names_read(node)
    made = {name for node in kept for name in node.output}
    known = {v.name: v for v in [*model.graph.value_info, *model.graph.output]}
    missing = [name for name in outputs if name not in made]
    if missing:
        raise BundleError(f"the graph makes no tensor called {missing[0]!r}")
    graph = onnx.GraphProto(name=model.graph.name)
    graph.node.extend(reversed(kept))
    graph.initializer.extend(t for t in model.graph.initializer if t.name in needed)
    graph.sparse_initializer.extend(
        t for t in model.graph.sparse_initializer if t.values.name in needed
    )
    graph.input.extend(v for v in model.graph.input if v.name in needed)
    graph.value_info.extend(v for n, v in known.items() if n in made and n not in outputs)
    graph.output.extend(known.get(n) or onnx.ValueInfoProto(name=n) for n in outputs)
    cut = onnx.ModelProto(ir_version=model.ir_version, graph=graph)
    cut.opset_import.extend(model.opset_import)
    cut.functions.extend(model.functions)
    return cut


def constant_value(model: onnx.ModelProto, name: str) -> NDArray[Any] | None:
    """Return the value of a tensor that does not depend on the graph's input; None if it does."""
    for tensor in model.graph.initializer:
        if tensor.name == name:
            return numpy_helper.to_array(tensor)
    try:
        part = subgraph_to(model, [name])
        if part.graph.input:
            return None
        values: Any = ReferenceEvaluator(part).run(None, {})
        return np.asarray(values[0])
    except Exception:  # an input, or an operator that only a runtime knows
        return None


def graph_hash(model: onnx.ModelProto) -> str:
    """Return the SHA-256 of what a graph computes: nodes in order, tensor names, every weight.

    Names of nodes, documentation, declared shapes and the way in which weights are packed do not
    count.
    """
    digest = hashlib.sha256()
    for entry in sorted(model.opset_import, key=lambda entry: entry.domain):
        digest.update(f"opset {entry.domain} {entry.version}\n".encode())
    for node in model.graph.node:
        digest.update(f"node {node.domain} {node.op_type} {len(node.attribute)}\n".encode())
        digest.update("\0".join([*node.input, "", *node.output]).encode() + b"\n")
        for attribute in sorted(node.attribute, key=lambda attribute: attribute.name):
            digest.update(attribute.SerializeToString(deterministic=True))
    for tensor in sorted(model.graph.initializer, key=lambda tensor: tensor.name):
        digest.update(f"weight {tensor.name} {tensor.data_type} {list(tensor.dims)}\n".encode())
        digest.update(numpy_helper.to_array(tensor).tobytes())
    for other in [*model.graph.sparse_initializer, *model.functions]:
        digest.update(other.SerializeToString(deterministic=True))
    return digest.hexdigest()


def _subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield attribute.g
        yield from attribute.graphs


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
        for inner in _subgraphs(node):
            yield from _tensors(inner)
