"""Retraining from the window: what there is to learn, the training, and who decides."""

import contextlib
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

from tagger.app.dialogs.retrain import open_retrain
from tagger.app.dialogs.retrain_need import read_need
from tagger.library.keywords import KEYWORDS_GROUP
from tagger.library.library import Library
from tagger.library.scan import scan
from tagger.library.session import bundle_store

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
