"""The seven states and their order of precedence (DESIGN §2)."""

import numpy as np
import pytest

from tagger.core.decisions import BY_PERSON, Verdict
from tagger.core.schema import Group, Label, Schema
from tagger.core.states import Facts, State, best_open_label, contradictions, gate_open, states
from tagger.core.targets import MASKED, NEGATIVE, POSITIVE, UNKNOWN, label_targets, touched_photos
from tagger.core.thresholds import Thresholds, logit

ANIMAL, DOG, PUG, HUSKY, CAT = 1, 2, 3, 4, 5
TAGS, BREED = 1, 2


class Scores:
    """Probabilities by label, as a score source."""

    def __init__(self, columns, schema):
        self.columns = {
            label: logit(np.array(p)).astype(np.float16) for label, p in columns.items()
        }
        self.schema = schema

    def logits(self, label, slots):
        column = self.columns.get(label)
        return column if column is None or slots is None else column[slots]

    def top(self, group):
        nums = [label.num for label in self.schema.labels_of(group) if label.num in self.columns]
        if not nums:
            return None
        return np.array(nums, np.int32)[np.stack([self.columns[n] for n in nums]).argmax(0)]


@pytest.fixture
def facts():
    schema = Schema(
        [Group(TAGS, "g1", "tags", "multi"), Group(BREED, "g2", "breed", "single", gate=DOG)],
        [
            Label(ANIMAL, "a", TAGS, "animal"),
            Label(DOG, "d", TAGS, "dog", parent=ANIMAL),
            Label(CAT, "c", TAGS, "cat", parent=ANIMAL),
            Label(PUG, "p", BREED, "Pug", parent=DOG),
            Label(HUSKY, "h", BREED, "Husky", parent=DOG),
        ],
    )
    scores = Scores(
        {
            DOG: [0.9, 0.9, 0.1, 0.9],
            CAT: [0.1, 0.6, 0.6, 0.1],
            PUG: [0.7, 0.2, 0.9, 0.2],
            HUSKY: [0.3, 0.8, 0.1, 0.8],
        },
        schema,
    )
    return Facts(schema=schema, slots=4, scores=scores, thresholds=Thresholds())


def decide(facts, photo, label, verdict):
    facts.decisions.set(np.array([photo]), np.array([label]), np.array([int(verdict) | BY_PERSON]))


def state(facts, photo, label):
    whole = State(states(facts, [label])[0, photo])
    alone = State(states(facts, [label], np.array([photo]))[0, 0])
    assert whole == alone, "the folder and the open photo must agree"
    return whole


def test_scores_over_threshold_are_suggested(facts):
    assert state(facts, 0, DOG) == State.SUGGESTED
    assert state(facts, 2, DOG) == State.UNTOUCHED
    assert state(facts, 0, ANIMAL) == State.UNTOUCHED


def test_confirming_a_child_implies_its_parents(facts):
    decide(facts, 2, PUG, Verdict.CONFIRMED)
    assert state(facts, 2, PUG) == State.CONFIRMED
    assert state(facts, 2, DOG) == State.IMPLIED
    assert state(facts, 2, ANIMAL) == State.IMPLIED


def test_a_rejected_parent_makes_children_absent(facts):
    decide(facts, 0, ANIMAL, Verdict.REJECTED)
    assert state(facts, 0, DOG) == State.ABSENT
    assert state(facts, 0, PUG) == State.ABSENT


def test_explicit_beats_implied_and_the_contradiction_is_listed(facts):
    decide(facts, 0, DOG, Verdict.REJECTED)
    decide(facts, 0, PUG, Verdict.CONFIRMED)
    assert state(facts, 0, DOG) == State.REJECTED
    assert contradictions(facts) == [(0, PUG, DOG)]


def test_reviewed_without_decision_is_absent_only_for_labels_on_offer(facts):
    facts.reviews.label_sets[1] = frozenset({DOG, ANIMAL})
    facts.reviews.set(TAGS, np.array([1]), 1)
    assert state(facts, 1, DOG) == State.ABSENT
    assert state(facts, 1, CAT) == State.SUGGESTED


def test_unsure_is_not_suggested_again_and_never_a_target(facts):
    decide(facts, 0, DOG, Verdict.UNSURE)
    assert state(facts, 0, DOG) == State.UNSURE
    assert label_targets(facts, [DOG, CAT], np.array([0])).tolist() == [[MASKED, UNKNOWN]]


def test_a_single_group_suggests_only_its_best_label(facts):
    assert state(facts, 0, PUG) == State.SUGGESTED
    assert state(facts, 0, HUSKY) == State.UNTOUCHED


def test_rejecting_the_best_shows_the_next(facts):
    facts.thresholds = Thresholds(base={PUG: -5.0, HUSKY: -5.0})
    decide(facts, 0, PUG, Verdict.REJECTED)
    assert state(facts, 0, HUSKY) == State.SUGGESTED
    assert best_open_label(facts, BREED).tolist()[0] == HUSKY


def test_a_confirmed_single_label_ends_the_question(facts):
    decide(facts, 1, PUG, Verdict.CONFIRMED)
    assert state(facts, 1, HUSKY) == State.UNTOUCHED
    assert best_open_label(facts, BREED, np.array([1])).tolist() == [-1]


def test_a_closed_gate_suggests_nothing(facts):
    assert state(facts, 2, PUG) == State.UNTOUCHED
    assert gate_open(facts, BREED).tolist() == [True, True, False, True]
    decide(facts, 2, DOG, Verdict.CONFIRMED)
    assert state(facts, 2, PUG) == State.SUGGESTED
    decide(facts, 0, DOG, Verdict.REJECTED)
    assert state(facts, 0, PUG) == State.ABSENT


def test_thresholds_shift_together_and_keep_their_relations():
    base = Thresholds(base={1: 0.5}, hand={2: 1.5}, group_shifts={7: 0.25}, global_shift=1.0)
    assert base.of(1, 7) == 0.5 + 0.25 + 1.0
    assert base.of(2, 8) == 1.5 + 1.0
    assert base.of(3, 8) == 1.0


def test_targets_follow_the_states(facts):
    facts.reviews.label_sets[1] = frozenset({DOG, CAT, ANIMAL})
    facts.reviews.set(TAGS, np.array([1]), 1)
    decide(facts, 1, DOG, Verdict.CONFIRMED)
    decide(facts, 2, CAT, Verdict.REJECTED)
    found = label_targets(facts, [ANIMAL, DOG, CAT], np.array([1, 2, 3]))
    assert found.tolist() == [
        [POSITIVE, POSITIVE, NEGATIVE],
        [UNKNOWN, UNKNOWN, NEGATIVE],
        [UNKNOWN, UNKNOWN, UNKNOWN],
    ]
    assert touched_photos(facts, TAGS).tolist() == [1, 2]
