"""The whole loop at the real window: open, correct, retrain, take the new model, export, reopen."""

import csv
import json
import re

import numpy as np
import pytest
from library_files import (
    ANNOTATIONS,
    annotations,
    as_annotations,
    confirmed_in_csv,
    decided_in,
    decided_in_catalog,
    path_of,
)
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QRadioButton
from window_hands import Hands, at_the_window

from tagger.bundle.store import BundleStore
from tagger.core.states import State
from tagger.library.places import user_folder

Key, Modifier = Qt.Key, Qt.KeyboardModifier
NEW = "my favourites"

pytestmark = pytest.mark.slow


class Story:
    """What happened so far, as the files must tell it in the end.

    Attributes:
        folder: the user's.
        decided: what was decided by keys: (path, group, label) → verdict.
        imported: rows of the list that was imported.
        starter, child: ids of the models.
        value: of the slider that was moved.
    """

    def __init__(self, folder, starter, table, exports):
        self.folder, self.starter, self.table, self.exports = folder, starter, table, exports
        with table.open(newline="", encoding="utf-8") as file:
            names = {path.name for path in folder.rglob("*.jpg")}
            rows = [row | {"name": row["photo"].rpartition("/")[2]} for row in csv.DictReader(file)]
        self.imported = {row["name"]: row for row in rows if row["name"] in names}
        self.decided = {}
        self.child = ""
        self.value = 0

    def note(self, path, labels, verdict):
        """Remember decisions on the photo at a path."""
        for group, label in labels:
            self.decided[path, group, label] = verdict

    # -- at the window -----------------------------------------------------------------------

    def work(self, hands: Hands):
        """Everything up to closing the window."""
        hands.wait_until_suggested()
        self.suggestions_are_shown(hands)
        self.slider_is_moved(hands)
        self.enter_confirms(hands)
        self.x_rejects(hands)
        self.label_is_added(hands)
        self.undo_and_redo(hands)
        self.files_agree()
        self.list_is_imported(hands)
        self.label_is_added_to_many(hands)
        self.model_is_retrained_and_taken(hands)
        self.both_formats_are_exported(hands)
        hands.press(Key.Key_Q, Modifier.ControlModifier)

    def suggestions_are_shown(self, hands):
        """Real suggestions of the real starter: dogs are dogs, and their breed is asked."""
        status = hands.window.status
        assert status.photos.text() == f"{len(list(self.folder.rglob('*.jpg')))} photos"
        assert re.fullmatch(r"Starter .*  ·  (CPU|CUDA.*)", status.model.text())
        dogs = [path.name for path in sorted((self.folder / "dogs").iterdir())]
        found = 0
        for name in dogs:
            hands.click_photo(hands.slot(name))
            states = {key: entry.state for key, entry in hands.shown_labels().items()}
            if states.get(("tags", "dog")) == State.SUGGESTED:
                found += 1
                breeds = [state for (group, _), state in states.items() if group == "breed"]
                assert breeds.count(State.SUGGESTED) <= 1, "one breed at most is suggested"
                assert len(breeds) >= 3, "as a ranked choice"
        assert found >= 0.7 * len(dogs)

    def slider_is_moved(self, hands):
        """The count of photos that change is the true one, and what is shown changes."""
        session = hands.window.session
        tags = session.library.facts.schema.group_named("tags")
        labels = [label.num for label in session.library.facts.schema.labels_of(tags.num)]

        def suggested():
            return session.states(labels) == State.SUGGESTED

        before = suggested()
        box = self.sliders(hands)
        (slider,) = [s for s in box.sliders if s.scope.group == tags.num and s.scope.label is None]
        slider.setFocus()
        hands.press(Key.Key_Right, times=20)
        hands.wait(lambda: (suggested() != before).any(), "suggestions follow the slider")
        hands.wait_until_calm()
        after = suggested()
        changed = int((before != after).any(axis=0).sum())
        assert changed > 10
        assert after.sum() > before.sum(), "to the right means more"
        hands.wait(lambda: box.changed.text() == f"{changed} photos change", "it is the true count")
        self.value = slider.value()
        hands.window.workspace.focus_photos()

    @staticmethod
    def sliders(hands):
        """The box of sliders."""
        from tagger.app.widgets.sliders_box import SlidersBox

        (box,) = hands.window.findChildren(SlidersBox)
        return box

    def open_suggested(self, hands, least=1):
        """Open the first photo not decided yet that has so many suggestions; return them."""
        done = {path for path, _, _ in self.decided}
        photos, tally = hands.window.session.library.photos, hands.window.desk.tally
        for slot in hands.window.desk.photos.order.tolist():
            if tally.suggestions[slot] >= least and photos.path(slot) not in done:
                hands.click_photo(slot)
                states = hands.shown_labels().items()
                return slot, [key for key, entry in states if entry.state == State.SUGGESTED]
        raise AssertionError("no photo has suggestions left")

    def enter_confirms(self, hands):
        """Enter confirms what is shown and goes on."""
        for _ in range(3):
            slot, suggested = self.open_suggested(hands)
            place = hands.window.desk.photos.place(slot)
            hands.press(Key.Key_Return)
            self.note(hands.window.session.library.photos.path(slot), suggested, "confirmed")
            now = hands.window.desk.photos.place(hands.window.desk.selection.current)
            assert now == place + 1, "the next photo is open"
            hands.press(Key.Key_Left)
            states = {key: entry.state for key, entry in hands.shown_labels().items()}
            assert all(states[key] == State.CONFIRMED for key in suggested)

    def x_rejects(self, hands):
        """X rejects the focused suggestion, the next one has the focus, the order stands."""
        slot, suggested = self.open_suggested(hands, least=2)
        order = list(hands.shown_labels())
        focused = hands.window.desk.focused_label()
        (first,) = [k for k, entry in hands.shown_labels().items() if entry.label == focused]
        assert first in suggested
        hands.press(Key.Key_X)
        assert list(hands.shown_labels())[: len(order)] == order, "the order is frozen"
        assert hands.shown_labels()[first].state == State.REJECTED
        assert hands.window.desk.focused_label() != focused
        self.note(hands.window.session.library.photos.path(slot), [first], "rejected")

    def label_is_added(self, hands):
        """T, a new name, Enter makes a label and confirms it; letters are letters in the field."""
        slot = hands.window.desk.selection.current
        before = len(hands.window.session.library.acts())
        hands.press(Key.Key_T)
        hands.type(NEW)
        offers = hands.window.workspace.panel.add.offers
        assert offers.item(0).text() == f"New label “{NEW}” in tags"
        hands.press(Key.Key_Return)
        assert hands.shown_labels()["tags", NEW].state == State.CONFIRMED
        hands.press(Key.Key_Escape)
        assert hands.window.workspace.grid.hasFocus()
        hands.wait_until_calm()
        assert len(hands.window.session.library.acts()) == before + 1, "no letter did anything else"
        self.note(hands.window.session.library.photos.path(slot), [("tags", NEW)], "confirmed")

    def undo_and_redo(self, hands):
        """Z takes the new label back, from the schema too; Shift+Z brings it again."""
        hands.press(Key.Key_Z)
        assert ("tags", NEW) not in hands.shown_labels()
        assert not hands.window.desk.completion.offers(NEW)[0].label
        assert "Undone" in hands.window.workspace.notice.text.text()
        hands.press(Key.Key_Z)
        (rejected,) = [key for key, verdict in self.decided.items() if verdict == "rejected"]
        assert hands.shown_labels()[rejected[1:]].state == State.SUGGESTED
        hands.press(Key.Key_Z, Modifier.ShiftModifier, times=2)
        assert hands.shown_labels()["tags", NEW].state == State.CONFIRMED
        assert hands.shown_labels()[rejected[1:]].state == State.REJECTED
        hands.wait(
            lambda: decided_in(annotations(self.folder)) == self.decided,
            "the annotation file is written by itself",
        )

    def files_agree(self):
        """The catalog says the same as the annotation file: exactly what was decided."""
        assert decided_in_catalog(self.folder / ".tagger") == self.decided
        file = annotations(self.folder)
        assert len(file["photos"]) == len(list(self.folder.rglob("*.jpg")))
        why = [entry for photo in file["photos"] for entry in photo.get("why", [])]
        assert all(entry[2] == "person" for entry in why)
        answered = [entry for entry in why if entry[1] != NEW]
        assert answered
        assert all(entry[5] == self.starter and 0 < entry[6] < 1 for entry in answered)

    def list_is_imported(self, hands):
        """A real list comes in through the dialog; what a person said stays."""
        hands.press(Key.Key_I, Modifier.ControlModifier)
        dialog = hands.dialog("ImportDialog")
        field = next(f for f in dialog.findChildren(QLineEdit) if f.isVisible())
        field.setFocus()
        field.setText(str(self.table))
        hands.press(Key.Key_Return)
        hands.wait(lambda: dialog.import_button.isEnabled(), "the list is understood")
        hands.click(dialog.import_button)
        hands.wait(lambda: dialog.close_button.text() == "Close", "the list is in")
        said = " ".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())
        assert f"{len(self.imported)} photos of this library are on the list" in said
        dialog.close()
        hands.wait_until_calm()
        now = decided_in_catalog(self.folder / ".tagger")
        assert {key: now.get(key) for key in self.decided} == self.decided

    def label_is_added_to_many(self, hands):
        """The new label goes to a dozen photos at once: one act, one undo."""
        order = hands.window.desk.photos.order.tolist()
        chosen = order[2:26:2]
        hands.click_photo(chosen[0])
        for slot in chosen[1:]:
            hands.click_photo(slot, Modifier.ControlModifier)
        assert hands.window.desk.selection.count == len(chosen)
        hands.press(Key.Key_T)
        hands.type(NEW)
        hands.press(Key.Key_Return)
        hands.press(Key.Key_Escape)
        hands.click_photo(order[0])
        hands.wait_until_calm()
        photos = hands.window.session.library.photos
        for slot in chosen:
            self.note(photos.path(slot), [("tags", NEW)], "confirmed")
        assert hands.window.session.library.acts()[0].description == f"Confirm “{NEW}” on 12 photos"

    def model_is_retrained_and_taken(self, hands):
        """Retrain shows a report with a verdict; nothing changes until the new model is taken."""
        hands.press(Key.Key_R, Modifier.ControlModifier)
        dialog = hands.dialog("RetrainDialog")
        hands.click(hands.button(dialog, "Retrain"))
        hands.wait(lambda: dialog.view.isVisible(), f"the report: {dialog.run.failure}", 180)
        said = [label.text() for label in dialog.view.findChildren(QLabel) if label.isVisible()]
        verdicts = ("better", "not worse", "can't tell yet")
        assert [text for text in said if any(word in text.lower() for word in verdicts)], said
        assert [text for text in said if text == "tags"], "each group with its figures"
        assert [text for text in said if re.search(r"\d+ labels are new", text)], said
        active = hands.window.session.library.active_bundle_id
        assert active == self.starter, "nothing is swapped by itself"
        hands.told = 0
        hands.click(dialog.use_button)
        hands.wait(lambda: hands.told, "new suggestions")
        assert dialog.use_button.text() == "In use now"
        dialog.close()
        hands.wait_until_calm()
        self.child = hands.window.session.library.active_bundle_id
        spec = BundleStore(user_folder("bundles")).get(self.child)
        assert spec.parent == self.starter
        assert NEW in [label.name for group in spec.groups for label in group.labels]
        assert hands.window.status.model.text().startswith(spec.name)
        self.child_suggests(hands)

    def child_suggests(self, hands):
        """The new model's scores are shown, also of the new label."""
        session = hands.window.session
        tags = session.library.facts.schema.group_named("tags")
        new = session.library.facts.schema.label_named(tags.num, NEW)
        scores = session.library.facts.scores.logits(new.num, session.library.photos.by_name)
        assert np.isfinite(scores).all()
        assert (session.states([new.num])[0] == State.CONFIRMED).sum() >= 12

    def both_formats_are_exported(self, hands):
        """JSON and CSV come out of the export dialog."""
        for choice, name in (("JSON", "labels.json"), ("CSV, one row per photo", "labels.csv")):
            hands.press(Key.Key_E, Modifier.ControlModifier)
            dialog = hands.dialog("ExportDialog")
            form = next(f for f in dialog.findChildren(QRadioButton) if f.text().startswith(choice))
            hands.click(form)
            field = dialog.target
            field.setFocus()
            field.selectAll()
            hands.type(str(self.exports / name))
            hands.click(hands.button(dialog, "Export"))
            hands.wait(lambda d=dialog: d.outcome.isVisible(), f"{name} is written")
            dialog.close()
            hands.wait(lambda d=dialog: not d.isVisible(), "the dialog is closed")

    # -- afterwards --------------------------------------------------------------------------

    def everything_is_in_the_files(self):
        """Annotation file, catalog and both exports say the same: keys and list."""
        file = annotations(self.folder)
        found = decided_in(file)
        assert found == decided_in_catalog(self.folder / ".tagger")
        assert {key: found.get(key) for key in self.decided} == self.decided
        groups = {path_of(photo).rpartition(b"/")[2].decode(): photo for photo in file["photos"]}
        for name, row in self.imported.items():
            assert groups[name]["split"] == row["split"]
            given = set(row["labels"].split(";")) - {""}
            rejected = set(groups[name].get("rejected", {}).get("tags", []))
            assert given - rejected <= set(groups[name].get("confirmed", {}).get("tags", []))
        exported = as_annotations((self.exports / "labels.json").read_text("utf-8"))
        assert decided_in(exported) == found
        table = confirmed_in_csv(self.exports / "labels.csv")
        assert len(table) == len(file["photos"])
        for photo in file["photos"]:
            for group, labels in photo.get("confirmed", {}).items():
                assert table[photo["path"]][group] == set(labels)

    def look_again(self, hands: Hands):
        """After reopening the window shows the same, with the model that was taken."""
        hands.wait_until_suggested()
        library = hands.window.session.library
        assert library.active_bundle_id == self.child
        assert hands.window.status.model.text().startswith(library.bundle.name)
        assert not hands.window.status.problems.isVisible()
        for (path, group, label), verdict in self.decided.items():
            hands.click_photo(hands.slot(path.rpartition(b"/")[2].decode()))
            if verdict == "rejected":
                assert (group, label) not in hands.shown_labels(), "it is not suggested again"
            else:
                assert hands.shown_labels()[group, label].state == State.CONFIRMED
        tags = library.facts.schema.group_named("tags").num
        (slider,) = [
            s for s in self.sliders(hands).sliders if (s.scope.group, s.scope.label) == (tags, None)
        ]
        assert slider.value() == self.value
        assert hands.window.settings.get("recent") == [str(self.folder)]
        hands.press(Key.Key_Z)
        assert f"Confirm “{NEW}” on 12 photos" in hands.window.workspace.notice.text.text()
        hands.press(Key.Key_Z, Modifier.ShiftModifier)
        hands.wait_until_calm()


def test_the_whole_loop_and_everything_is_still_there(model, photos, test_data, tmp_path):
    folder = photos("captions", 90)[0].parent.parent
    photos("dogs", 12)
    exports = tmp_path / "exports"
    exports.mkdir()
    story = Story(folder, model, test_data / "captions" / "labels.csv", exports)
    at_the_window(str(folder), story.work)
    story.everything_is_in_the_files()
    before = (folder / ANNOTATIONS).read_bytes()
    at_the_window(str(folder), story.look_again)
    story.everything_is_in_the_files()
    assert (folder / ANNOTATIONS).read_bytes() == before, "undone and done again: the same bytes"
    json.loads((folder / ANNOTATIONS).read_text("utf-8"))
