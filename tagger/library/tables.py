"""Lists of labels from files: `read_table` tells the form by itself and gives one structure."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tagger.library.table_build import (
    DEFAULT_GROUP,
    ImportTable,
    LabelSet,
    TableError,
    TableOptions,
)
from tagger.library.table_csv import read_wide
from tagger.library.table_json import read_json
from tagger.library.table_long import is_letters, is_long, read_letters, read_long
from tagger.library.table_names import load_json
from tagger.library.table_text import decode, read_bytes, read_rows

__all__ = [
    "DEFAULT_GROUP",
    "ImportTable",
    "LabelSet",
    "TableError",
    "TableOptions",
    "read_table",
]


def read_table(path: Path, options: TableOptions | None = None) -> ImportTable:
    """Read a list of labels: CSV with any delimiter, or JSON.

    Forms: one row per photo (labels in a column, or one column per single group, or splits
    alone); `photo,group,label,verdict` as exported; letter codes per group; JSON samples; our own
    annotation file. What the options leave open is found in the file where it leaves no doubt.

    Raises:
        TableError: the file cannot be read, or leaves a doubt; the sentence names the option.
    """
    options = options or TableOptions()
    data = read_bytes(path)
    table = _read(path, data, options)
    table.digest = hashlib.sha256(data).hexdigest()
    return table


def _read(path: Path, data: bytes, options: TableOptions) -> ImportTable:
    begins_as_json = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    if path.suffix.lower() == ".json" or begins_as_json:
        return read_json(load_json(data, path, options.encoding), path.name, options)
    text, guessed = decode(data, path.name, options.encoding)
    rows = read_rows(text, path.name, guessed)
    if is_letters(rows):
        return read_letters(rows, path.name, options)
    if is_long(rows):
        return read_long(rows, path.name, options)
    return read_wide(rows, path.name, options)
