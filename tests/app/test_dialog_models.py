"""The list of models: use, go back, save, add, delete; nothing is lost by a wrong click."""

import dataclasses
import shutil

import numpy as np
import pytest
from dialog_hands import press, pressable, says

from tagger.app.dialogs.card import CardDialog
from tagger.app.dialogs.models import open_models
from tagger.app.dialogs.models_add import AddModelDialog, parse_numbers
from tagger.bundle.graph import load_model
from tagger.bundle.head_graph import backbone_of
from tagger.bundle.heads import read_heads
from tagger.bundle.read import read_bundle
from tagger.bundle.spec import MODEL_FILE
from tagger.bundle.store import BundleStore
from tagger.bundle.write import make_bundle
from tagger.imaging.model_input import model_input
from tagger.library.session import bundle_store
from trainer.session import open_session


@pytest.fixture(scope="session")
def child(starter, tmp_path_factory):
    """A real child of the starter, with its first two groups, as if it had been retrained."""
    spec = read_bundle(starter)
    groups = spec.groups[:2]
    made = dataclasses.replace(
        spec,
        bundle_id="",
        name="Trained here",
        parent=spec.bundle_id,
        groups=groups,
        dataset={"photos": 805, "decisions": 1234, "run": "gone"},
        created="2027-01-01T00:00:00Z",
        metrics={"photos": 9, "groups": {"tags": {"map": 0.5, "support": 9}}},
    )
    known = {group.id for group in groups}
    heads = [head for head in read_heads(starter) if head.group in known]
    backbone = backbone_of(load_model(starter / MODEL_FILE))
    folder = tmp_path_factory.mktemp("child") / "bundle"
    make_bundle(folder, made, backbone, heads, "A card.", model_input, open_session)
    return folder


@pytest.fixture
def store(own_user_data, starter, child):
    """The real starter and its child."""
    bundles = own_user_data / "bundles"
    shutil.copytree(starter, bundles / starter.name)
    store = BundleStore(bundles)
    store.add(child)
    return store


@pytest.fixture
def dialog(window, store, starter):
    window.session.use_bundle(store.get(starter.name), remember=False)
    opened = open_models(window)
    yield opened
    opened.close()


def choose(dialog, name):
    dialog.table.choose(lambda line: line.spec.name.startswith(name))


def test_models_are_listed_with_where_they_come_from(dialog):
    rows = dialog.table.rows.rows
    assert [row.spec.name for row in rows] == ["Trained here", "Starter (EfficientNet-Lite0)"]
    assert [row.active for row in rows] == [False, True]
    choose(dialog, "Trained")
    assert says(dialog, "Starter (EfficientNet-Lite0) → Trained here")
    assert says(dialog, "805 photos, 1,234 decisions")
    assert says(dialog, "mean average precision 0.500 on 9 photos kept out of training")


def test_using_a_model_and_going_back_are_one_click_each(dialog, window, starter, child, qtbot):
    library = window.session.library
    choose(dialog, "Trained")
    press(dialog, "Use in this library")
    trained = read_bundle(child).bundle_id
    qtbot.waitUntil(lambda: library.bundle_id == trained, timeout=30_000)
    press(dialog, "Back to “Starter (EfficientNet-Lite0)”")
    qtbot.waitUntil(lambda: library.bundle_id == starter.name, timeout=30_000)
    assert not dialog.back_button.isVisible()


def test_a_model_that_answers_otherwise_is_refused_in_a_sentence(dialog, window, store, qtbot):
    trained = next(spec for spec in store.list() if spec.name == "Trained here")
    path = store.folder(trained.bundle_id) / "golden" / "expected.npz"
    arrays = {key: value[..., ::-1].copy() for key, value in np.load(path).items()}
    np.savez(path, **arrays)
    before = window.session.library.bundle_id
    choose(dialog, "Trained")
    press(dialog, "Use in this library")
    qtbot.waitUntil(lambda: "was not taken" in dialog.problem.text(), timeout=30_000)
    assert window.session.library.bundle_id == before


def test_the_model_in_use_cannot_be_deleted(dialog):
    choose(dialog, "Starter")
    assert not pressable(dialog, "Delete").isEnabled()
    dialog.delete()
    assert len(bundle_store().list()) == 2


def test_a_model_is_deleted_only_after_it_is_asked_about(dialog):
    choose(dialog, "Trained")
    press(dialog, "Delete…")
    assert says(dialog, "Delete “Trained here” from this machine? This cannot be undone.")
    press(dialog, "Keep it")
    assert len(bundle_store().list()) == 2
    press(dialog, "Delete…")
    press(dialog, "Delete it for good")
    assert [spec.name for spec in bundle_store().list()] == ["Starter (EfficientNet-Lite0)"]


def test_new_libraries_can_be_given_another_model(dialog, child):
    choose(dialog, "Trained")
    press(dialog, "Use for new libraries")
    assert bundle_store().default() == read_bundle(child).bundle_id
    assert dialog.chosen.used == "new libraries"


def test_the_card_is_shown(dialog):
    choose(dialog, "Starter")
    press(dialog, "Card")
    card = dialog.findChild(CardDialog)
    assert "not calibrated" in card.text.toPlainText()
    card.close()


def test_a_report_is_offered_only_where_there_is_one(dialog):
    choose(dialog, "Trained")
    assert not dialog.report_button.isVisible()


@pytest.mark.slow
def test_a_saved_model_can_be_added_again(dialog, window, tmp_path, qtbot):
    choose(dialog, "Starter")
    dialog.save(tmp_path / "mine.tagmodel")
    qtbot.waitUntil(lambda: says(dialog, "Saved to"), timeout=30_000)
    press(dialog, "Add a model…")
    adding = dialog.findChild(AddModelDialog)
    adding.path.setText(str(tmp_path / "mine.tagmodel"))
    assert not adding.foreign.isVisible()
    with qtbot.waitSignal(adding.added, timeout=60_000) as added:
        press(adding, "Check and add")
    assert added.args == [window.session.library.bundle_id]


@pytest.mark.slow
def test_what_is_no_model_is_refused_in_one_sentence_and_leaves_nothing(dialog, tmp_path, qtbot):
    (tmp_path / "text.onnx").write_text("not a model")
    press(dialog, "Add a model…")
    adding = dialog.findChild(AddModelDialog)
    adding.path.setText(str(tmp_path / "text.onnx"))
    assert adding.foreign.isVisible()
    press(adding, "Check and add")
    qtbot.waitUntil(adding.problem.isVisible, timeout=60_000)
    assert "text.onnx" in adding.problem.text()
    assert "Traceback" not in adding.problem.text()
    assert len(bundle_store().list()) == 2
    adding.close()


def test_what_the_user_says_of_a_foreign_model_is_handed_on(dialog, tmp_path):
    press(dialog, "Add a model…")
    adding = dialog.findChild(AddModelDialog)
    adding.numbers["mean"].setText("0.485, 0.456, 0.406")
    adding.choices["layout"].setCurrentIndex(1)
    adding.group.setText("objects")
    said = {name: value for name, value in adding.options().items() if value is not None}
    assert said == {"mean": [0.485, 0.456, 0.406], "layout": "NCHW", "group_name": "objects"}
    adding.numbers["std"].setText("0.2 0.2")
    adding.path.setText(str(tmp_path))
    press(adding, "Check and add")
    assert says(adding, "“Standard deviation” takes three numbers, with a point for decimals.")
    adding.close()


def test_numbers_are_read_as_they_are_written():
    assert parse_numbers("scale", " 0.5 ") == 0.5
    assert parse_numbers("mean", "1;2;3") == [1.0, 2.0, 3.0]
    assert parse_numbers("threshold", "") is None
    with pytest.raises(ValueError, match="one number"):
        parse_numbers("scale", "half")


def test_a_damaged_model_is_named_and_the_others_are_still_there(window, store, starter, child):
    (store.root / (read_bundle(child).bundle_id) / "bundle.json").write_text("{")
    dialog = open_models(window)
    assert len(dialog.table.rows.rows) == 1
    assert says(dialog, "bundle.json")
    dialog.close()


def test_a_note_stays_with_its_model(dialog, store, child):
    dialog.table.choose(lambda line: not line.active)
    dialog.note.setText("With the harbour photos")
    dialog.note.editingFinished.emit()
    chosen = dialog.chosen.spec.bundle_id
    dialog.table.choose(lambda line: line.active)
    assert dialog.note.text() == ""
    assert store.notes() == {chosen: "With the harbour photos"}
    dialog.table.choose(lambda line: line.spec.bundle_id == chosen)
    assert dialog.note.text() == "With the harbour photos"


def test_the_model_in_use_is_not_compared_with_itself(dialog):
    dialog.table.choose(lambda line: line.active)
    assert not pressable(dialog, "Compare").isEnabled()


@pytest.mark.slow
def test_a_comparison_that_cannot_be_made_is_one_sentence(dialog, qtbot):
    dialog.table.choose(lambda line: not line.active)
    press(dialog, "Compare")
    qtbot.waitUntil(lambda: not dialog.comparison.running, timeout=60_000)
    assert says(dialog, "has not looked at the photos")
    assert pressable(dialog, "Compare").isEnabled()
