"""Tables with one row per photo: lists of labels, single values, splits."""

from __future__ import annotations

from collections.abc import Iterator

from tagger.core.decisions import Verdict
from tagger.library.table_build import ImportTable, TableBuilder, TableError, TableOptions
from tagger.library.table_cells import JOINER, restored, split_names
from tagger.library.table_columns import Columns, Roles, find_roles
from tagger.library.table_names import read_label_names
from tagger.library.table_separator import SeparatorDoubt, find_separator
from tagger.library.table_text import Rows, fits_western


def read_wide(rows: Rows, name: str, options: TableOptions) -> ImportTable:
    """Read a table with one row per photo; rows that repeat a photo are merged.

    Raises:
        TableError: the file leaves a doubt that an option must settle.
    """
    roles = find_roles(rows, name, options)
    columns = Columns(rows, name)
    _check_letters(columns, roles)
    reader = _WideReader(columns, roles, options)
    for line, photo, cells in _whole_rows(rows, roles, reader.builder):
        reader.take(line, photo, cells)
    if "held-out" in reader.split_values:
        reader.builder.forget_drawn_parts()
    return reader.builder.finish(roles.ignored)


class _WideReader:
    """Turns rows into decisions, by the roles of the columns."""

    def __init__(self, columns: Columns, roles: Roles, options: TableOptions) -> None:
        self.columns = columns
        self.roles = roles
        self.options = options
        self.builder = TableBuilder(columns.name, options.partial)
        self.names = read_label_names(options.names) if options.names else {}
        vocabulary = tuple(self.names.values()) if len(roles.lists) == 1 else ()
        self.lists = {
            column: (self.builder.group(group, "multi", vocabulary), self._separator(column))
            for column, group in roles.lists.items()
        }
        self.singles = {
            column: self.builder.group(group, "single") for column, group in roles.singles.items()
        }
        self.unsure = self._unsure()
        self.split_values = set() if roles.split is None else columns.distinct(roles.split)

    def take(self, line: int, photo: str, cells: list[str]) -> None:
        """Take in one row; its cells are as many as the header's."""
        row = self.builder.photo(photo)
        for column, (group, separator) in self.lists.items():
            names = split_names(cells[column], separator)
            self._decide(row, group, names, Verdict.CONFIRMED, line)
            if names or not self.roles.own_form:
                self.builder.cover(row, group)
        for column, group in self.singles.items():
            names = split_names(cells[column], "")
            self._decide(row, group, names, Verdict.CONFIRMED, line)
            if names:
                self.builder.cover(row, group)
        if self.unsure is not None:
            column, group, separator = self.unsure
            names = split_names(cells[column], separator)
            self._decide(row, group, names, Verdict.UNSURE, line)
        if self.roles.split is not None:
            self.builder.split(row, restored(cells[self.roles.split].strip()), line)

    def _decide(self, row: int, group: int, names: list[str], verdict: Verdict, line: int) -> None:
        for name in names:
            if self.names and name not in self.names:
                known = self.options.names.name if self.options.names else ""
                self.builder.problems.append((line, f"{name} has no name in {known}"))
            else:
                self.builder.decide(row, group, self.names.get(name, name), verdict, line)

    def _separator(self, column: int) -> str:
        if self.options.separator is not None:
            return _spelled_out(self.options.separator)
        if self.roles.own_form:
            return JOINER
        title = self.columns.header[column]
        try:
            separator = find_separator(self.columns.distinct(column))
        except SeparatorDoubt as doubt:
            raise TableError(
                f"{self.columns.name}: how the labels in {title} are separated is not clear "
                f"({doubt}); give --separator."
            ) from doubt
        if self.options.labels is None and not self.names:
            self._refuse_numbers(column, separator)
        return separator

    def _refuse_numbers(self, column: int, separator: str) -> None:
        cells = self.columns.distinct(column)
        words = [word for cell in cells for word in split_names(cell, separator)]
        if words and all(word.isdecimal() for word in words):
            title = self.columns.header[column]
            raise TableError(
                f"{self.columns.name}: the labels in {title} are numbers; give --names with a "
                f"JSON file that names them (or --labels {title} to take them as they are)."
            )

    def _unsure(self) -> tuple[int, int, str] | None:
        """Return column, group and separator of the labels that were not answerable."""
        column = self.roles.unsure
        if column is None:
            return None
        if len(self.lists) == 1:
            ((group, separator),) = self.lists.values()
            return column, group, separator or self._separator(column)
        if not self.lists and len(self.singles) == 1:
            return column, next(iter(self.singles.values())), ""
        self.roles.ignored.append(self.columns.header[column])
        return None


def _whole_rows(
    rows: Rows, roles: Roles, builder: TableBuilder
) -> Iterator[tuple[int, str, list[str]]]:
    """Yield line, photo and cells of the rows that fit the header; report the others."""
    width = len(rows.header)
    needed = max([roles.photo, *roles.lists, *roles.singles]) + 1
    for line, cells in zip(rows.lines, rows.cells, strict=True):
        if len(cells) < needed or any(cell.strip() for cell in cells[width:]):
            reason = f"has {len(cells)} cells where the first line has {width}"
            builder.problems.append((line, reason))
            continue
        photo = restored(cells[roles.photo])
        if not photo.strip():
            builder.problems.append((line, "names no photo"))
            continue
        yield line, photo, cells + [""] * (width - len(cells))


def _check_letters(columns: Columns, roles: Roles) -> None:
    """Refuse a guessed encoding whose letters look wrong in the cells that count."""
    if not columns.rows.guessed:
        return
    for column in (roles.photo, *roles.lists, *roles.singles):
        odd = [value for value in columns.distinct(column) if not value.isascii()]
        if any(not fits_western(value) for value in odd):
            raise TableError(
                f"{columns.name} is not UTF-8, and in which encoding it is cannot be told; "
                f"give --encoding (such as cp1251, shift_jis or gb18030)."
            )


def _spelled_out(separator: str) -> str:
    """Return a separator as typed on a command line, where `tab` and `space` have meanings."""
    return {"\\t": "\t", "tab": "\t", "space": " "}.get(separator, separator)
