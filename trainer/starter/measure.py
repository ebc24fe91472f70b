"""Measure what the fast starter needs to know of real photos: ranges, and what varies together.

Only for who changes the weights or the graph: the numbers are kept in resources/starter/fast.json,
and setting up needs no photos. The float starter looks at photos drawn from the folders.

  python -m trainer starter-measure --photos A --photos B --out resources/starter/fast.json
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from tagger.bundle.golden import Run
from tagger.bundle.graph import model_bytes
from tagger.core.errors import TaggerError
from tagger.imaging.model_input import model_input
from trainer.session import open_session
from trainer.starter.build import PREPROCESSING
from trainer.starter.checkpoint import read_checkpoint
from trainer.starter.lite0 import lite0_backbone
from trainer.starter.measured import Measured, measured_text
from trainer.starter.weights import weights, weights_path

SEED = 20261121
BATCH = 16
TAIL = 0.01
"""Percent of a batch's values that a range leaves out at each end."""

AXES = 4


class NoPhotos(TaggerError):
    """There is nothing to measure on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--photos",
        type=Path,
        action="append",
        required=True,
        metavar="FOLDER",
        help="a folder of JPEGs; where a table beside them (*.csv with 'split') names a part for "
        "each, only those of 'train' are taken; may be given several times",
    )
    parser.add_argument(
        "--count", type=int, default=640, help="photos drawn (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="fast.json")


def run(arguments: argparse.Namespace) -> int:
    """Measure and write the file. Returns the exit code."""
    found = sorted(path for folder in arguments.photos for path in training_photos(folder))
    if len(found) < arguments.count:
        raise NoPhotos(f"{arguments.count} photos are wanted, but only {len(found)} were found.")
    drawn = np.random.default_rng(SEED).permutation(len(found))[: arguments.count]
    measured = measure([found[at] for at in drawn])
    arguments.out.write_text(measured_text(measured), encoding="utf-8")
    print(f"{arguments.out}: measured on {arguments.count} photos")
    return 0


def training_photos(folder: Path) -> Iterator[Path]:
    """Yield the JPEGs below a folder, without those that a table beside them keeps for judging."""
    parts: dict[str, str] = {}
    for table in folder.glob("*.csv"):
        with table.open(encoding="utf-8", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("split"):
                    parts[Path(next(iter(row.values()))).name] = row["split"]
    for path in folder.rglob("*.jpg"):
        if parts.get(path.name, "train") == "train":
            yield path


def measure(photos: list[Path]) -> Measured:
    """Run the float model on photos and keep ranges and moments."""
    path = weights_path()
    model = lite0_backbone(read_checkpoint(path, weights().sha256))
    sums, inputs = _watched(model)
    for name in sorted({*sums, *inputs.values()}):
        model.graph.output.append(onnx.ValueInfoProto(name=name))
    running = open_session(model_bytes(onnx.shape_inference.infer_shapes(model)))
    ends: dict[str, list[NDArray[np.float64]]] = {name: [] for name in sums}
    moments: dict[str, NDArray[np.float64]] = dict.fromkeys(inputs.values(), np.zeros((1, 1)))
    for outputs in _answers(running, photos):
        for name in sums:
            ends[name].append(np.percentile(outputs[name], [TAIL, 100 - TAIL]))
        for name in moments:
            values = np.moveaxis(outputs[name], 1, 0).reshape(outputs[name].shape[1], -1)
            moments[name] = moments[name] + (values @ values.T).astype(np.float64) / values.shape[1]
    return Measured(
        weights_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        ranges={name: _mean_range(ends[name]) for name in sums},
        channels={
            layer: _axes_and_deviation(moments[name] / len(ends[sums[0]]))
            for layer, name in inputs.items()
        },
        photos={"count": len(photos), "seed": SEED, "batch": BATCH, "tail_percent": TAIL},
    )


def _watched(model: onnx.ModelProto) -> tuple[list[str], dict[str, str]]:
    """Return the values without ReLU6, and for each 1 × 1 convolution the value it takes."""
    sums, inputs = [], {}
    clipped = {node.input[0] for node in model.graph.node if node.op_type == "Clip"}
    for node in model.graph.node:
        if node.op_type in ("Conv", "Add") and node.output[0] not in clipped:
            sums.append(node.output[0])
        kernel = [list(a.ints) for a in node.attribute if a.name == "kernel_shape"]
        if node.op_type == "Conv" and kernel == [[1, 1]]:
            inputs[node.output[0]] = node.input[0]
    return sums, inputs


def _answers(running: Run, photos: list[Path]) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Run the model on photos, batch by batch."""
    for at in range(0, len(photos), BATCH):
        batch = [model_input(path, PREPROCESSING) for path in photos[at : at + BATCH]]
        yield running(np.stack(batch))
        print(f"{min(at + BATCH, len(photos))} of {len(photos)} photos", file=sys.stderr)


def _mean_range(ends: list[NDArray[np.float64]]) -> tuple[float, float]:
    low, high = np.mean(ends, axis=0)
    return float(low), float(high)


def _axes_and_deviation(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the main axes of second moments [I, I] and what they leave: [AXES + 1, I]."""
    lengths, directions = np.linalg.eigh(moments)
    axes = (directions * np.sqrt(np.maximum(lengths, 0)))[:, : -AXES - 1 : -1].T
    left = np.diag(moments) - (axes**2).sum(axis=0)
    return np.vstack([axes, np.sqrt(np.maximum(left, 0.0))])
