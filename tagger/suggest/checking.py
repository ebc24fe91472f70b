"""A bundle becomes active only after it gave its golden answers on this machine (DESIGN §4)."""

from __future__ import annotations

from pathlib import Path

from tagger.suggest.asking import ask_child
from tagger.suggest.protocol import CHECK


def check_bundle(folder: Path, provider: str = "auto") -> None:
    """Let the suggester open a bundle and compare its golden answers, in a child process.

    Blocks for a second or two. What passed is remembered until the files change.

    Raises:
        SuggesterError: it is malformed, cannot be opened, or answers otherwise than it should.
    """
    ask_child([CHECK, str(folder.absolute()), provider])
