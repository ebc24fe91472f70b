"""How names stand in the cells of a CSV file, written and read back by the same rules."""

from __future__ import annotations

import re
from collections.abc import Iterable

JOINER = ";"
"""Stands between the labels of one cell; doubled where it belongs to a name."""

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_NEUTRALISED = re.compile(r"'+[=+\-@\t\r\n]")
_DOUBLED = "\0"


def neutral(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula: a `'` before `=`, `+`, `-`, `@`."""
    return "'" + text if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """Return the text that `neutral` was given; other texts as they are."""
    return text[1:] if _NEUTRALISED.match(text) else text


def join_names(names: Iterable[str]) -> str:
    """Return label names as one cell: `dog;cat`; a `;` inside a name is doubled."""
    cell = ""
    for name in names:
        quoted = neutral(name).replace(JOINER, JOINER * 2)
        gap = " " if quoted.startswith(JOINER) else ""
        cell += (JOINER + gap if cell else "") + quoted
    return cell


def split_names(cell: str, separator: str) -> list[str]:
    """Return the label names of a cell, trimmed, without empty ones.

    Args:
        cell: as it stands in the file.
        separator: what stands between names; `""` where the whole cell is one name, `" "` for
            any white space. Only `;` can be part of a name, doubled.
    """
    if not separator:
        parts = [cell]
    elif separator == JOINER:
        whole = cell.replace(JOINER * 2, _DOUBLED)
        parts = [part.replace(_DOUBLED, JOINER) for part in whole.split(JOINER)]
    else:
        parts = cell.split() if separator.isspace() else cell.split(separator)
    return [name for name in (restored(part.strip()).strip() for part in parts) if name]
