"""Libraries for tests of the window: real photos with a small synthetic model, and a large one."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from tagger.bundle.spec import BundleGroup, BundleLabel, BundleSpec
from tagger.core.names import new_id
from tagger.core.preprocessing import Preprocessing
from tagger.library.cache import ScoreStore
from tagger.library.library import Library
from tagger.library.scan import ensure_home_root, scan

TAGS = ("animal", "dog", "cat", "beach", "sky", "car")
BREEDS = (
    "Pug",
    "Boxer",
    "Beagle",
    "Collie",
    "Whippet",
    "Poodle",
    "Saluki",
    "Borzoi",
    "Briard",
    "Kelpie",
    "Husky",
    "Akita",
)


def spec(tags: tuple[str, ...] = TAGS, breeds: tuple[str, ...] = BREEDS) -> BundleSpec:
    """A model with a multi group *tags* and a single group *breed*, gated by dog."""
    labels = tuple(
        BundleLabel(
            f"tags-{name}",
            name,
            synonyms=("puppy",) if name == "dog" else (),
            parent="tags-animal" if name in ("dog", "cat") else None,
            default_threshold=0.5,
        )
        for name in tags
    )
    races = tuple(BundleLabel(f"breed-{name}", name, default_threshold=0.3) for name in breeds)
    return BundleSpec(
        name="Synthetic",
        preprocessing=Preprocessing(width=224, height=224, fit="squash"),
        groups=(
            BundleGroup("tags", "tags", "multi", labels),
            BundleGroup("breed", "breed", "single", races, gate="tags-dog"),
        ),
        embedding_size=8,
        space_id="5" * 32,
        bundle_id="b" * 32,
    )


def copy_photos(test_data: Path, folder: Path, count: int = 12) -> Path:
    """Copy a few everyday photos."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((test_data / "everyday" / "photos").iterdir())[:count]:
        shutil.copy(path, folder / path.name)
    return folder


def open_scanned(folder: Path) -> Library:
    """Open a folder and read its photos."""
    library = Library.open(folder)
    scan(library)
    library.reload_photos()
    return library


def write_scores(library: Library, model: BundleSpec, scores: dict[str, np.ndarray]) -> None:
    """Store probabilities for all photos in the order of their names: group id → [photos, L]."""
    slots = library.photos.by_name
    store = ScoreStore.open(library.places.cache, model, writable=True)
    store.reserve(library.facts.slots)
    store.write(slots, scores, library.photos.signature[slots])
    store.close()
    library.refresh_scores()


def made_scores(photos: int) -> dict[str, np.ndarray]:
    """Scores in which photo 0 is a pug on a beach, 1 a cat, 2 nothing, and so on in turns of 3."""
    tags = np.full((photos, len(TAGS)), 0.1, np.float32)
    tags[0::3, [0, 1, 3]] = [0.9, 0.8, 0.7]
    tags[1::3, [0, 2]] = [0.9, 0.6]
    breed = np.full((photos, len(BREEDS)), 0.02, np.float32)
    breed[:, 0], breed[:, 1] = 0.6, 0.2
    return {"tags": tags, "breed": breed}


def big_library(folder: Path, photos: int = 100_000, tags: int = 150, breeds: int = 121) -> Library:
    """A library of synthetic rows: no files, but catalog rows and scores as of real photos."""
    folder.mkdir(parents=True)
    library = Library.open(folder)
    ensure_home_root(library)
    rng = np.random.default_rng(7)
    rows = [
        (slot, new_id(), b"%04d/IMG_%d.jpg" % (slot % 40, slot), rng.bytes(16), 1.7e9 - slot)
        for slot in range(1, photos + 1)
    ]
    library.catalog.write(
        lambda connection: connection.executemany(
            "INSERT INTO photo (slot, id, root, path, size, mtime_ns, fingerprint, taken, added) "
            "VALUES (?, ?, 1, ?, 1000, 1, ?, ?, '2026-11-21T09:00:00Z')",
            rows,
        )
    ).result()
    library.reload_photos()
    names = ("animal", "dog", *(f"tag {number}" for number in range(tags - 2)))
    model = spec(names, tuple(f"breed {number}" for number in range(breeds)))
    library.use_bundle(model)
    scores = {
        "tags": rng.beta(0.3, 4.0, (photos, tags)).astype(np.float32),
        "breed": rng.dirichlet(np.full(breeds, 0.02), photos).astype(np.float32),
    }
    write_scores(library, model, scores)
    return library
