"""The beginning of every training: who is the parent, what was decided, what is to be learned."""

from __future__ import annotations

import time

import numpy as np

from tagger.bundle.store import BundleStore
from tagger.library.cache import EmbeddingStore
from tagger.library.library import Library
from trainer.ancestry import find_ancestry
from trainer.finish import Start
from trainer.gather import read_dataset


def begin(library: Library, store: BundleStore) -> Start:
    """Read a library's decisions as an immutable revision.

    Args:
        library: opened; its active bundle becomes the parent.
        store: the user's bundles.

    Raises:
        NoModel: the library has no model yet, or it is gone.
    """
    began = time.monotonic()
    ancestry = find_ancestry(library, store)
    parent = ancestry.parent.spec
    library.use_bundle(parent, remember=False)
    embeddings = EmbeddingStore.open(library.places.cache, parent.space_id, parent.embedding_size)
    slots = np.arange(library.facts.slots)
    embedded = embeddings.kept(slots, library.photos.signature[slots])
    whole = read_dataset(library, ancestry.trained, embedded)
    dataset = whole.only(embedded[whole.slots])
    return Start(library, store, ancestry, embeddings, dataset, len(whole) - len(dataset), began)
