"""Embeddings of photos by the starter, kept between runs outside of the photos' folder."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.files import write_arrays
from tagger.bundle.graph import EMBEDDING, load_model, model_bytes
from tagger.bundle.head_graph import backbone_of
from tagger.bundle.spec import MODEL_FILE
from tagger.bundle.store import BundleStore
from tagger.core.preprocessing import Preprocessing
from tagger.imaging.model_input import model_input
from tagger.imaging.problems import PhotoProblem
from tagger.library.places import user_folder
from trainer.session import open_session
from trainer.starter.build import ensure_starter

_BATCH = 16
_THREADS = 4
_KEPT_IN = "photo-tagger-bench"


def starter_embeddings(
    photos: Sequence[Path], tell: Callable[[float], None]
) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
    """Return what the starter makes of photos, rounded as the program keeps it.

    Args:
        photos: files.
        tell: told the share done.

    Returns:
        float16 [photos, D], and bool [photos]: False where a photo cannot be read.
    """
    bundles = user_folder("bundles")
    spec = ensure_starter(bundles)
    kept = Path(tempfile.gettempdir()) / _KEPT_IN / f"{_key(photos, spec.space_id)}.npz"
    if kept.is_file():
        with np.load(kept) as arrays:
            return arrays["embeddings"], arrays["readable"]
    folder = BundleStore(bundles).folder(spec.bundle_id)
    backbone = backbone_of(load_model(folder / MODEL_FILE))
    embeddings, readable = _computed(photos, spec.preprocessing, model_bytes(backbone), tell)
    kept.parent.mkdir(exist_ok=True)
    write_arrays(kept, {"embeddings": embeddings, "readable": readable})
    return embeddings, readable


def _key(photos: Sequence[Path], space: str) -> str:
    digest = hashlib.sha256(space.encode())
    for path in photos:
        facts = path.stat()
        digest.update(f"{path.resolve()}\n{facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


def _computed(
    photos: Sequence[Path],
    preprocessing: Preprocessing,
    graph: bytes,
    tell: Callable[[float], None],
) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
    session = open_session(graph)
    grey = np.full((preprocessing.height, preprocessing.width, 3), 127, np.uint8)

    def one(path: Path) -> NDArray[np.uint8] | None:
        try:
            return model_input(path, preprocessing)
        except (PhotoProblem, OSError):
            return None

    found: list[NDArray[np.float16]] = []
    readable: list[bool] = []
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="decode") as pool:
        for at in range(0, len(photos), _BATCH):
            pixels = list(pool.map(one, photos[at : at + _BATCH]))
            readable += [each is not None for each in pixels]
            batch = np.stack([grey if each is None else each for each in pixels])
            found.append(session(batch)[EMBEDDING].astype(np.float16))
            tell(len(readable) / len(photos))
    return np.concatenate(found), np.array(readable, bool)
