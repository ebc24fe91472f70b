"""Label lists of foreign models: CSV, TXT and JSON, in the order of the model's outputs."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagger.bundle.errors import BundleError
from tagger.bundle.fields import as_number
from tagger.core.names import clean_name

MAX_BYTES = 64 << 20

_NAME_COLUMNS = ("name", "label", "tag", "class", "class_name", "label_name", "tag_name", "labels")
_INDEX_COLUMNS = ("index", "idx", "id", "class_id", "class_index", "label_id", "output")
_THRESHOLD_COLUMNS = ("threshold", "best_threshold", "thresholds")
_CATEGORY_COLUMNS = ("category", "group", "category_name")
_SYNONYM_COLUMNS = ("synonyms", "aliases", "alias")
_SYNSET = re.compile(r"n\d{8}\s+(\S.*)")


@dataclass(frozen=True)
class ForeignLabel:
    """One output of a foreign model.

    Attributes:
        name: as the list says it, cleaned of stray spaces.
        category: what the list says of its group; None where it says nothing.
        threshold: the list's own threshold, 0 to 1; None where it has none.
        synonyms: other names the list gives.
    """

    name: str
    category: str | None = None
    threshold: float | None = None
    synonyms: tuple[str, ...] = ()


def read_labels(path: Path) -> list[ForeignLabel]:
    """Read a label list; what it is follows from its suffix and content.

    - TXT: a name per line; `n01440764 tench, Tinca tinca` and numbered lines are understood.
    - CSV: with a header, columns `name` (or `label`, `tag`, ...), and if there `category`,
      `threshold`, `synonyms`; rows are in output order, unless a column such as `index` counts
      all outputs. Without a header: names, or numbers and names.
    - JSON: a list of names or objects, `{"0": "cat"}`, `{"cat": 0}`, or such a thing under
      `id2label`, `labels`, `classes`, `names`, `tags`, `label_names`.

    Raises:
        BundleError: unreadable or empty, or an index is missing; names the file and the place.
    """
    text = _text(path)
    if path.suffix.lower() == ".json":
        labels = _from_json(text, path.name)
    elif path.suffix.lower() in (".csv", ".tsv"):
        labels = _from_csv(text, path)
    else:
        labels = _from_lines(text)
    if not labels:
        raise BundleError(f"{path.name} lists no labels")
    for at, label in enumerate(labels):
        if not label.name:
            raise BundleError(f"{path.name}: label {at} (counted from 0) has no name")
    return labels


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BundleError(f"{path.name} is too large for a label list")
        content = path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror or error}") from error
    for encoding in ("utf-8-sig", "cp1252", "latin-1"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 decodes everything")


def _label(name: Any, where: str = "", **more: Any) -> ForeignLabel:
    if not isinstance(name, str):
        raise BundleError(f"{where} is not a name")
    return ForeignLabel(clean_name(name), **more)


def _from_lines(text: str) -> list[ForeignLabel]:
    lines = [line.strip() for line in text.rstrip().splitlines()]
    synsets = [_SYNSET.fullmatch(line) for line in lines]
    if all(synsets):
        return [_with_synonyms(match.group(1)) for match in synsets if match]
    numbered = [re.fullmatch(r"(\d+)\s*[:,;\t ]\s*(\S.*)", line) for line in lines]
    numbers = [int(match.group(1)) for match in numbered if match]
    if len(lines) > 1 and len(numbers) == len(lines) and _counts_all(numbers):
        by_number = {int(match.group(1)): match.group(2) for match in numbered if match}
        return [_label(by_number[number].strip("\"'")) for number in sorted(by_number)]
    return [_label(line) for line in lines]


def _with_synonyms(text: str) -> ForeignLabel:
    name, *synonyms = (clean_name(part) for part in text.split(","))
    return ForeignLabel(name, synonyms=tuple(part for part in synonyms if part))


def _counts_all(numbers: Sequence[int]) -> bool:
    """Tell whether the numbers are 0, 1, 2, ... or 1, 2, 3, ... in any order."""
    return sorted(numbers) in (
        list(range(len(numbers))),
        list(range(1, len(numbers) + 1)),
    )


def _from_csv(text: str, path: Path) -> list[ForeignLabel]:
    rows = [row for row in _csv_rows(text, path) if any(cell.strip() for cell in row)]
    if not rows:
        return []
    header = [cell.strip().lower() for cell in rows[0]]
    column = _find(header, _NAME_COLUMNS)
    if column is None:
        return _from_bare_rows(rows, path)
    places = {
        "category": _find(header, _CATEGORY_COLUMNS),
        "threshold": _find(header, _THRESHOLD_COLUMNS),
        "synonyms": _find(header, _SYNONYM_COLUMNS),
    }
    labels = [
        _from_row(row, column, places, f"{path.name}: row {at}")
        for at, row in enumerate(rows[1:], 2)
    ]
    index = _find(header, _INDEX_COLUMNS)
    return labels if index is None else _in_order(labels, [_cell(row, index) for row in rows[1:]])


def _csv_rows(text: str, path: Path) -> list[list[str]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count) if path.suffix.lower() == ".csv" else "\t"
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise BundleError(f"{path.name} is not valid CSV: {error}") from error


def _find(header: Sequence[str], names: Sequence[str]) -> int | None:
    for name in names:
        if name in header:
            return header.index(name)
    return None


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""


def _from_row(
    row: Sequence[str], column: int, places: dict[str, int | None], where: str
) -> ForeignLabel:
    threshold = _cell(row, places["threshold"])
    synonyms = re.split(r"[;|]", _cell(row, places["synonyms"]))
    return _label(
        _cell(row, column),
        where,
        category=_cell(row, places["category"]) or None,
        threshold=_threshold(threshold, f"{where}: threshold") if threshold else None,
        synonyms=tuple(name for name in map(clean_name, synonyms) if name),
    )


def _threshold(value: Any, where: str) -> float:
    try:
        return as_number(float(value), where, 0.0, 1.0)
    except (TypeError, ValueError):
        raise BundleError(f"{where} {value!r} is not a number") from None


def _from_bare_rows(rows: list[list[str]], path: Path) -> list[ForeignLabel]:
    if all(len(row) == 1 for row in rows):
        return [_label(row[0]) for row in rows]
    numbers = [row[0].strip() for row in rows]
    if all(len(row) >= 2 for row in rows) and all(number.isdigit() for number in numbers):
        return _in_order([_label(row[1]) for row in rows], numbers)
    raise BundleError(
        f"{path.name}: no column is called 'name' (or label, tag, class), so it does not say "
        "which column has the labels"
    )


def _in_order(labels: list[ForeignLabel], numbers: Sequence[str]) -> list[ForeignLabel]:
    """Sort by the numbers if they count all outputs; other numbers are ids, and order stays."""
    if not all(number.isdigit() for number in numbers):
        return labels
    order = [int(number) for number in numbers]
    if not _counts_all(order):
        return labels
    return [label for _, label in sorted(zip(order, labels, strict=True), key=lambda pair: pair[0])]


def _from_json(text: str, where: str) -> list[ForeignLabel]:
    try:
        return _from_value(json.loads(text), where)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where} is not valid JSON: {error}") from None


def _from_value(value: Any, where: str) -> list[ForeignLabel]:
    if isinstance(value, list):
        return [_from_item(item, f"{where}: entry {at}") for at, item in enumerate(value)]
    if not isinstance(value, dict):
        raise BundleError(f"{where} holds neither a list of labels nor an object")
    for key in ("id2label", "label_names", "labels", "classes", "class_names", "names", "tags"):
        if isinstance(value.get(key), (list, dict)):
            return _from_value(value[key], f"{where}: {key}")
    if value and all(str(key).isdigit() for key in value):
        return _numbered({int(key): item for key, item in value.items()}, where)
    if value and all(isinstance(item, int) for item in value.values()):
        return _numbered({item: key for key, item in value.items()}, where)
    raise BundleError(f"{where} holds no list of labels (a list, id2label, labels or classes)")


def _numbered(items: dict[int, Any], where: str) -> list[ForeignLabel]:
    first = min(items)
    missing = [number for number in range(first, first + len(items)) if number not in items]
    if missing or first not in (0, 1):
        raise BundleError(f"{where}: no label has the number {missing[0] if missing else 0}")
    return [_from_item(items[number], f"{where}: label {number}") for number in sorted(items)]


def _from_item(item: Any, where: str) -> ForeignLabel:
    if isinstance(item, list) and len(item) == 2:  # ["n01440764", "tench"]
        return _label(item[1], where)
    if not isinstance(item, dict):
        return _label(item, where)
    name = next((item[key] for key in _NAME_COLUMNS if key in item), None)
    category = next((item[key] for key in _CATEGORY_COLUMNS if key in item), None)
    threshold = next((item[key] for key in _THRESHOLD_COLUMNS if key in item), None)
    synonyms = item.get("synonyms", [])
    return _label(
        name,
        f"{where}: name",
        category=None if category is None else str(category),
        threshold=None if threshold is None else _threshold(threshold, f"{where}: threshold"),
        synonyms=tuple(str(name) for name in synonyms) if isinstance(synonyms, list) else (),
    )
