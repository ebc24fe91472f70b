"""The report of a training in the window: verdict, labels, curves, what is missing."""

import json

import pytest
from dialog_hands import press, says
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea

from tagger.app.dialogs.frame import Dialog, Pages
from tagger.app.dialogs.report_facts import ReportError, parse_report, read_report
from tagger.app.dialogs.report_view import ReportView
from tagger.app.dialogs.table import Column, Rows
from tagger.app.theme import LIGHT, Theme

REPORT = {
    "verdict": "better",
    "recommended": False,
    "reasons": ["“dog” lost 0.23 average precision (0.97 → 0.74 on 81 photos)."],
    "bundle": "c" * 32,
    "parent": "b" * 32,
    "total_s": 6.9,
    "photos": {"training": 805, "judging": 174, "without_embedding": 0},
    "missing": ["`kite` has 2 confirmed photos; 8 are needed to judge it"],
    "parity": {"sentences": ["On 24 photos it answers as it was trained.", "No card."]},
    "groups": {
        "tags": {
            "kind": "multi",
            "verdict": "better",
            "measure": "map",
            "photos": 979,
            "pooled": True,
            "before": 0.409,
            "after": 0.456,
            "difference": 0.047,
            "low": 0.013,
            "high": 0.074,
            "labels": {
                "dog": {
                    "before": 0.97,
                    "after": 0.74,
                    "difference": -0.23,
                    "low": -0.32,
                    "high": -0.13,
                    "support": 81,
                    "suggested_before": 89,
                    "suggested_after": 2,
                },
                "cat": {
                    "before": 0.5,
                    "after": 0.7,
                    "difference": 0.2,
                    "low": 0.1,
                    "high": 0.3,
                    "support": 30,
                    "suggested_before": 9,
                    "suggested_after": 12,
                },
                "kite": {
                    "before": 1.0,
                    "after": 0.2,
                    "difference": -0.8,
                    "low": -0.9,
                    "high": 0.1,
                    "support": 2,
                    "suggested_before": 1,
                    "suggested_after": 1,
                },
                "fox": {
                    "new": True,
                    "suggested_after": 4,
                    "after": 0.71,
                    "after_low": 0.62,
                    "after_high": 0.83,
                    "support": 9,
                },
            },
        },
        "breed": {"kind": "single", "unchanged": True, "verdict": "not worse"},
    },
}


@pytest.fixture
def view(qtbot):
    made = ReportView(Theme(LIGHT, 8))
    qtbot.addWidget(made)
    made.show_report(parse_report(REPORT))
    made.show()
    return made


def labels(view):
    return [row.name for row in view.labels_page.labels.rows.rows]


def test_the_verdict_stands_in_plain_words_and_the_advice_beside_it(view):
    assert view.title.text() == "The new model is better."
    assert view.advice.text() == "Not recommended"
    assert "“dog” lost 0.23" in view.reasons.text()
    assert says(view, "Learned from 805 photos, judged on 174 other photos, in 7 seconds.")
    assert says(view, "On 24 photos it answers as it was trained. No card.")
    assert says(view, "0.409 → 0.456")
    assert says(view, "+0.047 (+0.013 to +0.074)")
    assert says(view, "Kept as it was")
    assert says(view, "Compared by mean average precision of “tags” on 979 photos. Training photos")


def test_the_worst_losses_come_first_and_other_orders_are_a_click_away(view):
    assert labels(view) == ["kite", "dog", "cat", "fox"]
    view.labels_page.well.setChecked(True)
    assert labels(view) == ["dog", "cat"]
    view.labels_page.well.setChecked(False)
    view.labels_page.labels.sortByColumn(6, Qt.SortOrder.DescendingOrder)
    assert labels(view)[:2] == ["dog", "cat"]
    view.labels_page.search.setText("KI")
    assert labels(view) == ["kite"]


def test_a_new_label_has_its_own_figure_with_bounds(view):
    table = view.labels_page.labels.rows
    fox = next(row for row in table.rows if row.name == "fox")
    assert [column.text(fox) for column in table.columns] == [
        "fox  (new)", "tags", "–", "0.710", "–", "0.62 to 0.83", "9", "– → 4",
    ]  # fmt: skip


def test_labels_that_were_not_measured_stand_last_whichever_way_is_sorted():
    rows = Rows([Column("x", str, lambda value: value)], Theme(LIGHT, 8))
    for backwards in (False, True):
        order = Qt.SortOrder.DescendingOrder if backwards else Qt.SortOrder.AscendingOrder
        rows.show_rows([None, 3, None, 1])
        rows.sort(0, order)
        assert rows.rows[:2] == ([3, 1] if backwards else [1, 3])


def test_labels_with_too_few_examples_are_listed(view):
    assert says(view, "1 label has too few examples to be judged.")
    press(view, "Show them")
    assert view.labels_page.missing.toPlainText() == (
        "“kite” has 2 confirmed photos; 8 are needed to judge it"
    )


@pytest.mark.parametrize(
    ("verdict", "title"),
    [
        ("better", "The new model is better."),
        ("not worse", "The new model is not worse."),
        ("can't tell yet", "Can't tell yet which model is better."),
    ],
)
def test_each_verdict_has_its_words(verdict, title):
    assert parse_report(REPORT | {"verdict": verdict}).title == title


def test_a_report_that_is_gone_or_damaged_is_one_sentence(tmp_path):
    with pytest.raises(ReportError, match="is gone"):
        read_report(tmp_path / "report.json")
    (tmp_path / "report.json").write_text('{"groups": [')
    with pytest.raises(ReportError, match="cannot be read"):
        read_report(tmp_path / "report.json")


def test_learning_curves_are_drawn_when_there_are_some(qtbot):
    from tagger.app.dialogs.plots import Plots

    view = Plots(Theme(LIGHT, 8))
    qtbot.addWidget(view)
    view.show_curves([])
    assert view.isHidden()
    series = [
        {"name": "loss/training", "points": [(0.0, 1.0), (10.0, 0.5), (20.0, 0.4)]},
        {"name": "loss/kept out", "points": [(0.0, 1.1), (20.0, 0.6)]},
        {"name": "mAP", "points": [(0.0, 0.2), (20.0, 0.5)]},
    ]

    def shown():
        view.show_curves(series)
        return not view.isHidden()

    qtbot.waitUntil(shown, timeout=30_000)
    assert set(view.plots) == {"loss", "mAP"}
    assert list(view.lines["loss", "training"].getData()[1]) == [1.0, 0.5, 0.4]


def test_right_wrong_and_missed_suggestions_stand_before_and_after(view):
    counts = {
        "cat": {
            "before": {"right": 1, "wrong": 0, "missed": 3},
            "after": {"right": 4, "wrong": 1, "missed": 0},
        },
        "dog": {
            "before": {"right": 9, "wrong": 0, "missed": 0},
            "after": {"right": 2, "wrong": 0, "missed": 7},
        },
    }
    found = {"photos": 12, "precision_recall": {}, "calibration": {}, "counts": counts}
    tags = REPORT["groups"]["tags"] | {"diagnostics": found}
    view.show_report(parse_report(REPORT | {"groups": {"tags": tags}}))
    table = view.errors_page.table
    rows = [
        [table.verticalHeaderItem(at).text(), *(table.item(at, to).text() for to in range(3))]
        for at in range(table.rowCount())
    ]
    assert rows == [["dog", "9 → 2", "0 → 0", "0 → 7"], ["cat", "1 → 4", "0 → 1", "3 → 0"]]


def test_a_page_that_is_not_shown_takes_no_room(qtbot):
    shown, tall = QLabel("short"), QLabel("tall")
    tall.setMinimumHeight(3000)
    dialog = Dialog(Theme(LIGHT, 8), "Pages", None, 60, 40)
    qtbot.addWidget(dialog)
    pages = Pages()
    pages.add(shown)
    pages.add(tall)
    dialog.body.addWidget(pages)
    dialog.show()
    bar = dialog.findChild(QScrollArea).verticalScrollBar()
    assert bar.maximum() == 0
    pages.turn_to(tall)
    qtbot.waitUntil(lambda: bar.maximum() > 0)


def test_the_report_of_the_trainer_has_the_form_the_window_reads(tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(REPORT), "utf-8")
    report = read_report(path)
    assert [row.name for row in report.groups] == ["tags", "breed"]
    assert report.labels[-1].new
    assert report.labels[0].judged_well
    assert not report.labels[2].judged_well
