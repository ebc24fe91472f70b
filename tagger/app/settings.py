"""Settings: one table declares them; the window, the preferences and the manual follow from it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagger.app.models.signal import Signal
from tagger.library.places import user_data_dir

log = logging.getLogger(__name__)

FILE = "settings.json"
RECENT = 10


@dataclass(frozen=True)
class Setting:
    """One setting; its type is that of its default.

    Attributes:
        name: key in the file.
        title: words in the preferences; empty for what the program remembers by itself.
        description: what it does, for the preferences and the manual.
        least, most: bounds of a number.
        choices: (value, words) where only these are allowed.
    """

    name: str
    default: Any
    title: str
    description: str
    least: float | None = None
    most: float | None = None
    choices: tuple[tuple[Any, str], ...] = ()


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "theme",
        "system",
        "Colours",
        "Light, dark, or whatever the system says.",
        choices=(("system", "As the system"), ("light", "Light"), ("dark", "Dark")),
    ),
    Setting(
        "provider",
        "auto",
        "Compute on",
        "What the model runs on. Automatic takes the graphics card where it works, else the "
        "processor; the status bar names what is really used.",
        choices=(
            ("auto", "Automatic"),
            ("cuda", "NVIDIA graphics card"),
            ("tensorrt", "NVIDIA graphics card with TensorRT"),
            ("directml", "Any graphics card under Windows (DirectML)"),
            ("coreml", "Apple's processor for models (Core ML)"),
            ("cpu", "Processor"),
        ),
    ),
    Setting(
        "ask_from",
        50,
        "Ask from so many photos",
        "An answer for at least so many photos at once is asked about first.",
        2,
        100_000,
    ),
    Setting(
        "thumbnail_megabytes",
        2_000,
        "Room for thumbnails (MB)",
        "Thumbnails on disk take at most so much; the least used ones go first. From next start.",
        50,
        100_000,
    ),
    Setting(
        "training_at_close",
        "go on",
        "Training when the window is closed",
        "What a training that is under way does then. One that goes on is found again, with its "
        "report, when the folder is opened the next time.",
        choices=(("go on", "Goes on"), ("stop", "Is stopped")),
    ),
    Setting(
        "watch",
        True,
        "New photos in an open folder",
        "Photos that are copied, moved or changed in the folder while it is open are noticed by "
        "themselves, or only when the folder is looked through (F5).",
        choices=((True, "Appear at once"), (False, "When I ask")),
    ),
    Setting("side", 160, "", "Width of the photos in the grid, in pixels.", 96, 384),
    Setting("window", "", "", "Place and size of the window."),
    Setting("columns", "", "", "Widths of the three parts, for one text size."),
    Setting("dismissed", [], "", "Warnings that are not to be shown again, by key."),
    Setting("recent", [], "", "Folders opened last, newest first."),
    Setting("keys", {}, "", "Keys that were changed: action → list of keys."),
    Setting("remembered", {}, "", "What dialogs remember for the next time."),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


class Settings:
    """The user's settings, kept in `settings.json` in the user data folder.

    Attributes:
        changed: (name) a setting has another value.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or user_data_dir() / FILE
        self.changed = Signal()
        self._values = self._read()

    def get(self, name: str) -> Any:
        """Return a setting's value."""
        setting = _BY_NAME[name]
        value = self._values.get(name, setting.default)
        return value if _is_valid(setting, value) else setting.default

    def set(self, name: str, value: Any) -> None:
        """Give a setting a value and store it; one that is not allowed is a programming error."""
        setting = _BY_NAME[name]
        if not _is_valid(setting, value):
            raise ValueError(f"{value!r} is no value of the setting {name}")
        if value != self.get(name):
            self._values[name] = value
            self._write()
            self.changed.emit(name)

    def note_recent(self, folder: Path) -> None:
        """Put a folder at the top of the recent ones."""
        text = str(folder)
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:  # JSON cannot hold such a name
            return
        rest = [each for each in self.get("recent") if each != text]
        self.set("recent", [text, *rest][:RECENT])

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self) -> None:
        """Write the file whole or not at all; settings are not worth a complaint to the user."""
        temporary = ""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.path.parent, suffix=".tmp")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(self._values, file, indent=1, ensure_ascii=False, sort_keys=True)
            os.replace(temporary, self.path)
        except OSError as error:
            log.warning("the settings could not be written: %s", error)
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _is_valid(setting: Setting, value: Any) -> bool:
    kind: Callable[..., Any] = type(setting.default)
    if type(value) is not kind:
        return False
    if setting.choices and value not in [choice for choice, _ in setting.choices]:
        return False
    too_small = setting.least is not None and value < setting.least
    return not (too_small or (setting.most is not None and value > setting.most))
