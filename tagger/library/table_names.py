"""Names for labels that a table writes as numbers, or as letters: the file of `--names`."""

from __future__ import annotations

import json
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from tagger.library.table_build import TableError
from tagger.library.table_text import decode, read_bytes


def load_json(data: bytes, path: Path, encoding: str | None = None) -> Any:
    """Return the JSON value of a file.

    Raises:
        TableError: it is not whole or no JSON; says where it breaks off.
    """
    text, _ = decode(data, path.name, encoding)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if not text[error.pos :].strip() or error.msg.startswith("Unterminated"):
            raise TableError(
                f"{path.name} is cut off: its JSON ends in the middle, in line {error.lineno}. "
                f"Get the file whole."
            ) from error
        raise TableError(
            f"{path.name} is not JSON that can be read: {error.msg} in line {error.lineno}, "
            f"column {error.colno}."
        ) from error
    except RecursionError as error:
        raise TableError(f"{path.name} is nested too deeply for a table of labels.") from error


def read_label_names(path: Path) -> dict[str, str]:
    """Read label names: `{"1": "person"}`, `{"person": 1}` or `["person", …]` (from 0).

    Returns:
        What stands in the table → the label's name, in the order of the file.

    Raises:
        TableError: the file has another form.
    """
    value = load_json(read_bytes(path), path)
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return {str(number): name for number, name in enumerate(value)}
    if isinstance(value, dict) and value:
        if all(isinstance(name, str) for name in value.values()):
            return {str(key): name for key, name in value.items()}
        if all(type(number) is int for number in value.values()):
            return {str(number): name for name, number in value.items()}
    raise TableError(
        f"{path.name} does not give label names; it should be an object such as "
        f'{{"1": "person"}} or a list of names.'
    )


def read_group_values(path: Path) -> dict[str, list[str]]:
    """Read the values of groups: `{"groups": {"coat_length": ["Invisible", …]}}`, or a preset.

    Raises:
        TableError: the file has another form.
    """
    value = load_json(read_bytes(path), path)
    groups = value.get("groups", value) if isinstance(value, dict) else None
    try:
        if isinstance(groups, list):
            return {g["name"]: [str(label["name"]) for label in g["labels"]] for g in groups}
        if isinstance(groups, dict) and all(isinstance(names, list) for names in groups.values()):
            return {str(name): [str(value) for value in names] for name, names in groups.items()}
    except (KeyError, TypeError):
        pass
    raise TableError(f"{path.name} does not give groups, each with a list of value names.")


def preset_group_values() -> dict[str, list[str]]:
    """Return the values of the groups of the one contest whose letter codes are known here."""
    with as_file(files("resources") / "presets" / "fashionai.json") as path:
        return read_group_values(path)
