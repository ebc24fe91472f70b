"""Two models side by side on photos that neither was trained on."""

import json
from pathlib import Path

import numpy as np
import pytest

from tagger.library.cache import EmbeddingStore
from trainer.compare import CannotCompare, compare
from trainer.quick.run import retrain


def test_the_starter_and_its_child_are_compared_as_the_training_did(scenes):
    with scenes.open() as library:
        outcome = retrain(library, scenes.store)
        old = library.bundle
        result = compare(library, scenes.store, old, outcome.spec)
        report = json.loads((outcome.run / "report.json").read_text())
        tags, before = result["groups"]["tags"], report["groups"]["tags"]
        assert tags["before"] < tags["after"]
        assert library.active_bundle_id == old.bundle_id, "comparing activates nothing"
        assert before["pooled"] or tags["photos"] == before["photos"]
        assert "What would change" in Path(result["page"]).read_text("utf-8")
        turned = compare(library, scenes.store, outcome.spec, old)
        assert turned["groups"]["tags"]["difference"] == pytest.approx(-tags["difference"])
        assert not turned["recommended"]
        with pytest.raises(CannotCompare, match="with itself"):
            compare(library, scenes.store, old, old)


def test_the_command_line_compares_and_says_where_the_report_is(scenes):
    with scenes.open() as library:
        new = retrain(library, scenes.store).spec.bundle_id
    found = scenes.result("tagger", "models", "compare", new[:12], "--library", scenes.home)
    assert found["bundle"] == new
    assert Path(found["report"]).is_file()


def test_a_model_that_never_looked_at_the_photos_is_named(scenes):
    with scenes.open() as library:
        outcome = retrain(library, scenes.store)
        kept = EmbeddingStore.open(library.places.cache, library.bundle.space_id, 1280)
        slots = np.arange(library.facts.slots)
        assert kept.kept(slots, library.photos.signature[slots]).any()
        for path in sorted((library.places.cache / "embeddings").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        with pytest.raises(CannotCompare, match="has not looked at the photos"):
            compare(library, scenes.store, library.bundle, outcome.spec)
