"""A foreign model as it came, run on the golden pictures: what its bundle will have to give."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from tagger.bundle.errors import BundleError
from tagger.bundle.foreign.graph import (
    PREFIX,
    ForeignInput,
    Normalisation,
    foreign_input,
    guessed_normalisation,
    image_model,
    modern,
)
from tagger.bundle.foreign.labels import ForeignLabel
from tagger.bundle.foreign.model import ForeignModel, Layout, Triple
from tagger.bundle.foreign.split import Ending, find_ending
from tagger.bundle.golden import OpenSession, Prepare, Run
from tagger.bundle.golden_pictures import golden_pictures
from tagger.bundle.graph import model_bytes
from tagger.bundle.heads import sigmoid, softmax
from tagger.bundle.spec import Kind
from tagger.core.preprocessing import Preprocessing

USUAL_SIZE = (224, 224)


@dataclass(frozen=True)
class Reference:
    """What a foreign model is and says.

    Attributes:
        file: name of the ONNX file.
        graph: the model behind the input `image`, in a modern operator set.
        batch: number of photos it is fixed to, None if it takes any.
        output: name of the tensor with its answers.
        ending: how the graph ends.
        preprocessing: how photos become its input.
        pixels: uint8 [P, H, W, 3], the golden pictures.
        probabilities: whether its answers are probabilities already.
        link: what makes probabilities of its logits: `sigmoid` or `softmax`.
        kind: kind of groups that do not say otherwise.
        scores: float32 [P, L], its answers as probabilities, one picture at a time.
        notes: what was assumed, in sentences.
    """

    file: str
    graph: onnx.ModelProto
    batch: int | None
    output: str
    ending: Ending
    preprocessing: Preprocessing
    pixels: NDArray[np.uint8]
    probabilities: bool
    link: str
    kind: Kind
    scores: NDArray[np.float32]
    notes: tuple[str, ...]

    @property
    def coarse(self) -> bool:
        """Whether the model calculates in float16."""
        return any(t.data_type == TensorProto.FLOAT16 for t in self.graph.graph.initializer)


def open_reference(
    foreign: ForeignModel,
    model: onnx.ModelProto,
    labels: list[ForeignLabel],
    prepare: Prepare,
    open_session: OpenSession,
) -> Reference:
    """Run a foreign model as it came, behind nodes that take `image`.

    Args:
        foreign: how to use it.
        model: the file's content.
        labels: its label list.
        prepare: this program's preprocessing.
        open_session: runs a graph.

    Raises:
        BundleError: it does not run, or its outputs do not fit the label list.
    """
    name = foreign.onnx.name
    entry = foreign_input(model, name)
    layout, size, notes = _shape(foreign, entry)
    normalisation, assumed = _normalisation(foreign, model, entry)
    wrapped = image_model(
        model,
        entry,
        size=size,
        layout=layout,
        channels=foreign.channels,
        normalisation=normalisation,
    )
    preprocessing = _preprocessing(foreign, size)
    pixels = _pixels(preprocessing, prepare)
    outputs = _answers(open_session, wrapped, pixels, entry.batch or 1, name)
    graph = modern(wrapped, name)
    output = _choose_output(outputs, graph, foreign, len(labels))
    ending = find_ending(graph, output)
    raw = outputs[output].reshape(len(pixels), -1)
    probabilities = _are_probabilities(foreign, ending, raw)
    link, kind, told = _meaning(foreign, ending, raw, probabilities, labels)
    scores = raw if probabilities else (sigmoid(raw) if link == "sigmoid" else softmax(raw))
    return Reference(
        file=name,
        graph=graph,
        batch=entry.batch,
        output=output,
        ending=ending,
        preprocessing=preprocessing,
        pixels=pixels,
        probabilities=probabilities,
        link=link,
        kind=kind,
        scores=scores,
        notes=tuple(note for note in (*notes, assumed, told) if note),
    )


def _shape(foreign: ForeignModel, entry: ForeignInput) -> tuple[Layout, tuple[int, int], list[str]]:
    notes = []
    layout = foreign.layout or entry.layout
    if layout is None:
        layout = "NCHW"
        notes.append("colours were assumed to come first (NCHW), since the file does not say")
    declared = (entry.width, entry.height) if entry.layout else (None, None)
    usual = foreign.size or USUAL_SIZE
    size = (declared[0] or usual[0], declared[1] or usual[1])
    if foreign.size and foreign.size != size:
        raise BundleError(
            f"{foreign.onnx.name} takes {size[0]} x {size[1]} pixels, "
            f"not {foreign.size[0]} x {foreign.size[1]}"
        )
    if None in declared and not foreign.size:
        notes.append(f"the file takes any size; {size[0]} x {size[1]} pixels were assumed")
    return layout, size, notes


def _normalisation(
    foreign: ForeignModel, model: onnx.ModelProto, entry: ForeignInput
) -> tuple[Normalisation, str]:
    if foreign.scale is None and foreign.mean is None and foreign.std is None:
        return guessed_normalisation(model, entry)
    mean: Triple = foreign.mean or (0, 0, 0)
    std: Triple = foreign.std or (1, 1, 1)
    scale = foreign.scale
    if scale is None:
        in_bytes = max(*mean, *std) > 2  # mean and deviation of pixels from 0 to 255
        scale = 1.0 if in_bytes else 1 / 255
    if min(abs(value) for value in std) == 0:
        raise BundleError("std is 0, which no pixel can be divided by")
    return Normalisation.of(scale, mean, std), ""


def _preprocessing(foreign: ForeignModel, size: tuple[int, int]) -> Preprocessing:
    return Preprocessing(
        width=size[0],
        height=size[1],
        fit=foreign.fit,
        resize_to=foreign.resize_to,
        pad_color=foreign.pad_color,
        interpolation=foreign.interpolation,
        antialias=foreign.antialias,
    )


def _pixels(preprocessing: Preprocessing, prepare: Prepare) -> NDArray[np.uint8]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, content in golden_pictures(preprocessing).items():
            path = Path(folder) / name
            path.write_bytes(content)
            rows.append(prepare(path, preprocessing))
    return np.stack(rows)


def _answers(
    open_session: OpenSession,
    model: onnx.ModelProto,
    pixels: NDArray[np.uint8],
    batch: int,
    name: str,
) -> dict[str, NDArray[np.float32]]:
    """Return every output of each picture alone, float32 [P, ...]."""
    try:
        run: Run = open_session(model_bytes(model))
        rows = [run(np.repeat(pixel[None], batch, axis=0)) for pixel in pixels]
    except BundleError:
        raise
    except Exception as error:  # whatever the runtime raises
        reason = " ".join(str(error).split())[:300]
        raise BundleError(f"{name} does not run on pictures of its size: {reason}") from error
    return {
        key: np.stack([np.asarray(row[key])[0] for row in rows]).astype(np.float32)
        for key in rows[0]
        if np.asarray(rows[0][key]).ndim > 0
    }


def _choose_output(
    outputs: dict[str, NDArray[np.float32]],
    graph: onnx.ModelProto,
    foreign: ForeignModel,
    labels: int,
) -> str:
    if foreign.output_name:
        if PREFIX + foreign.output_name not in outputs:
            names = ", ".join(name.removeprefix(PREFIX) for name in outputs)
            raise BundleError(
                f"{foreign.onnx.name} has no output {foreign.output_name!r}; it has: {names}"
            )
        outputs = {PREFIX + foreign.output_name: outputs[PREFIX + foreign.output_name]}
    widths = {name: values[0].size for name, values in outputs.items()}
    fitting = [name for name, width in widths.items() if width == labels]
    if not fitting:
        given = ", ".join(str(width) for width in widths.values())
        raise BundleError(
            f"{foreign.labels.name} lists {labels} labels, but {foreign.onnx.name} "
            f"gives {given} scores per photo"
        )
    if not all(np.isfinite(outputs[name]).all() for name in fitting):
        raise BundleError(f"{foreign.onnx.name} gives NaN or infinity on plain pictures")
    made = [name for node in graph.graph.node for name in node.output]
    return max(fitting, key=lambda name: made.index(name) if name in made else -1)


def _are_probabilities(foreign: ForeignModel, ending: Ending, raw: NDArray[np.float32]) -> bool:
    if ending.link is not None:
        return True
    inside = bool(((raw >= -1e-6) & (raw <= 1 + 1e-6)).all())
    if foreign.output is None:
        return inside
    if foreign.output == "probabilities" and not inside:
        raise BundleError(
            f"{foreign.onnx.name} gives numbers outside 0 to 1: these are no probabilities"
        )
    return foreign.output == "probabilities"


def _meaning(
    foreign: ForeignModel,
    ending: Ending,
    raw: NDArray[np.float32],
    probabilities: bool,
    labels: list[ForeignLabel],
) -> tuple[str, Kind, str]:
    """Return link, kind, and what was assumed."""
    link = ending.link
    if link is None and probabilities:
        shares = raw.shape[1] > 1 and np.abs(raw.sum(axis=1) - 1).max() < 1e-3
        link = "softmax" if shares else "sigmoid"
    if link is not None:
        return link, foreign.kind or ("single" if link == "softmax" else "multi"), ""
    if foreign.kind is not None:
        return ("softmax" if foreign.kind == "single" else "sigmoid"), foreign.kind, ""
    if any(label.threshold is not None or label.category is not None for label in labels):
        return "sigmoid", "multi", ""
    return "softmax", "single", "exactly one label per photo was assumed: the file does not say"
