"""Text files of unknown encoding and delimiter, read as rows of cells."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from tagger.library.table_build import TableError
from tagger.library.table_cells import restored

MAX_BYTES = 1 << 30
_MAX_CELL = 1 << 26
_FIRST_LINE = 1 << 16
_DELIMITERS = (",", ";", "\t", "|")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WESTERN = re.compile(r"[\x00-\x7fÀ-ÖØ-öø-ÿŒœŠšŽžŸ‘’“”„‚–—…€°·´«»¡¿]*")

PICTURE_NAME = re.compile(
    r"[^:]*\.(jpe?g|jfif|png|webp|bmp|tiff?|gif|heic|heif|hif|avif|jp2|j2k|jpf|dng)\s*",
    re.IGNORECASE,
)
"""A cell that names a picture file (not an address on the web)."""


@dataclass
class Rows:
    """A table of text.

    Attributes:
        header: names of the columns; numbers from 1 where the file has no header.
        lines: line of the file each row begins in.
        cells: the rows, as long as they are in the file.
        has_header: False where the first line is a row already.
        guessed: whether the encoding was guessed, so that letters outside ASCII are in doubt.
    """

    header: list[str]
    lines: list[int] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    has_header: bool = True
    guessed: bool = False


def read_bytes(path: Path) -> bytes:
    """Return the content of a table file.

    Raises:
        TableError: it is not there, no file, cannot be opened, or is absurdly large.
    """
    try:
        if path.is_dir():
            raise TableError(f"{path} is a folder, not a table.")
        if path.exists() and not path.is_file():
            raise TableError(f"{path} is not a file.")
        if path.stat().st_size > MAX_BYTES:
            raise TableError(f"{path} is larger than 1 GB; is it a table of labels?")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise TableError(f"There is no file {path}.") from error
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}.") from error


def decode(data: bytes, name: str, encoding: str | None) -> tuple[str, bool]:
    """Return the text of a file, and whether its encoding was only guessed.

    Without a given encoding: what a byte order mark says, UTF-16 where every other byte is zero,
    UTF-8 if all of it is, else Windows-1252 or Latin-1, the usual ones of old Western tables.

    Raises:
        TableError: the given encoding is unknown or does not fit, or the file is no text.
    """
    if encoding is not None:
        return _decode_as_told(data, name, encoding), False
    for mark, marked in _BOMS:
        if data.startswith(mark):
            return _decode_as_told(data, name, marked), False
    if b"\0" in data:
        return _decode_as_told(data, name, _utf16_form(data, name)), False
    for guess in ("utf-8", "cp1252"):
        try:
            return data.decode(guess), guess != "utf-8"
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), True


def _utf16_form(data: bytes, name: str) -> str:
    """Return which UTF-16 this is, told by where the zero bytes of plain letters stand."""
    zeros = [data[start:2000:2].count(0) for start in (0, 1)]
    letters = len(data[:2000]) // 2
    if zeros[0] > 0.7 * letters and not zeros[1]:
        return "utf-16-be"
    if zeros[1] > 0.7 * letters and not zeros[0]:
        return "utf-16-le"
    raise TableError(f"{name} is not a text file, so it cannot be a table of labels.")


def _decode_as_told(data: bytes, name: str, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except LookupError as error:
        raise TableError(
            f"{encoding} is not an encoding; give --encoding utf-8, utf-16, cp1252 or the like."
        ) from error
    except UnicodeError as error:
        raise TableError(
            f"{name} cannot be read as {encoding}; give another --encoding."
        ) from error
    return text.removeprefix("\ufeff")


def fits_western(text: str) -> bool:
    """Say whether letters of a guessed encoding look right: single accented ones among plain."""
    accented = sum(letter > "\x7f" for letter in text)
    plain = sum(letter.isascii() and letter.isalpha() for letter in text)
    return accented <= plain and _WESTERN.fullmatch(text) is not None


def read_rows(text: str, name: str, guessed: bool) -> Rows:
    """Read CSV text; the delimiter is the one that makes the most of the first line.

    Raises:
        TableError: the file is empty, or a quoted cell never ends.
    """
    start = 0
    delimiter = None
    if text[:4].lower() == "sep=" and text[4:5] in _DELIMITERS:
        delimiter = text[4]
        start = text.find("\n") + 1
    body = text[start:]
    delimiter = delimiter or _delimiter(body)
    try:
        records = _records(body, delimiter, strict=True)
    except csv.Error as error:
        if "unexpected end" in str(error):
            line = _last_record_line(body, delimiter, name)
            raise TableError(
                f"{name} opens a quotation mark in line {line} that is never closed."
            ) from error
        records = _forgiving_records(body, delimiter, name)
    if not records:
        raise TableError(f"{name} is empty.")
    return _rows(records, 1 if start else 0, guessed)


def _delimiter(text: str) -> str:
    def cells(sign: str) -> int:
        reader = csv.reader(io.StringIO(text[:_FIRST_LINE], newline=""), delimiter=sign)
        try:
            return max(len(row) for row, _ in zip(reader, range(1), strict=False))
        except (csv.Error, ValueError):
            return 0

    return max(_DELIMITERS, key=cells)


def _forgiving_records(text: str, delimiter: str, name: str) -> list[tuple[int, list[str]]]:
    try:
        return _records(text, delimiter, strict=False)
    except csv.Error as error:
        raise TableError(f"{name} cannot be read as a table ({error}).") from error


def _records(text: str, delimiter: str, strict: bool) -> list[tuple[int, list[str]]]:
    """Return (line, cells) of every line that is not blank."""
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    records = []
    line = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            records.append((line, cells))
        line = reader.line_num + 1
    return records


def _last_record_line(text: str, delimiter: str, name: str) -> int:
    records = _forgiving_records(text, delimiter, name)
    return records[-1][0] if records else 1


def _rows(records: list[tuple[int, list[str]]], skipped: int, guessed: bool) -> Rows:
    first = records[0][1]
    has_header = not any(PICTURE_NAME.fullmatch(cell) for cell in first)
    if has_header:
        header = [restored(cell.strip()) for cell in first]
        records = records[1:]
    else:
        header = [str(number + 1) for number in range(len(first))]
    return Rows(
        header=header,
        lines=[line + skipped for line, _ in records],
        cells=[cells for _, cells in records],
        has_header=has_header,
        guessed=guessed,
    )
