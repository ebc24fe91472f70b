"""The real window with the real starter model: from a folder to labels on disk."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from app_libraries import copy_photos
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tagger.app.screenshots import save, settle, wait_until_ready
from tagger.core.decisions import Verdict, verdicts_of

pytestmark = pytest.mark.slow


@pytest.fixture
def window(live_window):
    """The window with nothing open yet."""
    return live_window


def press(key):
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, key)


def test_the_first_folder_prepares_the_starter_and_gets_suggestions(window, photos_folder, qtbot):
    wait_until_ready(window, photos_folder, 120)
    assert window.session.library.bundle is not None
    assert window.desk.tally.suggestions.sum() > 0
    assert window.status.model.text() == "Starter (EfficientNet-Lite0)  ·  CPU"
    assert window.status.photos.text() == "12 photos"


def test_open_answer_close_reopen_everything_is_there(with_starter, window, photos_folder):
    wait_until_ready(window, photos_folder, 120)
    assert QApplication.focusWidget() is window.workspace.grid
    slots = window.desk.photos.order[window.desk.tally.suggestions[window.desk.photos.order] > 0]
    slot = int(slots[0])
    window.desk.selection.choose(slot)
    suggested = [e.label for e in window.desk.board.entries() if e.state == 1]
    press(Qt.Key.Key_Return)
    press(Qt.Key.Key_T)
    QTest.keyClicks(QApplication.focusWidget(), "my holiday")
    press(Qt.Key.Key_Return)
    window.close_library()
    data = json.loads((photos_folder / "tagger-annotations.json").read_text("utf-8"))
    confirmed = [each["confirmed"] for each in data["photos"] if each.get("confirmed")]
    assert any("my holiday" in names.get("tags", []) for names in confirmed)
    wait_until_ready(window, photos_folder, 120)
    codes = window.session.library.facts.decisions.codes(
        np.full(len(suggested), slot), np.array(suggested)
    )
    assert (verdicts_of(codes) == Verdict.CONFIRMED).all()
    descriptions = [act.description for act in window.session.library.acts()]
    assert descriptions[0] == "Add “my holiday” to 1 photo"
    window.answers.undo()
    assert "my holiday" not in [
        label.name for label in window.session.library.facts.schema.labels.values()
    ], "undo survives a restart"


def test_pause_and_go_on(with_starter, window, test_data, tmp_path, qtbot):
    folder = copy_photos(test_data, tmp_path / "many", 300)
    window.open_folder(folder)
    qtbot.waitUntil(
        lambda: window.work is not None and bool(window.work.suggesting.progress), timeout=60_000
    )
    window.pause_or_resume()
    qtbot.waitUntil(lambda: window.work.suggesting.paused, timeout=10_000)
    assert window.status.work.text().startswith("Paused at")
    assert window.status.pause.isVisible()
    done = window.work.suggesting.progress["done"]
    qtbot.wait(400)
    assert window.work.suggesting.progress["done"] == done
    with qtbot.waitSignal(window.up_to_date, timeout=60_000):
        window.pause_or_resume()
    assert np.isfinite(
        window.session.library.facts.scores.logits(
            next(iter(window.session.library.facts.schema.labels)),
            window.session.library.photos.by_name,
        )
    ).all()


def test_a_dropped_folder_is_opened(with_starter, window, photos_folder, qtbot):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(sorted(photos_folder.glob("*.jp*g"))[0]))])
    event = QDropEvent(
        QPointF(10, 10),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    with qtbot.waitSignal(window.opened, timeout=20_000):
        window.dropEvent(event)
    assert window.session.library.places.home == photos_folder
    assert window.settings.get("recent") == [str(photos_folder)]


@pytest.mark.parametrize("kind", ["missing", "file", "empty"])
def test_a_folder_that_is_none_gives_a_sentence(with_starter, window, tmp_path, qtbot, kind):
    path = tmp_path / "place"
    if kind == "file":
        path.write_text("x")
    elif kind == "empty":
        path.mkdir()
    with qtbot.waitSignal(window.up_to_date, timeout=60_000):
        window.open_folder(path)
    if kind == "empty":
        assert window.is_open
        assert window.status.photos.text() == "0 photos"
    else:
        assert not window.is_open
        assert str(path) in window.last_notice


def test_another_programs_import_is_noticed(with_starter, window, photos_folder, qtbot, tmp_path):
    wait_until_ready(window, photos_folder, 120)
    name = sorted(photos_folder.glob("*.jp*g"))[0].name
    table = tmp_path / "labels.csv"
    table.write_text(f"photo,labels\n{name},zeppelin\n")
    subprocess.run(
        [sys.executable, "-m", "tagger", "import", str(photos_folder), str(table)], check=True
    )
    qtbot.waitUntil(
        lambda: any(
            label.name == "zeppelin" and label.adopted
            for label in window.session.library.facts.schema.labels.values()
        ),
        timeout=10_000,
    )


def test_a_screenshot_shows_photos_and_suggestions(with_starter, photos_folder, tmp_path):
    picture = tmp_path / "window.png"
    code = (
        "import sys; from pathlib import Path; from tagger.app.main import run_window; "
        "code = run_window(Path(sys.argv[1]), screenshot=Path(sys.argv[2])); "
        "bad = {'torch', 'timm', 'sklearn', 'onnxruntime'} & set(sys.modules); "
        "assert not bad, bad; sys.exit(code)"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(photos_folder), str(picture)], check=True, timeout=120
    )
    from PIL import Image

    with Image.open(picture) as image:
        assert image.size == (1280, 800)
        assert len(image.convert("RGB").getcolors(1 << 24)) > 2_000


def test_the_window_is_painted_within_a_second_and_a_half(with_starter, photos_folder):
    code = (
        "import time, sys; start = time.perf_counter(); from pathlib import Path; "
        "from tagger.app.main import make_application, make_window; "
        "app = make_application([]); window = make_window(); window.show(); "
        "window.open_folder(Path(sys.argv[1])); app.processEvents(); window.grab(); "
        "print(time.perf_counter() - start); window.close()"
    )
    command = [sys.executable, "-c", code, str(photos_folder)]

    def once():
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        return float(done.stdout.split()[-1])

    tries = (once() for _ in range(10))  # a busy machine has a quiet moment among so many
    assert any(seconds <= 1.5 for seconds in tries)


def test_pictures_of_all_views_can_be_saved(with_starter, window, photos_folder, tmp_path):
    wait_until_ready(window, photos_folder, 120)
    for theme in ("light", "dark"):
        window.settings.set("theme", theme)
        save(window, tmp_path / f"grid-{theme}.png")
        window.workspace.toggle_loupe()
        end = time.monotonic() + 10
        while window.workspace.loupe.pictures.get(window.desk.selection.current) is None:
            settle(window, 0.2)
            assert time.monotonic() < end
        save(window, tmp_path / f"loupe-{theme}.png")
        window.workspace.show_grid()
    sizes = {path.name: path.stat().st_size for path in Path(tmp_path).glob("*.png")}
    assert len(sizes) == 4
    assert min(sizes.values()) > 20_000
