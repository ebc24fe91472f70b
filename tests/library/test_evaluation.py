"""`evaluate` gives the issue's figures, from the kept scores of the active bundle."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from tagger.bundle.read import read_bundle
from tagger.core.decisions import Verdict
from tagger.core.thresholds import logit
from tagger.library.cache import ScoreStore
from tagger.library.evaluation import evaluate
from tagger.library.roles import signature_text
from tagger.library.schema_edit import set_parent


@pytest.fixture
def judged(library, starter, tags, breeds):
    """A library of five photos with the starter's labels and scores that are made up."""
    spec = read_bundle(starter)
    library.use_bundle(spec)
    return library, spec


def store_scores(library, spec, values):
    """Write scores: group name → label name → one per photo; 0.01 elsewhere."""
    slots = np.flatnonzero(library.photos.present)
    scores = {}
    for group in spec.groups:
        table = np.full((len(slots), len(group.labels)), 0.01)
        for at, label in enumerate(group.labels):
            if label.name in values.get(group.name, {}):
                table[:, at] = values[group.name][label.name]
        scores[group.id] = table
    store = ScoreStore.open(library.places.cache, spec, writable=True)
    store.write(slots, scores, library.photos.signature[slots])
    store.close()
    library._link_scores()
    return slots


def decide(library, group, label, slots, verdict):
    found = library.facts.schema.label_named(library.facts.schema.group_named(group).num, label)
    draft = library.draft("Decide")
    draft.decide(slots, found.num, verdict)
    draft.commit().saved.result()


def test_multi_group_figures_are_those_of_scikit_learn(judged):
    library, spec = judged
    dog, cat = [0.9, 0.2, 0.8, 0.4, 0.1], [0.1, 0.6, 0.2, 0.3, 0.2]
    slots = store_scores(library, spec, {"tags": {"dog": dog, "cat": cat}})
    decide(library, "tags", "dog", slots[[0, 3]], Verdict.CONFIRMED)
    decide(library, "tags", "dog", slots[[1, 2]], Verdict.REJECTED)
    decide(library, "tags", "dog", slots[[4]], Verdict.UNSURE)
    decide(library, "tags", "cat", slots[[1]], Verdict.CONFIRMED)
    decide(library, "tags", "cat", slots[[0, 2]], Verdict.REJECTED)
    for label in ("dog", "cat"):
        num = library.facts.schema.label_named(
            library.facts.schema.group_named("tags").num, label
        ).num
        library.set_threshold(num, float(logit(0.5)))
    found = evaluate(library, "all")["groups"]["tags"]
    precision = average_precision_score([1, 0, 0, 1], dog[:4])
    assert found["labels"]["dog"] == {
        "ap": pytest.approx(precision, abs=1e-4),
        "f1": pytest.approx(f1_score([1, 0, 0, 1], [1, 0, 1, 0]), abs=1e-4),
        "support": 2,
    }
    assert found["map_all"] == pytest.approx((precision + 1.0) / 2, abs=1e-4)
    assert "map" not in found, "no label has 20 training positives"
    assert found["micro_f1"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1), abs=1e-4)
    assert found["support"] == 4, "the photo with nothing but unsure does not count"


def test_labels_that_are_only_implied_say_nothing_of_mistakes(judged, tags):
    library, spec = judged
    slots = store_scores(library, spec, {"tags": {"dog": [0.9] * 5}})
    set_parent(library, tags["dog"], tags["animal"])
    decide(library, "tags", "dog", slots, Verdict.CONFIRMED)
    found = evaluate(library, "all")["groups"]["tags"]
    assert "map_all" not in found
    assert "micro_f1" not in found
    assert found["labels"]["animal"]["support"] == 5
    assert "ap" not in found["labels"]["animal"]


def test_single_group_counts_photos_with_one_answer_among_all_scored_labels(judged):
    library, spec = judged
    scores = {"Pug": [0.9, 0.1, 0.1, 0.5, 0.2], "Beagle": [0.1, 0.6, 0.7, 0.2, 0.1]}
    slots = store_scores(library, spec, {"breed": scores})
    decide(library, "breed", "Pug", slots[[0, 1]], Verdict.CONFIRMED)
    decide(library, "breed", "Husky", slots[[2]], Verdict.CONFIRMED)
    decide(library, "breed", "Pug", slots[[3]], Verdict.REJECTED)
    found = evaluate(library, "all")["groups"]["breed"]
    assert found["support"] == 3
    assert found["accuracy"] == pytest.approx(1 / 3, abs=1e-4)
    assert found["top3"] == pytest.approx(2 / 3, abs=1e-4)


def test_photos_the_bundle_was_trained_on_do_not_judge(judged):
    library, spec = judged
    slots = store_scores(library, spec, {"breed": {"Pug": [0.9] * 5}})
    decide(library, "breed", "Pug", slots, Verdict.CONFIRMED)
    trained = [signature_text(s) for s in library.photos.signature[slots[:2]].tolist()]
    before = [signature_text(s) for s in library.photos.signature[slots[2:3]].tolist()]
    library.bundle = replace(spec, dataset={"fingerprints": trained, "ancestors": before})
    assert evaluate(library, "all")["groups"]["breed"]["support"] == 2


def test_photos_without_scores_do_not_count(judged):
    library, _ = judged
    slots = np.flatnonzero(library.photos.present)
    decide(library, "breed", "Pug", slots, Verdict.CONFIRMED)
    assert evaluate(library, "all") == {"groups": {}}
    shutil.rmtree(library.places.cache, ignore_errors=True)
    assert evaluate(library, "all") == {"groups": {}}
