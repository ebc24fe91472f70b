"""What stands between the labels of one cell, told from all cells of a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

_SIGNS = (";", "|", ",")


class SeparatorDoubt(Exception):
    """The cells can be read in more than one way; the message says how."""


def find_separator(cells: Collection[str]) -> str:
    """Return what separates labels in these cells; `""` where each cell is one label.

    `;`, `|` and `,` separate wherever they occur. Spaces do where the words between them keep
    coming back in other company (`clear primary road`), not where they are parts of names
    (`traffic light`).

    Raises:
        SeparatorDoubt: two signs occur, or spaces could be either.
    """
    distinct = {cell.strip() for cell in cells}
    signs = [sign for sign in _SIGNS if any(sign in cell for cell in distinct)]
    if ";" in signs and "|" in signs:
        raise SeparatorDoubt("both ; and | stand between its words")
    if signs:
        return signs[0]
    spaced = [cell.split() for cell in distinct if " " in cell]
    if not spaced:
        return ""
    if all(word.isdecimal() for words in spaced for word in words):
        return " "
    return " " if _are_lists(distinct, spaced) else ""


def _are_lists(distinct: Collection[str], spaced: list[list[str]]) -> bool:
    """Say whether words between spaces are labels of their own; raise where it is not clear."""
    uses = Counter(word for cell in distinct for word in set(cell.split()))
    shared = sum(any(uses[word] > 1 for word in words) for words in spaced)
    if shared >= 0.9 * len(spaced) and len(uses) <= 0.7 * len(distinct):
        return True
    if shared <= 0.5 * len(spaced) or max(len(words) for words in spaced) == 1:
        return False
    raise SeparatorDoubt("the spaces could separate labels or be parts of their names")
