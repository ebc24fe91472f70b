"""The folder `golden/` of a bundle: pictures, and the numbers they must give."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.errors import BundleError, GoldenMismatch
from tagger.bundle.fields import Fields
from tagger.bundle.files import read_arrays, read_json, write_arrays, write_json
from tagger.bundle.spec import GOLDEN_FOLDER, BundleGroup, BundleSpec

FACTS_FILE = "golden.json"
EXPECTED_FILE = "expected.npz"


@dataclass(frozen=True)
class Arithmetic:
    """How closely two machines may be expected to agree.

    Attributes:
        noise: relative difference of an embedding between two honest ones.
        embedding: least and most allowed relative difference of an embedding; a quarter of what
            swapped channels give lies between.
        logit: least and most allowed difference of a logit.
    """

    noise: float
    embedding: tuple[float, float]
    logit: tuple[float, float]


FLOAT = Arithmetic(noise=0.007, embedding=(0.001, 0.03), logit=(0.15, 1.0))
"""The noise is TF32's on Lite0."""

QUANTIZED = Arithmetic(noise=0.03, embedding=(0.001, 0.08), logit=(0.15, 2.0))
"""Whole numbers, where a runtime may round once more or less between two layers: 2 to 3 % on Lite0
between ONNX Runtime's integer kernels and the same graph in float."""


@dataclass(frozen=True)
class Golden:
    """The content of the folder `golden/`, P pictures.

    Attributes:
        pictures: file name to file content.
        pixels: uint8 [P, H, W, 3], the pictures as model input.
        embedding: float32 [P, D].
        scores: group id to float32 [P, L].
        labels: group id to (id, name) of its labels in output order.
        embedding_tolerance: allowed relative difference of an embedding.
        logit_tolerance: allowed difference of a logit.
    """

    pictures: dict[str, bytes]
    pixels: NDArray[np.uint8]
    embedding: NDArray[np.float32]
    scores: dict[str, NDArray[np.float32]]
    labels: dict[str, list[tuple[str, str]]]
    embedding_tolerance: float
    logit_tolerance: float


def write_golden(folder: Path, golden: Golden) -> None:
    """Write the bundle's folder `golden/` below `folder`."""
    inner = folder / GOLDEN_FOLDER
    inner.mkdir()
    for name, content in golden.pictures.items():
        (inner / name).write_bytes(content)
    arrays: dict[str, NDArray[Any]] = {"pixels": golden.pixels, "embedding": golden.embedding}
    arrays |= {f"scores/{group}": scores for group, scores in golden.scores.items()}
    write_arrays(inner / EXPECTED_FILE, arrays, compress=True)
    facts = {
        "format": "tagger-golden",
        "version": 1,
        "pictures": list(golden.pictures),
        "tolerance": {"embedding": golden.embedding_tolerance, "logit": golden.logit_tolerance},
        "labels": golden.labels,
    }
    write_json(inner / FACTS_FILE, facts)


def read_golden(folder: Path, spec: BundleSpec) -> Golden:
    """Read the folder `golden/` of the bundle in `folder` and check that it fits the spec.

    Raises:
        BundleError: something is missing, damaged, or of another shape; names file and field.
        GoldenMismatch: it was made for other labels, or the same in another order.
    """
    inner = folder / GOLDEN_FOLDER
    facts = Fields(read_json(inner / FACTS_FILE), f"{GOLDEN_FOLDER}/{FACTS_FILE}")
    names = facts.texts("pictures")
    if not names:
        raise BundleError(f"{facts.path('pictures')} is empty")
    tolerance = Fields(facts.mapping("tolerance"), facts.path("tolerance"))
    labels = _read_labels(facts, spec)
    arrays = read_arrays(inner / EXPECTED_FILE)
    size = spec.preprocessing
    pixels = _array(arrays, "pixels", (len(names), size.height, size.width, 3), np.uint8)
    return Golden(
        pictures={name: _read_picture(inner, name) for name in names},
        pixels=pixels,
        embedding=_array(arrays, "embedding", (len(names), spec.embedding_size), np.float32),
        scores={
            group.id: _array(arrays, group.output, (len(names), len(group.labels)), np.float32)
            for group in spec.groups
        },
        labels=labels,
        embedding_tolerance=tolerance.number("embedding", 0, QUANTIZED.embedding[1]),
        logit_tolerance=tolerance.number("logit", 0, QUANTIZED.logit[1]),
    )


def label_list(group: BundleGroup) -> list[tuple[str, str]]:
    """Return id and name of a group's labels in output order."""
    return [(label.id, label.name) for label in group.labels]


def _read_labels(facts: Fields, spec: BundleSpec) -> dict[str, list[tuple[str, str]]]:
    inner = Fields(facts.mapping("labels"), facts.path("labels"))
    labels = {}
    for group in spec.groups:
        kept = [tuple(pair) for pair in inner.items(group.id) if isinstance(pair, list)]
        for at, (was, now) in enumerate(zip(kept, label_list(group), strict=False)):
            if was != now:
                raise GoldenMismatch(
                    f"bundle.json: label {at} of group {group.name} is {now[1]!r}, but the bundle "
                    f"was made with {was[1:]!r} there: labels were swapped or reordered"
                )
        if len(kept) != len(group.labels):
            raise GoldenMismatch(
                f"bundle.json: group {group.name} has {len(group.labels)} labels, but the bundle "
                f"was made with {len(kept)}"
            )
        labels[group.id] = label_list(group)
    return labels


def _read_picture(folder: Path, name: str) -> bytes:
    if name != Path(name).name or name in ("", ".", "..") or "\\" in name or ":" in name:
        raise BundleError(
            f"{GOLDEN_FOLDER}/{FACTS_FILE}: pictures names {name!r}, which leaves the bundle"
        )
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise BundleError(
            f"{GOLDEN_FOLDER}/{name} cannot be read: {error.strerror or error}"
        ) from error


def _array(
    arrays: dict[str, NDArray[Any]], name: str, shape: tuple[int, ...], dtype: type[np.generic]
) -> NDArray[Any]:
    where = f"{GOLDEN_FOLDER}/{EXPECTED_FILE}: {name}"
    if name not in arrays:
        raise BundleError(f"{where} is missing")
    array = arrays[name]
    if array.shape != shape or array.dtype != dtype:
        raise BundleError(
            f"{where} is {array.dtype} {list(array.shape)}, not {np.dtype(dtype)} {list(shape)}"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise BundleError(f"{where} holds NaN or infinity")
    return array
