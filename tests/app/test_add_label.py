"""Typing a new label into the panel: in a single group it may be split from the present one."""

import pytest
from dialog_hands import confirm, label_of

from tagger.app.models.answers import Answers
from tagger.app.theme import LIGHT, Theme
from tagger.app.widgets.add_label import AddLabel


@pytest.fixture
def field(qtbot, desk):
    made = AddLabel(desk, Theme(LIGHT, 8))
    qtbot.addWidget(made)
    return made


def offered(field, typed):
    field._complete(typed)
    return [field.offers.item(row).text() for row in range(field.offers.count())]


def test_a_new_breed_may_be_split_from_the_breed_of_the_photo(field, desk, library):
    pug = label_of(library, "breed", "Pug")
    slots = desk.photos.order[:3]
    confirm(library, slots.tolist(), pug)
    desk.board.open(int(slots[0]))
    words = offered(field, "breed/Puggle")
    assert words == [
        "New label “Puggle” in breed",
        "… split “Puggle” from “Pug”: its 3 photos are asked about again",
    ]
    answers = Answers(desk)
    field.chosen.connect(answers.add)
    field._choose(field.offers.item(1))
    puggle = label_of(library, "breed", "Puggle")
    assert not len(library.facts.decisions.of_label(pug)[0])
    assert len(library.facts.decisions.of_label(puggle)[0]) == 1, "the photo that is open"


def test_a_new_tag_stands_beside_the_others_and_nothing_is_asked(field, desk, library):
    slot = int(desk.photos.order[0])
    confirm(library, [slot], label_of(library, "tags", "beach"))
    desk.board.open(slot)
    assert offered(field, "tags/kite") == ["New label “kite” in tags"]
