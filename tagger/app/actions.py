"""Actions are data: one thing the user can do, with its words, keys and what it runs."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagger.app.window import Window

Run = Callable[["Window"], object]


@dataclass(frozen=True)
class Action:
    """One thing the user can do.

    Attributes:
        name: key in the settings; `menu.thing`.
        text: words in the menu, with `…` where a dialog follows.
        menu: which menu it stands in; empty: only its keys.
        keys: as Qt writes them (`Ctrl+O`); the first one is shown.
        icon: name of one of our icons.
        tip: what it does, in a sentence.
        run: called with the window; None where a dialog is opened.
        dialog: opened by `tagger.app.dialogs.<dialog>.open_<dialog>(window)`.
        anywhere: also without an open library.
        checked: for a switch: says whether it is on.
        break_before: a line stands above it in the menu.
    """

    name: str
    text: str
    menu: str
    keys: tuple[str, ...]
    icon: str
    tip: str
    run: Run | None = None
    dialog: str = ""
    anywhere: bool = False
    checked: Callable[[Window], bool] | None = None
    break_before: bool = False

    @property
    def offered(self) -> bool:
        """Whether this program has what the action needs."""
        if not self.dialog:
            return True
        return importlib.util.find_spec(f"tagger.app.dialogs.{self.dialog}") is not None

    def perform(self, window: Window) -> None:
        """Do it."""
        if self.run is not None:
            self.run(window)
        elif self.dialog:
            module = importlib.import_module(f"tagger.app.dialogs.{self.dialog}")
            getattr(module, f"open_{self.dialog}")(window)
