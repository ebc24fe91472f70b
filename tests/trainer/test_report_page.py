"""What a report says beside the verdict: errors, changes, and the page for people."""

from html.parser import HTMLParser

import numpy as np
import pytest

from tagger.core.schema import Group, Label
from trainer.parity import Agreement, Parity
from trainer.report.changes import label_changes, thumbnails
from trainer.report.diagnostics import calibration, diagnose, precision_recall
from trainer.report.judge import GroupCase
from trainer.report.page import render_report
from trainer.scores import LabelScores


def case(kind, targets, before, after, thresholds=0.0):
    """A group of as many labels as `targets` has columns, all photos judging."""
    count = len(targets[0])
    group = Group(1, "g", "colour & <shape>", kind)
    labels = {n: Label(n, f"l{n}", 1, f"<label {n}>") for n in range(count)}
    nums = tuple(labels)
    limits = np.full(count, thresholds)

    def scores(rows):
        return LabelScores(nums, np.array(rows, np.float32), limits)

    return GroupCase(
        group=group,
        labels=labels,
        nums=nums,
        targets=np.array(targets, np.int8),
        held_out=np.ones(len(targets), bool),
        pooled=np.zeros(len(targets), bool),
        before=None if before is None else scores(before),
        after=scores(after),
        before_pooled=None,
        after_pooled=None,
        unchanged=False,
    )


def test_precision_and_recall_at_each_score():
    answers = np.array([True, False, True, False])
    points = precision_recall(answers, np.array([4.0, 3.0, 2.0, 1.0]))
    assert [0.5, 1.0] in points
    assert points[-1] == [1.0, pytest.approx(2 / 3, abs=1e-4)]


def test_equal_scores_are_one_point_whatever_their_order():
    answers = np.array([True, False, True, False])
    assert precision_recall(answers, np.zeros(4)) == [[1.0, 0.5]]
    assert precision_recall(answers[::-1], np.zeros(4)) == [[1.0, 0.5]]


def test_calibration_weighs_bins_by_their_photos():
    answers = np.array([True] * 8 + [False] * 2 + [True] * 10)
    scores = np.array([0.55] * 10 + [0.95] * 10)
    found = calibration(answers, scores)
    assert found["bins"] == [[0.55, 0.8, 10], [0.95, 1.0, 10]]
    assert found["error"] == pytest.approx((0.25 + 0.05) / 2)


def test_unknown_targets_are_no_errors():
    found = diagnose(case("multi", [[1, -1], [0, 1], [-2, 0]], None, [[1, 9], [-1, 1], [9, -1]]))
    assert found["photos"] == 3
    assert found["counts"]["<label 0>"]["after"] == {"right": 1, "wrong": 0, "missed": 0}
    assert found["counts"]["<label 1>"]["after"] == {"right": 1, "wrong": 0, "missed": 0}
    assert found["precision_recall"]["after"][-1] == [1.0, 1.0]


def test_a_single_group_shows_what_was_taken_for_what():
    targets = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    after = [[2, 1, 0], [0, 3, 1], [0, 2, 1], [5, 0, 1]]
    table = diagnose(case("single", targets, None, after))["confusion"]["after"]
    place = {name: at for at, name in enumerate(table["labels"])}
    counts = np.array(table["counts"])
    assert counts.sum() == 4
    assert counts[place["<label 0>"], place["<label 1>"]] == 1
    assert counts[place["<label 2>"], place["<label 0>"]] == 1


def test_gains_and_losses_are_counted_apart_and_the_furthest_come_first():
    before = [[1.0], [1.0], [-1.0], [-1.0], [2.0]]
    after = [[1.0], [-1.0], [3.0], [0.5], [-9.0]]
    changes = label_changes(
        case("multi", [[-1]] * 5, before, after), np.array([10, 11, 12, 13, 14], np.int64)
    )
    assert [(c["gained"], c["lost"]) for c in changes] == [(2, 2)]
    assert changes[0]["gained_slots"] == [12, 13]
    assert changes[0]["lost_slots"] == [14, 11]


def test_a_photo_that_cannot_be_read_is_left_out_of_the_pictures(tmp_path, test_data):
    change = {"gained_slots": [0, 1], "lost_slots": []}
    good = next((test_data / "everyday").rglob("*.jpeg"))
    found = thumbnails([change], lambda slot: good if slot == 0 else tmp_path / "gone.jpg")
    assert list(found) == [0]
    assert found[0].startswith("data:image/jpeg;base64,")


class Checked(HTMLParser):
    """Collects text, and fails where a tag is closed that was not opened."""

    empty = frozenset({"meta", "img", "circle", "line"})

    def __init__(self):
        super().__init__()
        self.open, self.words = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.empty:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_is_whole_and_names_stand_as_they_are():
    one = case("multi", [[1, 0], [0, 1], [1, 1]], [[1, 0]] * 3, [[2, -1], [-2, 1], [1, -3]])
    report = {
        "verdict": "better",
        "recommended": True,
        "reasons": ["“<label 0>” is better."],
        "total_s": 3.2,
        "fit_s": 1.0,
        "photos": {"training": 30, "judging": 3},
        "missing": ["`<label 1>` has 2 confirmed photos"],
        "groups": {
            one.group.name: {
                "measure": "map",
                "photos": 3,
                "before": 0.5,
                "after": 0.6,
                "difference": 0.1,
                "low": 0.05,
                "high": 0.2,
                "diagnostics": diagnose(one),
                "labels": {
                    "silent": {"new": False, "suggested_before": 0, "suggested_after": 0},
                    "fresh": {"after": 0.7, "after_low": 0.6, "after_high": 0.8, "support": 4},
                    "<label 0>": {"before": 0.5, "after": 0.6, "difference": 0.1, "support": 2},
                    "worse": {"before": 0.5, "after": 0.4, "difference": -0.1, "support": 3},
                },
            },
            "kept": {"unchanged": True},
        },
        "changes": {"photos": 3, "labels": label_changes(one, np.arange(3))},
        "parity": Parity(Agreement(3e-7, 1.0, 24), unobtained=("CUDA cannot be had.",)).to_json(),
        "method": "quick",
    }
    curves = [{"name": "loss/kept out", "points": [(0, 1.0), (10, 0.5)]}]
    page = Checked()
    page.feed(render_report(report, "<garden>", curves, {}))
    assert page.open == []
    text = "".join(page.words)
    for expected in ("The new model is better", "Recommended", "<label 0>", "colour & <shape>"):
        assert expected in text
    assert "<garden>" in text
    assert "kept as it was" in text
    assert "Learning curves" in text
    assert "1 photo no longer suggested" in text
    places = [text.rindex(label) for label in ("worse", "<label 0>", "fresh")]
    assert places == sorted(places), "worst losses first, new labels after what is compared"
    assert "new (0.600 to 0.800)" in text
    assert "silent" not in text
    assert "all decisions are the same, scores differ by 3.0e-07 at most" in text
    assert "CUDA cannot be had. The processor's answers stand." in text
