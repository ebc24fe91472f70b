"""The model in half precision: made here, taken only where its answers stay the same.

A GPU computes float16 about twice as fast. What comes after the embedding stays in float32: it is
next to nothing, and calibrated probabilities do not stand rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from tagger.bundle.spec import BundleGroup, BundleSpec

Run = Callable[[NDArray[np.uint8]], dict[str, NDArray[np.float32]]]
"""uint8 [N, H, W, 3] to outputs by name, as `Engine.run`."""

LEAST_AGREEMENT = 0.995
"""Of the labels that either suggests, so many must be suggested by both."""

LEAST_COSINE = 0.999
"""Between the embeddings of one picture: both live in the same embedding space."""

WORTH = 1.1
"""It has to be so many times faster to be taken."""

ENOUGH = 100
"""So many suggestions are needed to compare by them alone."""

PICTURES = 64
"""Pictures that the two are compared on, besides photos."""

_EMBEDDING = "embedding"
_QUANTISED = ("Quantize", "Dequantize", "QLinear")


@dataclass(frozen=True)
class Parity:
    """How near two ways of computing one model are to each other.

    Attributes:
        agreement: labels suggested by both, of those suggested by either; with fewer than 100 of
            them, as synthetic pictures give, the best label of each group counts too.
        suggested: how many either suggests.
        cosine: the worst of the embeddings' cosines.
        difference: the largest difference of a score.
        pictures: how many were compared.
    """

    agreement: float
    suggested: int
    cosine: float
    difference: float
    pictures: int

    @property
    def holds(self) -> bool:
        """Whether one may stand in for the other."""
        return self.agreement >= LEAST_AGREEMENT and self.cosine >= LEAST_COSINE


def half_graph(model: Path) -> bytes | None:
    """Return a graph in float16 with the same inputs and outputs; None where that makes no sense.

    Quantised graphs stay as they are. The steps up to the embedding are converted by the tool that
    comes with ONNX Runtime; those after it are taken off before and put back as they were.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16

    whole = onnx.load(model)
    if any(
        step.op_type.startswith(("Quantize", "Dequantize", "QLinear")) for step in whole.graph.node
    ):
        return None
    heads = _steps_after(whole, _EMBEDDING)
    backbone = onnx.ModelProto()
    backbone.CopyFrom(whole)
    _keep(backbone, [step for step in whole.graph.node if step not in heads], [_EMBEDDING])
    made = convert_float_to_float16(backbone, keep_io_types=True)
    mine = {name for step in heads for name in step.input}
    changed = (
        {each.name: f"{each.name}/float32" for each in made.graph.initializer} if heads else {}
    )
    for each in whole.graph.initializer:
        if each.name in mine:
            each.name = changed.get(each.name, each.name)
            made.graph.initializer.append(each)
    for step in heads:
        step.input[:] = [changed.get(name, name) for name in step.input]
    made.graph.node.extend(heads)
    del made.graph.output[:]
    made.graph.output.extend(whole.graph.output)
    content: bytes = made.SerializeToString()
    return content


def sample_pictures(spec: BundleSpec, golden: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what the two are compared on where there are no photos: uint8 [N, H, W, 3].

    The bundle's golden pictures, and mixtures of them with coarse fields of colour; always the
    same ones.
    """
    random = np.random.default_rng(10)
    height, width = spec.preprocessing.height, spec.preprocessing.width
    mixed = []
    for _ in range(PICTURES):
        first, second = golden[random.integers(0, len(golden), 2)]
        cells = int(random.integers(2, 9))
        fields = random.integers(0, 256, (cells, cells, 3)).repeat(-(-height // cells), axis=0)
        fields = fields.repeat(-(-width // cells), axis=1)[:height, :width]
        shares = random.dirichlet((1.0, 1.0, 1.0))
        parts = np.stack([first, second[::-1, ::-1], fields]).astype(np.float64)
        mixed.append(np.tensordot(shares, parts, 1).astype(np.uint8))
    return np.concatenate([golden, np.stack(mixed)])


def compare(full: Run, half: Run, pictures: NDArray[np.uint8], spec: BundleSpec) -> Parity:
    """Compute pictures in both ways and compare what is suggested, embeddings and scores."""
    counts = np.zeros((2, 2), np.int64)  # rows: suggested, best; columns: by both, by either
    cosine, difference = 1.0, 0.0
    for start in range(0, len(pictures), 16):
        part = pictures[start : start + 16]
        one, other = full(part), half(part)
        cosine = min(cosine, float(_cosines(one[_EMBEDDING], other[_EMBEDDING]).min()))
        for group in spec.groups:
            before, after = one[group.output], other[group.output]
            difference = max(difference, float(np.abs(before - after).max()))
            for row, chosen in enumerate((suggested, best)):
                first, second = chosen(before, group), chosen(after, group)
                counts[row] += ((first & second).sum(), (first | second).sum())
    found = int(counts[0, 1])
    both, either = counts[0] if found >= ENOUGH else counts.sum(axis=0)
    return Parity(float(both / max(1, either)), found, cosine, difference, len(pictures))


def suggested(scores: NDArray[np.float32], group: BundleGroup) -> NDArray[np.bool_]:
    """Return which labels the bundle's own thresholds suggest: bool [N, L]."""
    thresholds = np.array([label.default_threshold for label in group.labels], np.float32)
    over = scores >= thresholds
    if group.kind == "single":
        over &= best(scores, group)
    return over


def best(scores: NDArray[np.float32], group: BundleGroup) -> NDArray[np.bool_]:
    """Return the best label of each picture: bool [N, L]."""
    return np.arange(len(group.labels)) == scores.argmax(axis=1, keepdims=True)


def _cosines(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    first, second = one.astype(np.float64), other.astype(np.float64)
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.nan_to_num((first * second).sum(axis=1) / np.maximum(lengths, 1e-12), nan=-1.0)


def _steps_after(model: onnx.ModelProto, tensor: str) -> list[onnx.NodeProto]:
    """Return all steps that depend on a tensor; those of a graph are in order."""
    reached, found = {tensor}, []
    for step in model.graph.node:
        if reached.intersection(step.input):
            reached.update(step.output)
            found.append(step)
    return found


def _keep(model: onnx.ModelProto, steps: list[onnx.NodeProto], outputs: list[str]) -> None:
    """Leave only these steps, outputs, and the numbers they need."""
    graph = model.graph
    kept = [each for each in graph.output if each.name in outputs]
    used = {name for step in steps for name in step.input}
    numbers = [each for each in graph.initializer if each.name in used]
    for field, values in ((graph.node, steps), (graph.output, kept), (graph.initializer, numbers)):
        del field[:]
        field.extend(values)
