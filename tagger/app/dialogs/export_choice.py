"""What an export is to write, what that is in words, and writing it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from tagger.core.errors import TaggerError
from tagger.imaging.formats import EXTENSIONS
from tagger.library.annotation_read import is_ours
from tagger.library.exporting import ExportError, export_json, export_long, export_wide
from tagger.library.library import Library
from tagger.library.places import LibraryPlaces
from tagger.library.score_table import ScoreTable

Form = Literal["json", "wide", "long"]

FORM_TITLES: dict[Form, str] = {
    "wide": "CSV, one row per photo",
    "long": "CSV, one row per photo and label",
    "json": "JSON, everything",
}
FORM_WORDS: dict[Form, str] = {
    "wide": "For spreadsheets: a column per group with the confirmed labels, and the split.",
    "long": "For scripts: photo, group, label, verdict and score; also what was rejected.",
    "json": "For programs and for keeping: schema, decisions, reviews and splits of every photo.",
}


@dataclass(frozen=True)
class ExportChoice:
    """What the user wants written.

    Attributes:
        scores: add the model's scores; a table with one row per photo has none.
        min_score: scores below are left out.
        top: only so many best labels of each group; 0 = all.
        folder: where the last export went.
    """

    form: Form = "wide"
    scores: bool = False
    min_score: float = 0.0
    top: int = 0
    folder: str = ""

    @classmethod
    def recall(cls, memory: dict[str, Any]) -> ExportChoice:
        """Return a remembered choice; what makes no sense is left at its default."""
        kinds = {item.name: type(item.default) for item in fields(cls)}
        kept: dict[str, Any] = {
            name: value for name, value in memory.items() if type(value) is kinds.get(name)
        }
        choice = cls(**kept)
        return choice if choice.form in FORM_TITLES else cls()

    def memory(self) -> dict[str, Any]:
        """Return the choice as plain JSON values."""
        return asdict(self)

    @property
    def suffix(self) -> str:
        """The ending of the file's name."""
        return ".json" if self.form == "json" else ".csv"

    @property
    def takes_scores(self) -> bool:
        """Whether scores can be written in this form."""
        return self.form != "wide"


def proposed_target(choice: ExportChoice, places: LibraryPlaces) -> Path:
    """Return where to write: the folder of the last export, else the user's own."""
    folder = Path(choice.folder) if choice.folder and Path(choice.folder).is_dir() else Path.home()
    return folder / f"{places.home.name or 'photos'}-labels{choice.suffix}"


def check_target(target: Path, places: LibraryPlaces) -> None:
    """Make sure that an export may be written there.

    Raises:
        ExportError: a photo, the file the program keeps the user's work in, or no folder.
    """
    if not target.name:
        raise ExportError("Give the export a file name.")
    if target.suffix.lower() in EXTENSIONS:
        raise ExportError(f"{target.name} is the name of a photo. Choose another name.")
    if places.data in target.absolute().parents:
        raise ExportError(f"{places.data} is the program's own folder. Choose another one.")
    own = target.absolute() == places.annotations.absolute()
    if own and (not target.exists() or is_ours(target)):
        raise ExportError(
            f"{target.name} is where the program keeps your work by itself. Choose another name."
        )
    if not target.absolute().parent.is_dir():
        raise ExportError(f"The folder {target.parent} does not exist. Choose another one.")


def write_export(library: Library, choice: ExportChoice, target: Path) -> int:
    """Write an export; returns the number of photos.

    Raises:
        TaggerError: it cannot be written.
    """
    if choice.form == "wide":
        return export_wide(library, target)
    scores = ScoreTable(library.facts, choice.min_score, choice.top or None)
    write = export_json if choice.form == "json" else export_long
    return write(library, target, scores if choice.scores else None)


def target_problem(target: Path, places: LibraryPlaces) -> str:
    """Return what is wrong with a target, or that a file is replaced; empty if nothing is."""
    try:
        check_target(target, places)
    except TaggerError as error:
        return str(error)
    return f"{target.name} exists and is replaced." if target.exists() else ""
