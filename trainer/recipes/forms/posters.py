"""Film posters: Kaggle's `MovieGenre.csv`, `posters/IMDBID.jpg`, perhaps `split.csv`."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.examples import multi_group
from trainer.recipes.forms.common import (
    FormError,
    PhotoFolder,
    RecipeData,
    cell,
    checked_folder,
    drawn_parts,
    left_out,
    make_examples,
    multi_targets,
    named_parts,
    nothing_found,
    parts_from_table,
    read_table,
)

TABLE, PHOTOS, SPLIT = "MovieGenre.csv", "posters", "split.csv"
FORM = f"{TABLE} and {PHOTOS}/IMDBID.jpg"
GROUP = "genre"
FEWEST_SHARE = 1000 / 40_000
"""The source drops genres with fewer than 1,000 of about 40,000 films: the same share here."""

JUDGED_SHARE, SEED = 0.2, 1


@dataclass(frozen=True)
class Film:
    """A row of the table."""

    number: str
    title: str
    genres: tuple[str, ...]


def film_number(text: str) -> str:
    """Return an IMDB number as it names a poster: without `tt`, leading zeros or `.0`."""
    plain = text.strip().casefold().removeprefix("tt").removesuffix(".0").lstrip("0")
    return plain or "0"


def read_films(path: Path) -> tuple[list[Film], list[str]]:
    """Read the table of films.

    Returns:
        films in the table's order, those that stand in several rows with all their genres; and
        the numbers of films without a genre.

    Raises:
        TableError, FormError: it is no such table.
    """
    table = read_table(path)
    number_at, title_at, genre_at = (table.column(c) for c in ("imdbId", "Title", "Genre"))
    films: dict[str, Film] = {}
    for line, row in table.rows:
        number = film_number(cell(row, number_at))
        if not number.isdigit() or number == "0":
            raise FormError(f"{table.where(line)}: “{cell(row, number_at)}” is no IMDB number.")
        genres = [genre.strip() for genre in cell(row, genre_at).split("|") if genre.strip()]
        known = films.get(number)
        title = cell(row, title_at) or (known.title if known else "")
        merged = dict.fromkeys([*(known.genres if known else ()), *genres])
        films[number] = Film(number, title, tuple(merged))
    silent = [film.number for film in films.values() if not film.genres]
    return [film for film in films.values() if film.genres], silent


def kept_genres(films: list[Film], fewest: int) -> tuple[list[str], dict[str, int]]:
    """Return genres with at least so many films, most frequent first, and those dropped."""
    counts = Counter(genre for film in films for genre in film.genres)
    ordered = sorted(counts, key=lambda genre: (-counts[genre], genre))
    kept = [genre for genre in ordered if counts[genre] >= fewest]
    return kept, {genre: counts[genre] for genre in ordered if counts[genre] < fewest}


def read_posters(folder: Path) -> RecipeData:
    """Read a folder of posters; `split.csv` decides, else 80/20 is drawn.

    Raises:
        TableError, FormError: it is not in that form.
    """
    checked_folder(folder, FORM)
    table = folder / TABLE
    if not table.is_file():
        raise FormError(f"{folder} holds no {TABLE}. Give a folder with {FORM}.")
    films, silent = read_films(table)
    photos = PhotoFolder(folder / PHOTOS)
    paths = [_poster(photos, film.number) for film in films]
    missing = [film.number for film, path in zip(films, paths, strict=True) if path is None]
    there = [(film, path) for film, path in zip(films, paths, strict=True) if path is not None]
    if not there:
        raise nothing_found(table, f"{PHOTOS}/IMDBID.jpg")
    films = [film for film, _ in there]
    fewest = max(1, math.ceil(FEWEST_SHARE * len(films)))
    labels, dropped = kept_genres(films, fewest)
    remarks = [left_out(f"of films in {TABLE} are missing", missing)] if missing else []
    if silent:
        remarks.append(left_out("of films without a genre are not used", silent))
    if dropped:
        listed = ", ".join(f"{genre} {count}" for genre, count in dropped.items())
        remarks.append(f"Genres with fewer than {fewest} films are dropped: {listed}.")
    parts, split = _parts(folder, films)
    targets = multi_targets(labels, [film.genres for film in films])
    found = [path for _, path in there]
    return RecipeData(
        folder,
        tuple(path.relative_to(folder).as_posix() for path in found),
        make_examples(found, [multi_group(GROUP, labels, targets)], parts),
        split,
        tuple(remarks),
        {
            "dropped_genres": dropped,
            "fewest_films": fewest,
            "rule": "a genre needs 2.5 % of the films, as 1,000 of 40,000 in the source",
            "titles": {film.number: film.title for film in films if film.title},
        },
    )


def _poster(photos: PhotoFolder, number: str) -> Path | None:
    for name in dict.fromkeys((number, number.zfill(7), f"tt{number.zfill(7)}")):
        if found := photos.find(name):
            return found
    return None


def _parts(folder: Path, films: list[Film]) -> tuple[NDArray[np.str_], str]:
    path = folder / SPLIT
    if not path.is_file():
        drawn = drawn_parts(len(films), JUDGED_SHARE, SEED)
        return drawn, f"80/20 drawn with random state {SEED}: there is no {SPLIT}"
    parts = parts_from_table(path, "imdbId", film_number)
    return named_parts([parts.get(film.number, "") for film in films], path), SPLIT
