"""A library changes to the fast starter, learns on it, and finds everything kept going back."""

import numpy as np
import pytest

from tagger.library.cache import EmbeddingStore
from trainer.starter.build import FAST_STARTER, ensure_starter

pytestmark = pytest.mark.slow


def kept(place, spec):
    """Return the share of photos whose embeddings are kept in a bundle's space."""
    with place.open() as library:
        slots = np.flatnonzero(library.photos.present)
        store = EmbeddingStore.open(library.places.cache, spec.space_id, spec.embedding_size)
        share = store.kept(slots, library.photos.signature[slots]).mean()
        store.close()
    return share


def test_quick_retraining_works_on_it_and_both_caches_are_kept(scenes):
    starter = scenes.store.get(scenes.store.default())
    fast = ensure_starter(scenes.data / "bundles", variant=FAST_STARTER)
    scenes.result("tagger", "models", "use", fast.bundle_id, "--library", scenes.home)
    scenes.result("tagger", "suggest", scenes.home)
    trained = scenes.store.get(scenes.result("tagger", "train", scenes.home)["bundle"])
    assert trained.parent == fast.bundle_id
    assert trained.space_id == fast.space_id
    assert [kept(scenes, spec) for spec in (starter, fast)] == [1.0, 1.0]


def test_fine_tuning_it_is_refused_with_the_remedy(scenes):
    fast = ensure_starter(scenes.data / "bundles", variant=FAST_STARTER)
    scenes.result("tagger", "models", "use", fast.bundle_id, "--library", scenes.home)
    scenes.result("tagger", "suggest", scenes.home)
    refused = scenes.run("trainer", "fit", "--library", scenes.home, check=False)
    assert refused.returncode == 1
    assert "use the ordinary starter and fine-tune that" in refused.stderr.splitlines()[-1]
    assert "Traceback" not in refused.stderr
