"""What changing to a model costs in the open library, in a photographer's words."""

from __future__ import annotations

import numpy as np

from tagger.app.dialogs.words import count
from tagger.bundle.spec import BundleSpec
from tagger.library.cache import EmbeddingStore
from tagger.library.library import Library
from tagger.suggest.last_run import LastRun


def unseen_photos(library: Library, spec: BundleSpec) -> int:
    """Return how many photos a model would have to look at, whose embeddings are not kept."""
    photos = library.photos
    slots = np.flatnonzero(photos.present)
    store = EmbeddingStore.open(library.places.cache, spec.space_id, spec.embedding_size)
    try:
        return len(slots) - int(store.kept(slots, photos.signature[slots]).sum())
    finally:
        store.close()


def switching(library: Library, spec: BundleSpec, last: LastRun | None) -> str:
    """Say what happens when the open library changes to a model.

    Args:
        library: the open library.
        spec: the model.
        last: the last run of the suggester here, whose speed the time is told by.
    """
    photos = unseen_photos(library, spec)
    if not photos:
        return "Suggestions are there in a moment: it has looked at all these photos before."
    words = f"Looks at {count(photos, 'photo')} once more{_time(photos, spec, last)}. "
    words += "Your decisions stay"
    if not spec.dataset.get("photos"):
        words += "; press Retrain to teach it what another model learned from them"
    return words + ". Going back is instant: what the model before computed is kept."


def _time(photos: int, spec: BundleSpec, last: LastRun | None) -> str:
    if last is None or last.photos_per_s < 1:
        return ""
    faster = ", or less" if spec.producer.get("variant") == "fast" else ""
    return (
        f", in about {duration(photos / last.photos_per_s)} at the {last.photos_per_s:,.0f} photos "
        f"a second of the last run{faster}"
    )


def duration(seconds: float) -> str:
    """Return a time in the coarse words that an estimate deserves."""
    if seconds < 55:
        return f"{max(5, 5 * round(seconds / 5))} seconds"
    if seconds < 55 * 60:
        return count(max(1, round(seconds / 60)), "minute")
    return count(max(1, round(seconds / 3600)), "hour")
