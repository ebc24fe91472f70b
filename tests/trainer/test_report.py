"""The report compares like with like and recommends by the design's rules."""

import numpy as np
import pytest

from tagger.core.schema import Group, Label
from tagger.core.verdict import BETTER, CANNOT_TELL, NOT_WORSE
from trainer.report.judge import GroupCase, judge
from trainer.scores import LabelScores

PHOTOS = 400


def scores(targets, noise, nums, seed=0, threshold=0.0):
    rng = np.random.default_rng(seed)
    logits = 4.0 * (np.asarray(targets) == 1) - 2 + noise * rng.normal(size=targets.shape)
    return LabelScores(tuple(nums), logits.astype(np.float32), np.full(len(nums), threshold))


def make_case(targets, before, after, kind="multi", held_out=None, pooled=None, **others):
    count = targets.shape[1]
    labels = {10 + at: Label(10 + at, f"l{at}", 1, f"label {at}") for at in range(count)}
    none = np.zeros(len(targets), bool)
    return GroupCase(
        group=Group(1, "g", "tags", kind),
        labels=labels,
        nums=tuple(labels),
        targets=targets,
        held_out=~none if held_out is None else held_out,
        pooled=none if pooled is None else pooled,
        before=before,
        after=after,
        before_pooled=others.get("before_pooled"),
        after_pooled=others.get("after_pooled"),
        unchanged=others.get("unchanged", False),
    )


@pytest.fixture
def targets():
    rng = np.random.default_rng(1)
    return (rng.random((PHOTOS, 3)) < 0.25).astype(np.int8)


def test_a_better_model_is_better_and_recommended(targets):
    before, after = scores(targets, 4, [10, 11, 12]), scores(targets, 1, [10, 11, 12])
    found = judge([make_case(targets, before, after)])
    assert found.verdict == BETTER
    assert found.recommended
    details = found.groups["tags"]
    assert details["low"] > 0
    assert details["photos"] == PHOTOS
    assert details["labels"]["label 0"]["after"] > details["labels"]["label 0"]["before"]


def test_a_worse_model_is_not_recommended_and_the_reason_says_so(targets):
    before, after = scores(targets, 1, [10, 11, 12]), scores(targets, 6, [10, 11, 12], seed=2)
    found = judge([make_case(targets, before, after)])
    assert found.verdict == CANNOT_TELL
    assert not found.recommended
    assert any("seems worse" in reason for reason in found.reasons)
    assert any("lost" in reason and "average precision" in reason for reason in found.reasons)


def test_only_labels_that_both_know_are_compared(targets):
    before = scores(targets[:, :1], 1, [10])
    after = scores(targets, 1, [10, 11, 12])
    found = judge([make_case(targets, before, after)])
    assert found.verdict in (NOT_WORSE, BETTER)
    assert "2 labels are new." in found.reasons
    labels = found.groups["tags"]["labels"]
    assert labels["label 1"]["new"] is True
    assert "before" not in labels["label 1"]


def test_a_group_the_parent_does_not_have_gets_no_verdict(targets):
    found = judge([make_case(targets, None, scores(targets, 1, [10, 11, 12]))])
    assert found.groups["tags"]["verdict"] is None
    assert found.recommended


def test_few_judged_photos_are_helped_by_out_of_fold_scores(targets):
    held_out = np.arange(PHOTOS) < 60
    before, after = scores(targets, 3, [10, 11, 12]), scores(targets, 1, [10, 11, 12])
    alone = judge([make_case(targets, before, after, held_out=held_out)])
    helped = judge(
        [
            make_case(
                targets,
                before,
                after,
                held_out=held_out,
                pooled=~held_out,
                before_pooled=before,
                after_pooled=after,
            )
        ]
    )
    assert alone.groups["tags"]["photos"] == 60
    assert helped.groups["tags"]["photos"] == PHOTOS
    assert helped.groups["tags"]["pooled"] is True
    widths = [
        found.groups["tags"]["high"] - found.groups["tags"]["low"] for found in (alone, helped)
    ]
    assert widths[1] < widths[0]


def test_vanished_suggestions_forbid_a_recommendation_unless_they_were_wrong():
    unknown = np.full((PHOTOS, 1), -1, np.int8)
    said = LabelScores((10,), np.full((PHOTOS, 1), 1, np.float32), np.zeros(1))
    silent = LabelScores((10,), np.full((PHOTOS, 1), -1, np.float32), np.zeros(1))
    found = judge([make_case(unknown, said, silent)])
    assert not found.recommended
    assert "“label 0” (400 → 0)" in found.reasons[0]
    wrong = unknown.copy()
    wrong[:50] = 0
    again = judge([make_case(wrong, said, silent)])
    assert not any("suggestions are gone" in reason for reason in again.reasons)


def test_single_groups_are_judged_by_accuracy():
    rng = np.random.default_rng(4)
    answers = rng.integers(0, 3, PHOTOS)
    targets = np.eye(3, dtype=np.int8)[answers]
    before, after = scores(targets, 4, [10, 11, 12]), scores(targets, 1, [10, 11, 12])
    found = judge([make_case(targets, before, after, kind="single")]).groups["tags"]
    assert found["measure"] == "accuracy"
    assert found["before"] == pytest.approx(
        (before.logits.argmax(axis=1) == answers).mean(), abs=1e-4
    )
    assert found["verdict"] == BETTER


def test_nothing_to_judge_with_says_how_many_photos_are_needed(targets):
    nobody = np.zeros(PHOTOS, bool)
    before, after = scores(targets, 4, [10, 11, 12]), scores(targets, 1, [10, 11, 12])
    found = judge([make_case(targets, before, after, held_out=nobody)])
    assert found.verdict == CANNOT_TELL
    assert found.groups["tags"]["more_photos"] == 250
    assert "about 250 more judged photos would tell" in found.reasons[-1]


def test_an_unchanged_group_is_not_worse(targets):
    same = scores(targets, 4, [10, 11, 12])
    nobody = np.zeros(PHOTOS, bool)
    found = judge([make_case(targets, same, same, held_out=nobody, unchanged=True)])
    assert found.verdict == NOT_WORSE
    assert found.recommended
