"""What the five forms share: photos of a folder, tables with line numbers, parts, remarks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from tagger.core.errors import TaggerError
from tagger.imaging.decode import Source
from tagger.library.table_text import Rows, decode, read_bytes, read_rows
from trainer.examples import Examples, GroupExamples

TRAIN, CHOICE, JUDGED = "train", "choice", "judged"
"""Parts: what is fitted, what only chooses (a part of training, where the source gives one), and
what judges, once."""

NAMED = 3
"""Photos named in one remark; of more the number is said."""


class FormError(TaggerError):
    """A folder is not in the form that a recipe reads; the message says what to do."""


@dataclass(frozen=True)
class RecipeData:
    """A folder of labelled photos as a recipe takes it.

    Attributes:
        folder: where it was read.
        names: of the photos, as the tables of scores name them (paths below the folder).
        examples: photos, targets and parts (`TRAIN`, `CHOICE`, `JUDGED`).
        split: where the parts come from, in words.
        remarks: sentences on what was left out.
        facts: what else the recipe's report says, as plain JSON values.
        maybe: bool [photos, labels] by group, where a label may be right beside the one that is.
    """

    folder: Path
    names: tuple[str, ...]
    examples: Examples
    split: str
    remarks: tuple[str, ...] = ()
    facts: dict[str, object] = field(default_factory=dict)
    maybe: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    def only(self, rows: NDArray[np.int64]) -> RecipeData:
        """Return the chosen photos, in the order given."""
        names = tuple(self.names[row] for row in rows.tolist())
        maybe = {name: mask[rows] for name, mask in self.maybe.items()}
        return replace(self, names=names, examples=self.examples.only(rows), maybe=maybe)

    def without(self, rows: Iterable[int], why: str) -> RecipeData:
        """Return the data without some photos, with a remark that names the first of them."""
        gone = sorted(set(rows))
        if not gone:
            return self
        kept = np.setdiff1d(np.arange(len(self)), gone)
        remark = left_out(why, [self.names[row] for row in gone])
        return replace(self.only(kept), remarks=(*self.remarks, remark))


def left_out(why: str, names: Sequence[str]) -> str:
    """Return the remark on photos that were left out: `why` reads after "N photos"."""
    named = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    photos = "photo" if len(names) == 1 else "photos"
    return f"{len(names)} {photos} {why} and left out: {named}."


def checked_folder(folder: Path, form: str) -> Path:
    """Return the folder if there is one.

    Raises:
        FormError: there is none; `form` says what it should hold.
    """
    if folder.is_dir():
        return folder
    what = "is a file, not a folder" if folder.exists() else "does not exist"
    raise FormError(f"{folder} {what}. Give a folder with {form}.")


class PhotoFolder:
    """The photos below one folder, found by name, whatever the case and form of their ending.

    A table may say `0001.jpg` where the folder holds `0001.JPG` or `0001.jpeg`. The very name goes
    first, then the same letters in another case, then another ending of a picture.
    """

    EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._listed: dict[PurePosixPath, dict[str, str]] = {}

    def find(self, name: str) -> Path | None:
        """Return the file of a photo, None where there is none.

        Args:
            name: file name with or without its ending, or a path below the folder.
        """
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.name:
            return None
        names = self._names(path.parent)
        stem = path.stem if path.suffix.casefold() in self.EXTENSIONS else path.name
        others = (stem.casefold() + extension for extension in self.EXTENSIONS)
        tried = (path.name, path.name.casefold(), *others)
        real = next((names[one] for one in tried if one in names), None)
        return None if real is None else self.folder / path.parent / real

    def _names(self, inside: PurePosixPath) -> dict[str, str]:
        """Return the names of a folder's files, by themselves and by what they fold to."""
        if inside not in self._listed:
            try:
                with os.scandir(self.folder / inside) as entries:
                    names = sorted(entry.name for entry in entries if entry.is_file())
            except OSError:
                names = []
            self._listed[inside] = {name.casefold(): name for name in names} | {
                name: name for name in names
            }
        return self._listed[inside]


@dataclass(frozen=True)
class Table:
    """A CSV file with the lines its rows begin in.

    Attributes:
        path: the file.
        header: names of the columns (numbers where the file has no header).
        rows: line and cells of each row.
    """

    path: Path
    header: tuple[str, ...]
    has_header: bool
    rows: tuple[tuple[int, list[str]], ...]

    def column(self, name: str) -> int:
        """Return the place of a column.

        Raises:
            FormError: the table has no such column.
        """
        folded = [column.strip().casefold() for column in self.header]
        if self.has_header and name.casefold() in folded:
            return folded.index(name.casefold())
        seen = ", ".join(self.header) if self.has_header else "no header"
        raise FormError(f"{self.path} has no column “{name}” (found: {seen}).")

    def where(self, line: int) -> str:
        """Return how a message names a line."""
        return f"{self.path}, line {line}"


def read_table(path: Path) -> Table:
    """Read a CSV file of any common encoding and delimiter.

    Raises:
        TableError: it cannot be read as a table.
    """
    text, guessed = decode(read_bytes(path), str(path), None)
    rows: Rows = read_rows(text, str(path), guessed)
    numbered = tuple(zip(rows.lines, rows.cells, strict=True))
    return Table(path, tuple(rows.header), rows.has_header, numbered)


def cell(row: Sequence[str], at: int) -> str:
    """Return a cell without spaces around it; "" where the row is too short."""
    return row[at].strip() if at < len(row) else ""


def parts_from_table(path: Path, key: str, fold: Callable[[str], str] = str) -> dict[str, str]:
    """Read `split.csv`: what it calls a photo → its part, in the file's own words.

    Raises:
        TableError, FormError: it cannot be read, or lacks a column.
    """
    table = read_table(path)
    name_at, part_at = table.column(key), table.column("split")
    return {fold(cell(row, name_at)): cell(row, part_at).casefold() for _, row in table.rows}


def named_parts(given: Sequence[str], where: Path) -> NDArray[np.str_]:
    """Turn a file's own parts into ours: `train` trains, and every other one judges.

    Where there is a part named test beside a validation part, test judges and the other chooses.
    A photo without a part takes part in nothing.

    Raises:
        FormError: nothing trains, or nothing judges.
    """
    others = {part for part in given if part not in ("", "train", "training")}
    judges = "test" if "test" in others else None
    made = []
    for part in given:
        if part in ("train", "training"):
            made.append(TRAIN)
        elif part and (judges is None or part == judges):
            made.append(JUDGED)
        else:
            made.append(CHOICE if part else "")
    if TRAIN not in made or JUDGED not in made:
        lacking = "train" if TRAIN not in made else "val or test"
        raise FormError(f"{where} puts none of the photos that are there into {lacking}.")
    return np.array(made)


def drawn_parts(photos: int, judged: float, seed: int) -> NDArray[np.str_]:
    """Draw parts at random as scikit-learn's `train_test_split` does, with its random state.

    Args:
        photos: how many.
        judged: share that judges.
        seed: the random state.

    Raises:
        FormError: fewer than two photos.
    """
    if photos < 2:
        raise FormError(f"{photos} photos are too few to train on some and judge by others.")
    order = np.random.RandomState(seed).permutation(photos)
    parts = np.full(photos, TRAIN, dtype="<U8")
    parts[order[: int(np.ceil(photos * judged))]] = JUDGED
    return parts


def make_examples(
    photos: Sequence[Path], groups: Sequence[GroupExamples], parts: NDArray[np.str_]
) -> Examples:
    """Return examples of photos on disk."""
    sources: tuple[Source, ...] = tuple(photos)
    return Examples(sources, tuple(groups), parts)


def multi_targets(labels: Sequence[str], own: Sequence[Iterable[str]]) -> NDArray[np.float32]:
    """Return 1 where a photo has a label: float32 [photos, labels]; unknown names are passed over.

    Args:
        labels: in the order of the columns.
        own: names each photo has.
    """
    place = {label: at for at, label in enumerate(labels)}
    targets = np.zeros((len(own), len(labels)), np.float32)
    for row, names in enumerate(own):
        targets[row, [place[name] for name in names if name in place]] = 1
    return targets


def nothing_found(folder: Path, expected: str) -> FormError:
    """Return the error for a folder none of whose photos is there."""
    return FormError(f"None of the photos named in {folder} is there; expected {expected}.")
