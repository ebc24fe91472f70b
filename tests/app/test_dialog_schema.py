"""Groups and labels: everything is an act, and what goes is said beforehand."""

import pytest
from dialog_hands import confirm, label_of, press, pressable, says
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from tagger.app.dialogs.presets import open_presets
from tagger.app.dialogs.schema import open_schema
from tagger.app.dialogs.schema_facts import merge_words, preview_preset
from tagger.app.dialogs.schema_new import preset_folder
from tagger.core.errors import TaggerError
from tagger.library.schema_edit import read_presets, set_synonyms


@pytest.fixture
def dialog(window):
    opened = open_schema(window)
    yield opened
    opened.close()


def names(library, group):
    schema = library.facts.schema
    return [label.name for label in schema.labels_of(schema.group_named(group).num)]


def choose(dialog, library, group, label=None):
    schema = library.facts.schema
    key = ("group", schema.group_named(group).num)
    dialog.tree.choose(key if label is None else ("label", label_of(library, group, label)))


def test_making_a_group_with_labels_is_one_act_that_can_be_undone_at_once(dialog, library):
    acts = len(library.acts())
    dialog.add_group()
    page = dialog.new_group_page
    page.name.setText("weather")
    page.kinds.button(1).setChecked(True)
    page.labels.setPlainText("sunny\nrainy, foggy")
    press(dialog, "Create group")
    group = library.facts.schema.group_named("weather")
    assert group.kind == "single"
    assert names(library, "weather") == ["sunny", "rainy", "foggy"]
    assert len(library.acts()) == acts + 1
    press(dialog, "Undo")
    assert library.facts.schema.group_named("weather") is None
    assert says(dialog, "Undone: Add group “weather”.")


def test_a_name_in_use_is_refused_in_one_sentence_and_changes_nothing(dialog, library):
    confirm(library, [1], label_of(library, "tags", "beach"))
    acts = len(library.acts())
    dialog.add_group()
    dialog.new_group_page.name.setText("Tags")
    press(dialog, "Create group")
    assert says(dialog, "There is a group “tags” already. Choose another name.")
    assert len(library.acts()) == acts
    assert pressable(dialog, "Create group"), "what was typed is still there"


def test_labels_are_added_several_at_once_below_a_parent(dialog, library):
    choose(dialog, library, "tags")
    press(dialog, "Labels")
    page = dialog.new_labels_page
    page.names.setPlainText("fox; wolf")
    page.parent_label._take(page.parent_label.findText("tags/animal"))
    press(dialog, "Add 2 labels")
    schema = library.facts.schema
    wolf = schema.labels[label_of(library, "tags", "wolf")]
    assert schema.labels[wolf.parent].name == "animal"
    assert library.acts(1)[0].description == "Add “fox” and “wolf”"


def test_a_label_added_to_a_single_group_asks_whether_it_is_split_from_another(dialog, library):
    pug = label_of(library, "breed", "Pug")
    confirm(library, [1, 2], pug)
    choose(dialog, library, "breed")
    press(dialog, "Labels")
    page = dialog.new_labels_page
    assert page.made_from.value is None, "new, unless something else is said"
    page.made_from._take(page.made_from.findText("split from “Pug” (2 photos)"))
    assert says(dialog, "2 photos will be asked about again.")
    page.names.setPlainText("Puggle")
    press(dialog, "Add 1 label")
    assert "Puggle" in names(library, "breed")
    assert not len(library.facts.decisions.of_label(pug)[0])
    press(dialog, "Undo")
    assert library.facts.decisions.of_label(pug)[0].tolist() == [1, 2]
    assert "Puggle" not in names(library, "breed")


def test_labels_of_a_multi_group_stand_beside_each_other_and_nothing_is_asked(dialog, library):
    confirm(library, [1], label_of(library, "tags", "beach"))
    choose(dialog, library, "tags")
    press(dialog, "Labels")
    assert not dialog.new_labels_page.origin.isVisibleTo(dialog)


def test_a_name_changed_in_the_tree_is_changed_in_the_library(dialog, library, qtbot):
    choose(dialog, library, "tags", "car")
    dialog.tree.editItem(dialog.tree.currentItem(), 0)
    editor = dialog.tree.viewport().findChild(QLineEdit)
    editor.setText("auto")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "auto" in names(library, "tags"))
    assert library.facts.schema.labels[label_of(library, "tags", "car")].name == "auto"


def test_deleting_says_how_many_decisions_go_and_undo_brings_them_back(dialog, library):
    beach = label_of(library, "tags", "beach")
    confirm(library, [1, 2, 3], beach)
    dialog.reload()
    choose(dialog, library, "tags", "beach")
    press(dialog, "Delete “beach” and its 3 decisions")
    assert "beach" not in names(library, "tags")
    press(dialog, "Undo")
    assert len(library.facts.decisions.of_label(beach)[0]) == 3


def test_deleting_a_label_says_what_else_changes(dialog, library):
    choose(dialog, library, "tags", "dog")
    assert says(dialog, "“breed” is then always asked.")


def test_merging_says_how_many_decisions_move_and_moves_them(dialog, library):
    dog, cat = label_of(library, "tags", "dog"), label_of(library, "tags", "cat")
    confirm(library, [1, 2, 3], cat)
    confirm(library, [3], dog)
    dialog.reload()
    assert merge_words(library, cat, dog) == (
        "2 decisions move to “dog”. In 1 photo both were decided: there “dog” keeps its own. "
        "“cat” stays a synonym of “dog”."
    )
    choose(dialog, library, "tags", "cat")
    target = dialog.label_page.target
    target._take(target.findText("dog"))
    assert says(dialog, "2 decisions move to “dog”.")
    press(dialog, "Merge “cat” into “dog”")
    assert sorted(library.facts.decisions.of_label(dog)[0].tolist()) == [1, 2, 3]


def test_gate_parent_and_synonyms_are_acts(dialog, library):
    choose(dialog, library, "breed")
    gate = dialog.group_page.gate
    assert gate.currentText() == "photos with tags/dog"
    gate._take(gate.findText("every photo"))
    assert library.facts.schema.group_named("breed").gate is None
    choose(dialog, library, "tags", "beach")
    dialog.label_page.synonyms.setText("shore, coast")
    dialog.label_page.synonyms.editingFinished.emit()
    assert label_of(library, "tags", "coast") == label_of(library, "tags", "beach")
    assert [act.description for act in library.acts(2)] == [
        "Change the synonyms of “beach”",
        "Change when “breed” is asked",
    ]


def test_a_synonym_that_means_another_label_is_refused(library):
    with pytest.raises(TaggerError, match="already means “dog”"):
        set_synonyms(library, label_of(library, "tags", "cat"), ["puppy"])


def test_a_group_is_taken_into_training_only_when_asked(dialog, library):
    choose(dialog, library, "tags")
    dialog.group_page.learn.click()
    assert not library.facts.schema.group_named("tags").learned
    assert says(dialog, "no model is trained on them")


def test_presets_say_what_they_add_and_add_exactly_that(window, library):
    dialog = open_presets(window)
    page = dialog.preset_page
    place = [preset["name"] for preset in page.presets].index("fashionai")
    page.list.setCurrentRow(place)
    lines = preview_preset(library, page.presets[place])
    assert [(line.kind, line.new_group) for line in lines] == [("single", True)] * 8
    assert says(dialog, "sleeve_length – new, with 9 labels")
    press(dialog, "Add to this library")
    assert len(names(library, "sleeve_length")) == 9
    assert library.acts(1)[0].description == "Start from preset “FashionAI attributes”"
    assert not any(
        line.new_labels or line.new_group for line in preview_preset(library, page.presets[place])
    )
    dialog.close()


def test_every_preset_can_be_taken_in(library):
    from tagger.library.schema_edit import apply_preset

    for preset in read_presets(preset_folder()):
        apply_preset(library, preset)
        left = preview_preset(library, preset)
        assert not any(line.new_labels or line.new_group for line in left), preset["name"]


def test_a_label_is_found_by_its_synonym(dialog, library):
    dialog.search.setText("puppy")
    assert dialog.tree.key == ("label", label_of(library, "tags", "dog"))


def test_the_window_follows_the_schema(dialog, window, library):
    choose(dialog, library, "tags", "cat")
    press(dialog, "Delete “cat”")
    window.desk.chores.finish()
    shown = [entry.name for group in window.desk.board.groups for entry in group.entries]
    assert "cat" not in shown
    assert pressable(dialog, "Undo").isEnabled()


def test_what_is_being_typed_survives_a_decision_in_the_window(dialog, library, qtbot):
    dialog.add_group()
    dialog.new_group_page.name.setText("weather")
    confirm(library, [1], label_of(library, "tags", "beach"))
    dialog.session.decided.emit(library.photos.by_name[:1])
    group = ("group", library.facts.schema.group_named("tags").num)
    shown = dialog.tree._items[group]
    qtbot.waitUntil(lambda: dialog.tree._items[group] is not shown)
    assert dialog.tree._items[group].text(1) == "1"
    assert pressable(dialog, "Create group")
    assert dialog.new_group_page.name.text() == "weather"
