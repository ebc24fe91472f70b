"""A crash of a child process is made good, or costs the window a sentence."""

import os
import signal

import pytest
from library_files import decided_in_catalog
from PySide6.QtCore import Qt
from window_hands import at_the_window

pytestmark = pytest.mark.slow


def children(name):
    """Return the ids of our child processes whose command line has a word in it."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if parent == os.getpid() and name in words:
                found.append(int(entry))
    return found


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks for children in /proc")
def test_a_killed_suggester_goes_on_by_itself_and_nothing_alarming_is_said(model, photos):
    folder = photos("everyday", 250)[0].parent

    def look(hands):
        window = hands.window
        hands.wait(
            lambda: window.is_open and window.work.suggesting.progress.get("done"), "it runs"
        )
        (child,) = children(b"_suggester")
        os.kill(child, signal.SIGKILL)
        hands.wait(lambda: children(b"_suggester") not in ([], [child]), "another one goes on")
        hands.click_photo(int(window.desk.photos.order[-1]))
        hands.press(Qt.Key.Key_T)
        hands.type("dog")
        hands.press(Qt.Key.Key_Return)
        hands.press(Qt.Key.Key_Escape)
        hands.wait_until_calm()
        assert "confirmed" in decided_in_catalog(folder / ".tagger").values(), "work goes on"
        hands.wait_until_suggested()
        assert not window.workspace.notice.isVisible()
        label = next(iter(window.session.library.facts.thresholds.base))
        scores = window.session.library.facts.scores.logits(label, window.desk.photos.order)
        assert (scores == scores).all(), "every photo has its scores"

    at_the_window(str(folder), look)


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks for children in /proc")
def test_a_killed_training_is_told_and_can_be_repeated(model, photos, test_data, tagger):
    folder = photos("captions", 60)[0].parent
    tagger("import", folder, test_data / "captions" / "labels.csv")

    def look(hands):
        hands.wait_until_suggested()
        hands.press(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
        dialog = hands.dialog("RetrainDialog")
        hands.click(dialog.start_button)
        hands.wait(lambda: children(b"_trainer"), "the training runs")
        os.kill(children(b"_trainer")[0], signal.SIGKILL)
        hands.wait(lambda: dialog.problem.isVisible(), "it is told")
        assert "present model stays as it is" in dialog.problem.text()
        assert hands.window.session.library.active_bundle_id == model
        hands.click(dialog.start_button)
        hands.wait(lambda: dialog.view.isVisible(), "the report of the second one")
        dialog.close()

    at_the_window(str(folder), look)
