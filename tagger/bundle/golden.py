"""Synthetic pictures and what they must give: proof that this machine answers as it should.

Two things are compared apart: the pixels that this machine's preprocessing makes of each picture,
and what its graph makes of the bundle's own pixels. One test for both could not be sharp: single
steps of brightness, as between two JPEG decoders, move Lite0's embedding of such pictures by 17 %,
reduced precision on a GPU (TF32) by 0.7 %, swapped channels by 28 %.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.errors import GoldenMismatch
from tagger.bundle.golden_files import (
    FLOAT,
    Arithmetic,
    Golden,
    label_list,
    read_golden,
)
from tagger.bundle.golden_pictures import golden_pictures
from tagger.bundle.heads import Head, head_logits, head_scores, scores_from_logits
from tagger.bundle.read import read_bundle
from tagger.bundle.spec import BundleGroup, BundleSpec
from tagger.core.errors import TaggerError
from tagger.core.preprocessing import Preprocessing

Prepare = Callable[[Path, Preprocessing], NDArray[np.uint8]]
"""Photo file to model input, uint8 [H, W, 3]: `tagger.imaging.model_input.model_input`."""

Run = Callable[[NDArray[np.uint8]], dict[str, NDArray[Any]]]
"""The graph: uint8 [N, H, W, 3] to all outputs by name."""

OpenSession = Callable[[bytes], Run]
"""Content of an ONNX file to a function that runs it; given by those who may use ONNX Runtime."""

PIXEL_TOLERANCE = 1.0
"""Mean difference of a picture, of 255. Measured: the nearest other filter (Lanczos for bicubic)
differs by at least 2.5, other fits by 30, swapped channels by 28."""

LOGIT_RANGE = (-12.0, 9.0)
"""Scores nearer to 0 and 1 than these logits are not told apart: float32 cannot hold them."""

TOP = 5

HEADS_TOLERANCE = 1e-3
"""Largest difference of a score between `heads.npz` and the graph: more means another head.
Equal heads are within 1e-5; with logits in the thousands float32 itself is that coarse."""


def make_golden(
    spec: BundleSpec,
    prepare: Prepare,
    run: Run,
    heads: Sequence[Head] = (),
    arithmetic: Arithmetic = FLOAT,
) -> Golden:
    """Make pictures, and keep what they give on this machine.

    Args:
        spec: preprocessing, groups and labels are used.
        prepare: this program's preprocessing.
        run: the finished graph, heads attached.
        heads: with them the tolerance of scores follows how steep they are.
        arithmetic: what the graph calculates in.

    Raises:
        BundleError: the graph gives something else than the spec says, or no finite numbers.
    """
    pictures = golden_pictures(spec.preprocessing)
    with tempfile.TemporaryDirectory() as folder:
        pixels = np.stack(_prepare_all(Path(folder), pictures, spec.preprocessing, prepare))
    outputs = run_checked(spec, run, pixels)
    swapped = run_checked(spec, run, np.ascontiguousarray(pixels[..., ::-1]))
    embedding = outputs["embedding"]
    least, most = arithmetic.embedding
    seen = float(relative_distance(swapped["embedding"], embedding).max())
    return Golden(
        pictures=pictures,
        pixels=pixels,
        embedding=embedding,
        scores={group.id: outputs[group.output] for group in spec.groups},
        labels={group.id: label_list(group) for group in spec.groups},
        embedding_tolerance=float(np.clip(seen / 4, least, most)),
        logit_tolerance=_logit_tolerance(heads, embedding, arithmetic),
    )


def check_golden(folder: Path, prepare: Prepare, run: Run) -> None:
    """Check this machine's pipeline on the pictures of the bundle in `folder`.

    Args:
        folder: the bundle.
        prepare: this program's preprocessing, as it is used on photos.
        run: the bundle's graph on the provider that is to be used.

    Raises:
        GoldenMismatch: pixels, embedding, scores or labels are not those of the bundle; the
            sentence says which, and what that points to.
        BundleError: the bundle itself is damaged.
    """
    spec = read_bundle(folder)
    golden = read_golden(folder, spec)
    _check_pixels(golden, spec, prepare)
    outputs = run_checked(spec, run, golden.pixels)
    _check_embedding(golden, outputs["embedding"])
    for group in spec.groups:
        _check_scores(golden, group, outputs[group.output])


def check_heads_give_golden(golden: Golden, spec: BundleSpec, heads: tuple[Head, ...]) -> None:
    """Check that `heads.npz` gives the scores that the graph gave, without running the graph.

    Raises:
        GoldenMismatch: a score differs by more than `HEADS_TOLERANCE`.
    """
    for head in heads:
        difference = np.abs(head_scores(head, golden.embedding) - golden.scores[head.group]).max()
        if not difference <= HEADS_TOLERANCE:
            raise GoldenMismatch(
                f"heads.npz: the head of group {spec.group(head.group).name} is not the one in "
                f"model.onnx: on the golden pictures the scores differ by {difference:.4f}"
            )


def run_checked(
    spec: BundleSpec, run: Run, pixels: NDArray[np.uint8]
) -> dict[str, NDArray[np.float32]]:
    """Run the graph and return `embedding` and all scores, shapes and numbers checked.

    Raises:
        GoldenMismatch: an output is missing, misshapen or not finite.
    """
    outputs = run(pixels)
    widths = {"embedding": spec.embedding_size}
    widths |= {group.output: len(group.labels) for group in spec.groups}
    for name, width in widths.items():
        if name not in outputs:
            raise GoldenMismatch(f"the graph gives no output {name!r}")
        if outputs[name].shape != (len(pixels), width):
            raise GoldenMismatch(
                f"output {name!r} has shape {list(outputs[name].shape)}, not {[len(pixels), width]}"
            )
        if not np.isfinite(outputs[name]).all():
            raise GoldenMismatch(f"output {name!r} holds NaN or infinity")
    return {name: outputs[name].astype(np.float32, copy=False) for name in widths}


def relative_distance(
    rows: NDArray[np.float32], expected: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return how far each row is from the expected one, relative to that one's length: [N]."""
    length = np.linalg.norm(expected.astype(np.float64), axis=1)
    return np.linalg.norm(rows.astype(np.float64) - expected, axis=1) / np.maximum(length, 1e-12)


def clipped_logits(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return log(p / (1 - p)), kept within `LOGIT_RANGE`; same shape."""
    least, most = (1 / (1 + np.exp(-limit)) for limit in LOGIT_RANGE)
    inside = np.clip(scores.astype(np.float64), least, most)
    return np.log(inside) - np.log1p(-inside)


def _prepare_all(
    folder: Path, pictures: dict[str, bytes], preprocessing: Preprocessing, prepare: Prepare
) -> list[NDArray[np.uint8]]:
    prepared = []
    for name, content in pictures.items():
        path = folder / name
        path.write_bytes(content)
        try:
            prepared.append(prepare(path, preprocessing))
        except TaggerError as error:
            raise GoldenMismatch(f"the golden picture {name} cannot be read: {error}") from error
    return prepared


def _check_pixels(golden: Golden, spec: BundleSpec, prepare: Prepare) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = _prepare_all(Path(folder), golden.pictures, spec.preprocessing, prepare)
    for (name, pixels), expected in zip(
        zip(golden.pictures, made, strict=True), golden.pixels, strict=True
    ):
        if pixels.shape != expected.shape or pixels.dtype != np.uint8:
            raise GoldenMismatch(
                f"the golden picture {name} becomes {pixels.dtype} {list(pixels.shape)} here, "
                f"not uint8 {list(expected.shape)}"
            )
        difference = np.abs(pixels.astype(np.float32) - expected).mean()
        if difference > PIXEL_TOLERANCE:
            raise GoldenMismatch(
                f"the golden picture {name} is prepared differently here (by {difference:.1f} of "
                f"255 in the mean, {PIXEL_TOLERANCE:g} is allowed): {_suspicion(pixels, expected)}"
            )


def _suspicion(pixels: NDArray[np.uint8], expected: NDArray[np.uint8]) -> str:
    swapped = np.abs(pixels[..., ::-1].astype(np.float32) - expected).mean()
    if swapped <= PIXEL_TOLERANCE:
        return "red and blue are swapped"
    return "size, fit, resize filter or background is not what the bundle asks for"


def _check_embedding(golden: Golden, embedding: NDArray[np.float32]) -> None:
    distances = relative_distance(embedding, golden.embedding)
    worst = int(distances.argmax())
    if distances[worst] > golden.embedding_tolerance:
        raise GoldenMismatch(
            f"the model answers differently here: the embedding of {list(golden.pictures)[worst]} "
            f"is {distances[worst]:.1%} off, {golden.embedding_tolerance:.1%} is allowed: swapped "
            "channels, other weights, or a processor that calculates too coarsely"
        )


def _check_scores(golden: Golden, group: BundleGroup, scores: NDArray[np.float32]) -> None:
    expected = clipped_logits(golden.scores[group.id])
    found = clipped_logits(scores)
    differences = np.abs(found - expected)
    if differences.max() <= golden.logit_tolerance:
        return
    picture, label = np.unravel_index(int(differences.argmax()), differences.shape)
    name = list(golden.pictures)[picture]
    wanted, got = (_top(group, values[picture]) for values in (expected, found))
    if wanted != got:
        raise GoldenMismatch(
            f"group {group.name}: the best labels of {name} must be {', '.join(wanted)}, "
            f"but here they are {', '.join(got)}: wrong label order, or another head"
        )
    raise GoldenMismatch(
        f"group {group.name}: label {group.labels[label].name} of {name} scores "
        f"{scores[picture, label]:.3f} here, but must score "
        f"{golden.scores[group.id][picture, label]:.3f}: wrong label order, or another head"
    )


def _top(group: BundleGroup, values: NDArray[np.float64]) -> list[str]:
    best = np.argsort(-values, kind="stable")[:TOP]
    return [group.labels[at].name for at in best]


def _logit_tolerance(
    heads: Sequence[Head], embedding: NDArray[np.float32], arithmetic: Arithmetic
) -> float:
    """Return four times what the noise of this arithmetic does to the logits."""
    noise = np.random.default_rng(0).standard_normal(embedding.shape).astype(np.float32)
    length = np.linalg.norm(embedding, axis=1, keepdims=True)
    noise *= np.float32(arithmetic.noise) * length / np.float32(embedding.shape[1] ** 0.5)
    moved = 0.0
    for head in heads:
        before, after = (
            clipped_logits(scores_from_logits(head, head_logits(head, rows)))
            for rows in (embedding, embedding + noise)
        )
        moved = max(moved, float(np.abs(after - before).max()))
    return float(np.clip(4 * moved, *arithmetic.logit))
