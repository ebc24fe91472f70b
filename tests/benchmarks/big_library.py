"""A library of 100,000 photos on disk, with embeddings as the starter would keep them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

from tagger.bundle.heads import Head
from tagger.bundle.spec import BundleGroup, BundleLabel, BundleSpec
from tagger.bundle.store import BundleStore
from tagger.bundle.write import make_bundle
from tagger.imaging.model_input import model_input
from tagger.library.cache import EmbeddingStore
from tagger.library.library import Library
from tagger.library.places import user_folder
from tagger.library.scan import scan

FOLDERS = 100
_CHUNK = 10_000


def write_photos(source: Path, folder: Path, count: int, first: int = 0) -> None:
    """Write small photos that differ in their last bytes, a hundred folders of them."""
    data = source.read_bytes()
    for number in range(first, first + count):
        place = folder / f"{number % FOLDERS:03d}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"IMG_{number}.jpg").write_bytes(data + number.to_bytes(8, "little"))


def scanned(folder: Path, spec: BundleSpec) -> None:
    """Scan a folder and keep embeddings of all its photos: random, of the size of real ones."""
    random = np.random.default_rng(3)
    with Library.open(folder) as library:
        scan(library)
        library.reload_photos()
        slots = np.sort(library.photos.by_name)
        store = EmbeddingStore.open(
            library.places.cache, spec.space_id, spec.embedding_size, writable=True
        )
        store.reserve(int(slots[-1]) + 1)
        for start in range(0, len(slots), _CHUNK):
            some = slots[start : start + _CHUNK]
            rows = np.abs(random.standard_normal((len(some), spec.embedding_size), np.float32))
            store.write(some, rows, library.photos.signature[some])
        store.close()


def child_bundle(parent: BundleSpec, labels: int, seed: int) -> BundleSpec:
    """Write a bundle with the parent's backbone and one group of so many linear labels."""
    from tests.bundle.bundle_makers import open_session

    store = BundleStore(user_folder("bundles"))
    random = np.random.default_rng(seed)
    weight = random.normal(0, 0.1, (parent.embedding_size, labels)).astype(np.float32)
    group = BundleGroup(
        f"bench{seed}",
        f"bench {seed}",
        "multi",
        tuple(
            BundleLabel(f"bench{seed}-{n}", f"thing {n}", default_threshold=0.9)
            for n in range(labels)
        ),
    )
    head = Head(
        group.id, "linear", "identity", "multi", {"weight": weight, "bias": np.zeros(labels, "f4")}
    )
    spec = replace(parent, name=f"Bench {seed}", groups=(group,), parent=parent.bundle_id)
    backbone = onnx.load(store.folder(parent.bundle_id) / "model.onnx")
    made = user_folder("bundles") / f".bench-{seed}"
    spec = make_bundle(made, spec, backbone, [head], "# Bench", model_input, open_session)
    made.rename(user_folder("bundles") / spec.bundle_id)
    return spec
