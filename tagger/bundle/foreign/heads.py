"""Ways of cutting a foreign graph into backbone and heads, the best first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tagger.bundle.foreign.batch import free_batch, photo_by_photo
from tagger.bundle.foreign.groups import ForeignGroup
from tagger.bundle.foreign.reference import Reference
from tagger.bundle.graph import EMBEDDING, subgraph_to
from tagger.bundle.head_graph import BATCH
from tagger.bundle.heads import TINY, Head

LOGITS_NOTE = (
    "the last layer was not recognised, so what the model answers serves as its embedding: new "
    "labels can only be learned from those answers"
)
ALONE_NOTE = "the file is written for one photo at a time, which costs speed"


@dataclass(frozen=True)
class Cut:
    """One way to use a foreign graph.

    Attributes:
        backbone: `image` -> `embedding` [N, D].
        weight: float32 [D, L] of the last layer; None where the embedding is the logits.
        bias: float32 [L].
        embedding: `features` or `logits`: what the embedding is.
        notes: what the user should know of it.
    """

    backbone: onnx.ModelProto
    weight: NDArray[np.float32] | None
    bias: NDArray[np.float32]
    embedding: str
    notes: tuple[str, ...]


def cuts(reference: Reference) -> Iterator[Cut]:
    """Yield ways to cut, each for all photos at once first, then one by one."""
    ending = reference.ending
    count = reference.scores.shape[1]
    zeros = np.zeros(count, dtype=np.float32)
    if ending.features and ending.weight is not None and ending.bias is not None:
        yield from _cuts(reference, ending.features, ending.weight, ending.bias)
    if ending.link:
        yield from _cuts(reference, ending.logits, None, zeros)
    yield from _cuts(reference, reference.output, None, zeros)


def cut_heads(cut: Cut, groups: Sequence[ForeignGroup], link: str) -> list[Head]:
    """Return one linear head per group.

    Args:
        cut: where the graph is cut.
        groups: groups with their columns.
        link: `sigmoid` or `softmax`, over all outputs of the model.
    """
    heads = []
    for item in groups:
        kind = item.group.kind
        own = "sigmoid" if kind == "multi" else "softmax"
        arrays: dict[str, NDArray[Any]] = {"bias": cut.bias[item.columns]}
        if cut.weight is None:
            arrays["select"] = item.columns
        else:
            arrays["weight"] = np.ascontiguousarray(cut.weight[:, item.columns])
        options = {} if link == own else {"link": link}
        heads.append(Head(item.group.id, "linear", "identity", kind, arrays, options))
    return heads


def _cuts(
    reference: Reference,
    tensor: str,
    weight: NDArray[np.float32] | None,
    bias: NDArray[np.float32],
) -> Iterator[Cut]:
    inverse = reference.link if weight is None and tensor == reference.output else ""
    inverse = inverse if reference.probabilities else ""
    size = len(bias) if weight is None else len(weight)
    part = subgraph_to(reference.graph, [tensor])
    together = free_batch(part, reference.batch) if reference.batch else part
    notes = () if weight is not None else (LOGITS_NOTE,)
    embedding = "features" if weight is not None else "logits"
    yield Cut(_backbone(together, tensor, size, inverse), weight, bias, embedding, notes)
    if reference.batch in (None, 1):
        alone = photo_by_photo(part, [tensor])
        made = _backbone(alone, tensor, size, inverse)
        yield Cut(made, weight, bias, embedding, (*notes, ALONE_NOTE))


def _backbone(model: onnx.ModelProto, tensor: str, size: int, inverse: str) -> onnx.ModelProto:
    """Return the model with `tensor` as output `embedding`, float32 [N, size].

    Args:
        model: gives `tensor`.
        tensor: its name.
        size: numbers per photo.
        inverse: link to undo first (`sigmoid`, `softmax`), or empty.
    """
    graph = model.graph

    def add(operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"cut/{len(graph.node)}"
        graph.node.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def number(value: float) -> str:
        name = f"cut/number {len(graph.initializer)}"
        graph.initializer.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    last = add("Flatten", add("Cast", tensor, to=TensorProto.FLOAT), axis=1)
    if inverse:
        last = add("Clip", last, number(TINY), number(1 - TINY))
        log = add("Log", last)
        if inverse == "sigmoid":
            log = add("Sub", log, add("Log", add("Sub", number(1), last)))
        last = log
    graph.node.append(helper.make_node("Identity", [last], [EMBEDDING], name=EMBEDDING))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(EMBEDDING, TensorProto.FLOAT, [BATCH, size]))
    return model
