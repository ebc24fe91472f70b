"""Retraining from the window: what there is to learn, the report, and who decides."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from app_libraries import copy_photos
from dialog_hands import confirm, label_of, press, pressable, says
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea

from tagger.app.dialogs.frame import Dialog, Pages
from tagger.app.dialogs.report_facts import ReportError, parse_report, read_report
from tagger.app.dialogs.report_view import ReportView
from tagger.app.dialogs.retrain import open_retrain
from tagger.app.dialogs.retrain_need import read_need
from tagger.app.dialogs.table import Column, Rows
from tagger.app.theme import LIGHT, Theme
from tagger.library.keywords import KEYWORDS_GROUP
from tagger.library.library import Library
from tagger.library.scan import scan
from tagger.library.session import bundle_store

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


# -- what there is to learn --------------------------------------------------------------------


def test_nothing_to_learn_is_said_and_nothing_can_be_started(window):
    dialog = open_retrain(window)
    assert says(dialog, "There is nothing to learn from yet: confirm or reject some labels first.")
    assert not pressable(dialog, "Retrain").isEnabled()
    dialog.close()


def test_labels_with_too_few_photos_and_photos_without_suggestions_are_named(library):
    confirm(library, [1, 2, 3], label_of(library, "tags", "beach"))
    need = read_need(library)
    assert (need.photos, need.waiting) == (3, 3)
    assert any("“beach” (3) has fewer than 8 confirmed photos" in hint for hint in need.hints)
    assert any(hint.startswith("3 labelled photos have not been looked at") for hint in need.hints)
    assert need.hindrance


def test_a_group_that_is_not_learned_is_said_to_be_kept_out(library):
    from tagger.library.schema_edit import add_group, find_or_add_label

    draft = library.draft("Keywords")
    group = add_group(library, draft, KEYWORDS_GROUP, "multi", learned=False)
    word = find_or_add_label(library, draft, group.num, "holiday")
    draft.commit()
    confirm(library, [1], word.num)
    assert any("is kept out of training until you say" in hint for hint in read_need(library).hints)


def test_looking_whether_deep_training_is_there_does_not_import_torch():
    code = (
        "import sys\n"
        "from tagger.app.dialogs import retrain, report_view\n"
        "retrain.has_training()\n"
        "print([m for m in ('torch', 'onnxruntime', 'timm', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_the_training_libraries_the_way_to_them_is_told(window, monkeypatch):
    monkeypatch.setattr("tagger.app.dialogs.retrain.has_training", lambda: False)
    dialog = open_retrain(window)
    assert not dialog.deep.isEnabled()
    assert says(dialog, "python3 installer/bootstrap.py setup --training")
    dialog.close()


# -- the real thing ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def labelled_photos(starter, test_data, tmp_path_factory):
    """60 labelled photos with the starter's suggestions beside the user's data, made once."""
    from tagger.library.importing import import_file
    from tagger.library.session import link_active_bundle
    from tagger.suggest.blocking import run_suggest

    place = tmp_path_factory.mktemp("labelled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAGGER_DATA_DIR", str(place / "user-data"))
        shutil.copytree(starter, place / "user-data" / "bundles" / starter.name)
        bundle_store().set_default(starter.name)
        folder = copy_photos(test_data, place / "photos" / "photos", 60).parent
        library = Library.open(folder)
        scan(library)
        library.reload_photos()
        link_active_bundle(library)
        import_file(library, test_data / "everyday" / "labels.csv")
        library.close()
        run_suggest(folder, bundle_store().folder(starter.name))
    return place


@pytest.fixture
def trained_window(qtbot, labelled_photos, own_user_data, tmp_path):
    """The real window on a copy of the labelled photos."""
    from tagger.app.main import make_application, make_window

    shutil.copytree(labelled_photos / "user-data", own_user_data, dirs_exist_ok=True)
    folder = shutil.copytree(labelled_photos / "photos", tmp_path / "photos")
    make_application()
    window = make_window()
    window.open_folder(folder)
    window.show()
    with qtbot.waitSignal(window.up_to_date, timeout=60_000):
        pass
    yield window
    window.close()


def run_to_the_end(dialog, qtbot):
    press(dialog, "Retrain")
    assert dialog.run.running
    qtbot.waitUntil(lambda: not dialog.run.running, timeout=120_000)


@pytest.mark.slow
def test_a_new_model_is_made_judged_and_used_only_when_told(trained_window, qtbot):
    window = trained_window
    before = window.session.library.bundle_id
    dialog = open_retrain(window)
    assert says(dialog, "60 photos with answers")
    fractions = []
    dialog.run.changed.connect(lambda: fractions.append(dialog.run.fraction))
    run_to_the_end(dialog, qtbot)
    report = dialog.run.report
    assert report is not None, dialog.run.failure
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert says(dialog, report.title)
    assert window.session.library.bundle_id == before, "a training activates nothing"
    scores = window.session.library.facts.scores
    press(dialog, "Use the new model")
    library = window.session.library
    qtbot.waitUntil(lambda: library.bundle_id == report.bundle != before, timeout=30_000)
    assert library.facts.scores is not scores
    assert says(dialog, report.title)
    assert not pressable(dialog, "In use now").isEnabled()
    num = label_of(library, "tags", "sky")
    everywhere = library.photos.by_name

    def scored():
        found = library.facts.scores.logits(num, everywhere)
        return found is not None and not np.isnan(found).any()

    qtbot.waitUntil(scored, timeout=30_000)
    dialog.close()
    assert library.previous_bundle_id() == before


@pytest.mark.slow
def test_the_dialog_can_be_closed_meanwhile_and_the_end_is_told(trained_window, qtbot):
    window = trained_window
    dialog = open_retrain(window)
    press(dialog, "Retrain")
    run = dialog.run
    press(dialog, "Close")
    qtbot.waitUntil(lambda: not run.running, timeout=120_000)
    assert window.last_notice.startswith("A new model was made.")
    again = open_retrain(window)
    assert again.run.report is run.report is not None
    press(again, "Keep the present model")
    fresh = open_retrain(window)
    assert pressable(fresh, "Retrain")
    fresh.close()


@pytest.mark.slow
def test_a_training_that_is_stopped_leaves_no_model(trained_window, qtbot):
    window = trained_window
    known = len(bundle_store().list())
    dialog = open_retrain(window)
    press(dialog, "Retrain")
    qtbot.waitUntil(lambda: dialog.run.fraction > 0, timeout=60_000)
    press(dialog, "Stop")
    qtbot.waitUntil(lambda: not dialog.run.running, timeout=20_000)
    assert pressable(dialog, "Retrain").isEnabled()
    assert not dialog.problem.isVisible()
    assert len(bundle_store().list()) == known
    dialog.close()


@pytest.mark.slow
def test_what_the_trainer_cannot_do_is_its_own_sentence(trained_window, qtbot):
    window = trained_window
    dialog = open_retrain(window)
    run_to_the_end(dialog, qtbot)
    press(dialog, "Use the new model")
    qtbot.waitUntil(lambda: dialog.use_button.text() == "In use now", timeout=30_000)
    press(dialog, "Retrain again")
    run_to_the_end(dialog, qtbot)
    assert dialog.problem.text().startswith("Nothing has changed since the present model")
    assert pressable(dialog, "Retrain")
    dialog.close()


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    return False


@pytest.mark.slow
def test_closing_the_window_ends_a_training_where_that_was_chosen(trained_window, qtbot):
    window = trained_window
    known = len(bundle_store().list())
    dialog = open_retrain(window)
    press(dialog, "Retrain")
    qtbot.waitUntil(lambda: dialog.run.process_id is not None, timeout=30_000)
    pid = dialog.run.process_id
    dialog.go_on.setChecked(False)
    window.close()
    qtbot.waitUntil(lambda: gone(pid), timeout=20_000)
    assert len(bundle_store().list()) == known


@pytest.mark.slow
def test_a_training_goes_on_without_the_window_and_is_found_again(trained_window, qtbot):
    from tagger.app.main import make_window

    window = trained_window
    folder = window.session.library.places.home
    dialog = open_retrain(window)
    press(dialog, "Retrain")
    qtbot.waitUntil(lambda: dialog.run.process_id is not None, timeout=30_000)
    pid = dialog.run.process_id
    assert dialog.go_on.isChecked()
    window.close()
    assert not gone(pid)
    again = make_window()
    again.open_folder(folder)
    again.show()
    with qtbot.waitSignal(again.up_to_date, timeout=60_000):
        pass
    run = open_retrain(again).run
    qtbot.waitUntil(lambda: run.report is not None, timeout=120_000)
    assert run.report.bundle in {spec.bundle_id for spec in bundle_store().list()}
    again.close()
    third = make_window()
    third.open_folder(folder)
    with qtbot.waitSignal(third.up_to_date, timeout=60_000):
        pass
    assert not open_retrain(third).run.running, "what was told is not told again"
    assert "A new model" not in third.last_notice
    third.close()


@pytest.mark.slow
def test_a_training_that_ended_while_the_window_was_closed_is_told(trained_window, qtbot):
    from tagger.app.main import make_window

    window = trained_window
    folder = window.session.library.places.home
    dialog = open_retrain(window)
    press(dialog, "Retrain")
    qtbot.waitUntil(lambda: dialog.run.process_id is not None, timeout=30_000)
    pid = dialog.run.process_id
    window.close()
    qtbot.waitUntil(lambda: gone(pid), timeout=120_000)
    again = make_window()
    again.open_folder(folder)
    qtbot.waitUntil(lambda: again.last_notice.startswith("A new model was made."), timeout=60_000)
    assert open_retrain(again).run.report is not None
    again.close()


@pytest.mark.slow
def test_a_training_that_is_killed_leaves_the_old_model_and_one_sentence(trained_window, qtbot):
    window = trained_window
    before, known = window.session.library.bundle_id, len(bundle_store().list())
    dialog = open_retrain(window)
    press(dialog, "Retrain")
    qtbot.waitUntil(lambda: dialog.run.fraction > 0, timeout=60_000)
    os.kill(dialog.run.process_id, signal.SIGKILL)
    qtbot.waitUntil(lambda: not dialog.run.running, timeout=20_000)
    assert says(dialog, "The training broke off without a word")
    assert window.session.library.bundle_id == before
    assert len(bundle_store().list()) == known
    assert pressable(dialog, "Retrain").isEnabled()
    dialog.close()


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
