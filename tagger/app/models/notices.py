"""What the program tells and asks the user outside of dialogs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """A sentence for the user; a warning stays until it is dismissed.

    Attributes:
        offers: (words on a button, what it does).
    """

    text: str
    warning: bool = False
    offers: tuple[tuple[str, Callable[[], None]], ...] = ()


@dataclass(frozen=True)
class Question:
    """Something to be agreed to before it happens, with the count in its words."""

    text: str
    yes: str
    run: Callable[[], None]
