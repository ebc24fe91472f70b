"""Which column of a table says what: found by itself where the file leaves no doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tagger.core.names import fold_name
from tagger.library.table_build import DEFAULT_GROUP, TableError, TableOptions
from tagger.library.table_text import PICTURE_NAME, Rows

_PHOTO_NAMES = frozenset(
    {"photo", "photos", "photoname", "photoid", "photopath", "picture", "pictureid", "pic"}
    | {"image", "images", "imagename", "imageid", "imagepath", "imagefile"}
    | {"img", "imgname", "imgid", "imgpath", "file", "files", "filename", "filepath", "path"}
)
_LIST_NAMES = frozenset(
    {"labels", "tags", "keywords", "genres", "categories", "classes"}
    | {"imagelabels", "labelnames", "imagetags"}
)
_MAYBE_LIST_NAMES = frozenset({"label", "tag", "keyword", "genre", "category", "class"})
_UNSURE_NAMES = frozenset({"maybe", "unsure"})
_SPLIT_NAMES = frozenset({"split", "subset", "partition"})
_PLAIN_LIST_NAMES = frozenset({"labels", "label", "maybe", "unsure"})
_FEW_VALUES = 20
_MANY_COLUMNS = 30
_MANY_DIFFERENT = 200


@dataclass
class Roles:
    """What each column is; numbers are places in the header.

    Attributes:
        photo: column of the photo's name.
        lists: column → multi group whose labels it lists.
        singles: column → single group whose label it holds.
        unsure: column of labels that were not answerable, or None.
        split: column of the part a photo belongs to, or None.
        own_form: the table has the form this program exports, where an empty cell says nothing.
        ignored: names of the columns that are not read.
    """

    photo: int
    lists: dict[int, str] = field(default_factory=dict)
    singles: dict[int, str] = field(default_factory=dict)
    unsure: int | None = None
    split: int | None = None
    own_form: bool = False
    ignored: list[str] = field(default_factory=list)


class Columns:
    """The columns of a table, looked at as a whole."""

    def __init__(self, rows: Rows, name: str) -> None:
        self.rows = rows
        self.name = name
        self.header = rows.header
        self.folded = [fold_name(title) for title in rows.header]
        self._values: dict[int, list[str]] = {}

    def values(self, column: int) -> list[str]:
        """Return the cells of a column that are not empty, in the order of the rows."""
        if column not in self._values:
            cells = (row[column].strip() for row in self.rows.cells if len(row) > column)
            self._values[column] = [cell for cell in cells if cell]
        return self._values[column]

    def distinct(self, column: int) -> set[str]:
        """Return the different values of a column, without the empty one."""
        return set(self.values(column))

    def told(self, title: str, option: str) -> int:
        """Return the column an option names.

        Raises:
            TableError: there is none; says which there are.
        """
        if title in self.header:
            return self.header.index(title)
        if fold_name(title) in self.folded:
            return self.folded.index(fold_name(title))
        raise TableError(f"{self.name} has no column {title} ({option}); it has {self.listing()}.")

    def listing(self) -> str:
        """Return the names of the columns for a sentence; not all where they are many."""
        more = "" if len(self.header) <= _MANY_COLUMNS else " …"
        return ", ".join(title[:40] for title in self.header[:_MANY_COLUMNS]) + more

    def share(self, column: int, test: Callable[[str], object]) -> float:
        """Return the share of the different values for which a test is true; 0 where none are."""
        values = self.distinct(column)
        return sum(bool(test(value)) for value in values) / max(len(values), 1)

    def is_prose(self, column: int) -> bool:
        """Say whether a column holds sentences, addresses or further file names, not labels."""
        values = self.distinct(column)
        words = sum(len(value.split()) for value in values)
        letters = sum(len(value) for value in values)
        if words > 4 * len(values) or letters > 40 * len(values):
            return True
        return self.share(column, _is_address_or_file) > 0.5

    def is_numbers(self, column: int) -> bool:
        """Say whether every value of a column is a number."""
        return bool(self.values(column)) and self.share(column, _is_number) == 1

    def has_separators(self, column: int) -> bool:
        """Say whether the cells of a column list several things with `;` or `|` between."""
        return not self.is_prose(column) and self.share(column, _is_listing) > 0


def find_roles(rows: Rows, name: str, options: TableOptions) -> Roles:
    """Find what each column of a table is.

    Raises:
        TableError: an option names a column that is not there, or the file leaves a doubt.
    """
    columns = Columns(rows, name)
    roles = Roles(photo=_photo_column(columns, options.photo))
    roles.split = _named(columns, options.split, "--split", _SPLIT_NAMES, roles.photo)
    roles.unsure = _named(columns, options.unsure, "--unsure", _UNSURE_NAMES, roles.photo)
    taken = {roles.photo, roles.split, roles.unsure}
    free = [n for n, title in enumerate(columns.header) if n not in taken and title]
    for title in options.single:
        roles.singles[columns.told(title, "--single")] = title
    free = [column for column in free if column not in roles.singles]
    if options.labels is not None:
        group = options.group or DEFAULT_GROUP
        roles.lists[columns.told(options.labels, "--labels")] = group
    elif not options.single and not options.group and _has_own_form(columns, roles, free):
        _take_own_form(columns, free, roles, options)
    else:
        _find_labels(columns, free, roles, options)
    used = taken | set(roles.lists) | set(roles.singles)
    roles.ignored = [title for n, title in enumerate(columns.header) if n not in used]
    if not (roles.lists or roles.singles or roles.split is not None):
        raise _no_labels(columns)
    return roles


def _photo_column(columns: Columns, told: str | None) -> int:
    if told is not None:
        return columns.told(told, "--photo")
    named = [n for n, folded in enumerate(columns.folded) if folded in _PHOTO_NAMES]
    pictures = [
        n for n in range(len(columns.header)) if columns.share(n, PICTURE_NAME.fullmatch) > 0.8
    ]
    for found in ([n for n in named if n in pictures], named, pictures):
        if len(found) == 1:
            return found[0]
    if "photo" in columns.folded:
        return columns.folded.index("photo")
    values = columns.values(0)
    is_key = values and len(set(values)) == len(columns.rows.cells)
    if not named and not pictures and is_key and columns.folded[0].endswith(("id", "name")):
        return 0
    raise TableError(
        f"{columns.name}: which column names the photos is not clear; "
        f"give --photo and one of {columns.listing()}."
    )


def _named(
    columns: Columns, told: str | None, option: str, names: frozenset[str], photo: int
) -> int | None:
    if told is not None:
        return columns.told(told, option)
    found = [n for n, folded in enumerate(columns.folded) if folded in names and n != photo]
    if len(found) > 1:
        titles = ", ".join(columns.header[n] for n in found)
        raise TableError(f"{columns.name}: give {option} and one of {titles}.")
    return found[0] if found else None


def _has_own_form(columns: Columns, roles: Roles, free: list[int]) -> bool:
    """Say whether the header is that of an export: photo, one column per group, split."""
    last = len(columns.header) - 1
    named = columns.folded[0] == "photo" and columns.folded[last] == "split"
    placed = (roles.photo, roles.split, len(free)) == (0, last, last - 1)
    return named and placed and bool(free) and not _PLAIN_LIST_NAMES & set(columns.folded)


def _take_own_form(columns: Columns, free: list[int], roles: Roles, options: TableOptions) -> None:
    roles.own_form = True
    for column in free:
        title = columns.header[column]
        kind = options.known_kind(title)
        if kind is None and (columns.is_prose(column) or columns.is_numbers(column)):
            continue
        listing = columns.folded[column] in _LIST_NAMES or columns.has_separators(column)
        is_list = kind == "multi" or (kind is None and listing)
        (roles.lists if is_list else roles.singles)[column] = title


def _find_labels(columns: Columns, free: list[int], roles: Roles, options: TableOptions) -> None:
    """Find the column that lists labels, columns called like a known group, or single groups."""
    found = [n for n in free if columns.folded[n] in _LIST_NAMES]
    if not found and not options.single:
        maybe = [n for n in free if columns.folded[n] in _MAYBE_LIST_NAMES]
        found = [n for n in maybe if columns.has_separators(n)]
        found = found or [n for n in free if columns.has_separators(n)]
    if len(found) > 1:
        titles = ", ".join(columns.header[n] for n in found)
        raise TableError(
            f"{columns.name}: {titles} could each list labels; say which with --labels."
        )
    if found:
        title = columns.header[found[0]]
        own = title if options.known_kind(title) == "multi" else DEFAULT_GROUP
        roles.lists[found[0]] = options.group or own
    for column in free:
        kind = options.known_kind(columns.header[column])
        if kind is not None and column not in roles.lists:
            chosen = roles.lists if kind == "multi" else roles.singles
            chosen[column] = columns.header[column]
    if not roles.lists and not roles.singles:
        _find_singles(columns, free, roles, options)


def _find_singles(columns: Columns, free: list[int], roles: Roles, options: TableOptions) -> None:
    """Take the one column that is left, or all of them if each has few values."""
    filled = [n for n in free if columns.values(n) and not columns.is_prose(n)]
    usable = [n for n in filled if not columns.is_numbers(n)]
    few = [n for n in usable if len(columns.distinct(n)) <= _FEW_VALUES]
    if len(usable) == 1 and not columns.rows.has_header:
        roles.lists[usable[0]] = options.group or DEFAULT_GROUP
    elif len(usable) == 1 and not _is_key(columns, usable[0]):
        roles.singles[usable[0]] = options.group or columns.header[usable[0]]
    elif usable and few == usable:
        roles.singles.update({n: columns.header[n] for n in usable})
    elif usable or (filled and roles.split is None):
        titles = ", ".join(columns.header[n] for n in usable or filled)
        raise TableError(
            f"{columns.name}: whether {titles} holds labels is not clear; say it with "
            f"--labels COLUMN (several labels in a cell) or --single COLUMN (one)."
        )


def _is_key(columns: Columns, column: int) -> bool:
    values = columns.values(column)
    return len(values) > _MANY_DIFFERENT and len(set(values)) == len(values)


def _no_labels(columns: Columns) -> TableError:
    return TableError(
        f"{columns.name} has no column that clearly holds labels (it has {columns.listing()}); "
        f"say which with --labels or --single."
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_address_or_file(text: str) -> bool:
    return "://" in text or PICTURE_NAME.fullmatch(text) is not None


def _is_listing(text: str) -> bool:
    return ";" in text or "|" in text
