"""Planet's Amazon photos: `train_v2.csv` (name without extension, tags) and `train-jpg/`."""

from __future__ import annotations

from pathlib import Path

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
    nothing_found,
    read_table,
)

TABLE, PHOTOS = "train_v2.csv", "train-jpg"
FORM = f"{TABLE} and {PHOTOS}/NAME.jpg"
GROUP = "tags"
JUDGED_SHARE, RANDOM_STATE = 0.3, 1


def read_tags(path: Path) -> tuple[list[str], list[list[str]], list[str]]:
    """Read a table `image_name,tags`.

    Returns:
        names, their tags, and all tags that occur, sorted.

    Raises:
        TableError, FormError: it is no such table, or a row has no name or no tag.
    """
    table = read_table(path)
    name_at, tags_at = table.column("image_name"), table.column("tags")
    found: dict[str, list[str]] = {}
    for line, row in table.rows:
        name, tags = cell(row, name_at), cell(row, tags_at).split()
        if not name or not tags:
            lacking = "name" if not name else "tag"
            raise FormError(f"{table.where(line)}: there is no {lacking}. Complete or delete it.")
        found.setdefault(name, []).extend(tags)
    every = sorted({tag for tags in found.values() for tag in tags})
    return list(found), list(found.values()), every


def read_satellite(folder: Path) -> RecipeData:
    """Read a folder in Planet's form; 70/30 with random state 1, as the source splits it.

    Raises:
        TableError, FormError: it is not in that form.
    """
    checked_folder(folder, FORM)
    table = folder / TABLE
    if not table.is_file():
        raise FormError(f"{folder} holds no {TABLE}. Give a folder with {FORM}.")
    names, tags, labels = read_tags(table)
    photos = PhotoFolder(folder / PHOTOS)
    paths = [photos.find(name) for name in names]
    missing = [name for name, path in zip(names, paths, strict=True) if path is None]
    there = [at for at, path in enumerate(paths) if path is not None]
    if not there:
        raise nothing_found(table, f"{PHOTOS}/NAME.jpg")
    found = [path for path in paths if path is not None]
    targets = multi_targets(labels, [tags[at] for at in there])
    parts = drawn_parts(len(there), JUDGED_SHARE, RANDOM_STATE)
    return RecipeData(
        folder,
        tuple(path.relative_to(folder).as_posix() for path in found),
        make_examples(found, [multi_group(GROUP, labels, targets)], parts),
        "70/30 drawn with random state 1, as in the source",
        (left_out(f"are named in {TABLE} but missing", missing),) if missing else (),
        {"rows": len(names), "missing": len(missing)},
    )
