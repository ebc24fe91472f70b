"""The grid: what is painted, and selecting with the mouse."""

import itertools

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from tagger.app.widgets.grid_geometry import GridGeometry

LEFT = Qt.MouseButton.LeftButton
NONE, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


@pytest.fixture
def grid(window):
    return window.workspace.grid


def centre(grid, place):
    return grid.cell_rect(int(grid.desk.photos.order[place])).center()


def click(grid, place, keys=NONE):
    QTest.mouseClick(grid.viewport(), LEFT, keys, centre(grid, place))


def chosen(grid):
    return grid.desk.photos.position[grid.desk.selection.slots()].tolist()


def test_click_ctrl_click_and_shift_click(grid):
    click(grid, 1)
    assert chosen(grid) == [1]
    click(grid, 4, CTRL)
    assert chosen(grid) == [1, 4]
    click(grid, 2)
    click(grid, 5, SHIFT)
    assert chosen(grid) == [2, 3, 4, 5]


def test_a_rubber_band_selects_what_it_touches(grid):
    start = centre(grid, 0)
    end = centre(grid, grid.geometry_.columns + 1)
    QTest.mousePress(grid.viewport(), LEFT, NONE, start)
    QTest.mouseMove(grid.viewport(), end)
    QTest.mouseRelease(grid.viewport(), LEFT, NONE, end)
    columns = grid.geometry_.columns
    assert chosen(grid) == [0, 1, columns, columns + 1]


def test_a_double_click_opens_the_loupe_on_that_photo(grid, window):
    QTest.mouseDClick(grid.viewport(), LEFT, NONE, centre(grid, 3))
    click(grid, 3)
    assert window.workspace.in_loupe


def test_thumbnails_of_what_is_on_screen_come_in(grid, window, qtbot):
    slots = grid.visible_slots().tolist()
    qtbot.waitUntil(lambda: all(window.thumbnails.get(slot) for slot in slots), timeout=10_000)
    image = grid.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    rect = grid._photo_box(grid.cell_rect(slots[0]))
    colours = {
        image.pixel(x, y)
        for x in range(rect.left(), rect.right(), 5)
        for y in range(rect.top(), rect.bottom(), 5)
    }
    assert len(colours) > 50, "a photo is painted, not an icon"


def test_a_photo_that_cannot_be_read_shows_why(qtbot, photos_folder, window):
    from tagger.library.scan import scan

    (photos_folder / "0 broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    scan(window.session.library)
    window.session.take_photos(window.session.read_photos())
    slot = int(window.desk.photos.order[0])
    qtbot.waitUntil(lambda: window.thumbnails.problem(slot) is not None, timeout=10_000)
    window.desk.selection.choose(slot)
    assert window.thumbnails.problem(slot) in window.workspace.panel.facts.text()
    assert "cannot be read" in window.workspace.panel.photo._note_text.text()


def test_resizing_keeps_the_open_photo_on_screen(grid, window):
    window.desk.selection.choose(int(window.desk.photos.order[-1]))
    for side in (320, 96, 200):
        grid.set_side(side)
        assert grid.viewport().rect().contains(centre(grid, 11))


def test_the_grid_says_which_photo_is_open(grid, window):
    window.desk.selection.choose(int(window.desk.photos.order[1]))
    assert "2 of 12 photos" in grid.accessibleDescription()


def test_cells_neither_overlap_nor_leave_the_view():
    for width in (200, 703, 1280):
        for side in (96, 160, 384):
            geometry = GridGeometry.fit(1000, width, side, 24, 8)
            rects = [geometry.rect(place) for place in range(60)]
            assert all(rect.left() >= 0 and rect.right() < width for rect in rects)
            assert not any(a.intersects(b) for a, b in itertools.pairwise(rects))
            for place in (0, 7, 59):
                middle = geometry.rect(place).center()
                assert geometry.place_at(middle.x(), middle.y()) == place
    assert geometry.place_at(0, 0) == -1


def test_only_rows_on_screen_are_looked_at():
    geometry = GridGeometry.fit(100_000, 700, 160, 24, 8)
    top = geometry.rect(50_000).top()
    places = geometry.between(top, top + 600)
    assert 50_000 in places
    assert len(places) < 40
    assert geometry.between(geometry.height - 10, geometry.height).stop == 100_000


def test_keyboard_and_mouse_agree_after_the_list_changed(grid, window):
    from tagger.app.models.ordering import Order

    window.desk.set_sort(Order(reverse=True))
    click(grid, 0)
    assert window.desk.selection.current == window.desk.photos.order[0]
    assert np.array_equal(
        window.desk.photos.position[window.desk.photos.order], np.arange(12, dtype=np.int32)
    )


def test_a_click_between_photos_changes_nothing(grid, window):
    before = window.desk.selection.current
    QTest.mouseClick(grid.viewport(), LEFT, NONE, QPoint(1, 1))
    assert window.desk.selection.current == before
