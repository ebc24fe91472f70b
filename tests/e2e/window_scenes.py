"""Scenes at the window in a process of its own: `python window_scenes.py SCENE FOLDER`.

A scene prints lines for the test that started it, and may be killed at any moment.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from PySide6.QtCore import Qt
from window_hands import Hands, at_the_window

HEAVY = ("torch", "torchvision", "timm", "sklearn", "onnxruntime")


def tell(**facts: object) -> None:
    """Tell the test something: one line of JSON."""
    print(json.dumps(facts), flush=True)


def confirm_and_die(hands: Hands) -> None:
    """Confirm what is suggested in the first photo, reject in the next, and die at once."""
    hands.wait_until_suggested()
    order = hands.window.desk.photos.order
    photos = hands.window.session.library.photos
    suggested = [slot for slot in order.tolist() if hands.window.desk.tally.suggestions[slot]]
    hands.click_photo(suggested[0])
    tell(photo=photos.path(suggested[0]).decode(), labels=_suggested(hands))
    hands.press(Qt.Key.Key_Return)
    hands.click_photo(suggested[1])
    tell(photo=photos.path(suggested[1]).decode(), labels=_suggested(hands)[:1])
    hands.press(Qt.Key.Key_X)
    os.kill(os.getpid(), signal.SIGKILL)


def _suggested(hands: Hands) -> list[list[str]]:
    shown = hands.shown_labels()
    return [[group, name] for (group, name), e in shown.items() if e.state.name == "SUGGESTED"]


def look_around(hands: Hands) -> None:
    """Show suggestions, look at photos in grid and loupe; then tell what was imported."""
    hands.wait_until_suggested()
    for slot in hands.window.desk.photos.order[:4].tolist():
        hands.click_photo(slot)
    hands.press(Qt.Key.Key_Space)
    hands.wait(lambda: hands.window.workspace.in_loupe, "the loupe is open")
    hands.press(Qt.Key.Key_Right)
    hands.press(Qt.Key.Key_Space)
    tell(
        suggested=len(_suggested(hands)) + int(hands.window.desk.tally.suggestions.sum()),
        modules=sorted(name for name in HEAVY if name in sys.modules),
    )


def confirm_one(hands: Hands) -> None:
    """Wait for what is said of the annotation file, confirm one photo, close the window."""
    hands.wait_until_suggested()
    notice = hands.window.workspace.notice
    hands.wait(notice.isVisible, "the window says where the annotations go")
    hands.click_photo(int(hands.window.desk.photos.order[0]))
    tell(labels=_suggested(hands), notice=notice.text.text())
    hands.press(Qt.Key.Key_Return)


def confirm_and_stay(hands: Hands) -> None:
    """Confirm what is suggested in the first photo and leave the window open."""
    hands.wait_until_suggested()
    hands.click_photo(int(hands.window.desk.photos.order[0]))
    labels = _suggested(hands)
    hands.press(Qt.Key.Key_Return)
    tell(labels=labels)
    hands.wait(lambda: not hands.window.isVisible(), "it is closed from outside", 30)


SCENES = {
    scene.__name__: scene for scene in (confirm_and_die, look_around, confirm_one, confirm_and_stay)
}

if __name__ == "__main__":
    at_the_window(sys.argv[2], SCENES[sys.argv[1]])
