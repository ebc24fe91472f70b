"""Selecting photos."""

import numpy as np


def test_choose_toggle_extend(desk):
    order = desk.photos.order.tolist()
    selection = desk.selection
    selection.choose(order[2])
    assert selection.slots().tolist() == [order[2]]
    selection.toggle(order[5])
    assert selection.slots().tolist() == [order[2], order[5]]
    assert selection.current == order[5]
    selection.toggle(order[5])
    assert selection.slots().tolist() == [order[2]]
    assert selection.current == order[2]
    selection.choose(order[3])
    selection.extend(order[1])
    assert selection.slots().tolist() == order[1:4]
    selection.extend(order[6])
    assert selection.slots().tolist() == order[3:7], "the anchor stays"


def test_the_last_selected_photo_cannot_be_taken_out(desk):
    order = desk.photos.order.tolist()
    desk.selection.choose(order[0])
    desk.selection.toggle(order[0])
    assert desk.selection.slots().tolist() == [order[0]]


def test_select_all_selects_what_is_on_show_only(desk):
    from tagger.app.models.filters import Filter

    dog = next(
        n for n, each in desk.session.library.facts.schema.labels.items() if each.name == "dog"
    )
    desk.set_filter(Filter(label=dog))
    desk.selection.select_all()
    assert desk.selection.count == 4
    desk.set_filter(Filter())
    assert desk.selection.count == 4, "they stay selected when more are on show"


def test_a_rubber_band_selects_and_adds(desk):
    order = desk.photos.order
    desk.selection.select(order[2:5])
    assert desk.selection.slots().tolist() == order[2:5].tolist()
    desk.selection.select(order[7:8], add=True)
    assert desk.selection.count == 4
    desk.selection.select(np.empty(0, np.int64))
    assert desk.selection.count == 0
