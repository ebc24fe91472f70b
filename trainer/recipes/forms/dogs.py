"""Udacity's dog photos: `train|valid|test/NNN.Breed_name/*.jpg`."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.imaging.formats import is_candidate
from trainer.examples import single_group
from trainer.recipes.forms.common import (
    CHOICE,
    JUDGED,
    TRAIN,
    FormError,
    RecipeData,
    checked_folder,
    make_examples,
)

FORM = "train|valid|test/NNN.Breed_name/*.jpg"
GROUP = "breed"
SEED = 1
_SHARES = (0.8, 0.9)
"""Ends of train and valid where only `train` is there: Udacity has 6,680, 835 and 836 photos."""

_NUMBERED = re.compile(r"(\d+)\.(.+)")


def breed_name(folder: str) -> str:
    """Return the breed a folder stands for: `004.Akita` → `Akita`."""
    match = _NUMBERED.fullmatch(folder)
    return (match[2] if match else folder).strip()


def read_dogs(folder: Path) -> RecipeData:
    """Read a folder in Udacity's form; `test` judges and `valid` chooses (without test: judges).

    Raises:
        FormError: it is not in that form.
    """
    checked_folder(folder, FORM)
    given = [part for part in ("train", "valid", "test") if (folder / part).is_dir()]
    if "train" not in given:
        raise FormError(f"{folder} holds no folder 'train'. Give a folder with {FORM}.")
    listed = [(part, *entry) for part in given for entry in _photos(folder / part)]
    folders = sorted({breed for part, breed, _ in listed if part == "train"})
    if len(folders) < 2:
        raise FormError(f"{folder / 'train'} needs at least two folders of photos, one a breed.")
    strangers = sorted({breed for _, breed, _ in listed} - set(folders))
    known = [(part, breed, path) for part, breed, path in listed if breed in folders]
    answers = np.array([folders.index(breed) for _, breed, _ in known], np.int64)
    parts, split = _parts([part for part, _, _ in known], answers)
    if JUDGED not in parts:
        raise FormError(f"{folder} holds no photos in 'test' or 'valid' that could judge.")
    paths = [path for _, _, path in known]
    labels = _names(folders)
    return RecipeData(
        folder,
        tuple(path.relative_to(folder).as_posix() for path in paths),
        make_examples(paths, [single_group(GROUP, labels, answers)], parts),
        split,
        tuple(
            f"“{name}” has no photo in train, so its photos elsewhere are left out."
            for name in strangers
        ),
        {"breeds": len(labels)},
    )


def _photos(part: Path) -> list[tuple[str, Path]]:
    """Return breed folder and path of every photo of a part, in order."""
    found = []
    for breed in sorted(path for path in part.iterdir() if path.is_dir()):
        names = sorted(os.listdir(breed))
        found += [(breed.name, breed / name) for name in names if _is_photo(name)]
    return found


def _is_photo(name: str) -> bool:
    return not name.startswith(".") and is_candidate(os.fsencode(name), None)


def _names(folders: list[str]) -> list[str]:
    names = [breed_name(folder) for folder in folders]
    return names if len(set(names)) == len(names) else folders


def _parts(given: list[str], answers: NDArray[np.int64]) -> tuple[NDArray[np.str_], str]:
    if set(given) == {"train"}:
        return _drawn(answers), f"80/10/10 drawn per breed with seed {SEED}: only train is there"
    judges = "test" if "test" in given else "valid"
    names = {"train": TRAIN, "valid": CHOICE, judges: JUDGED}
    return np.array([names[part] for part in given]), f"folders; {judges} judges"


def _drawn(answers: NDArray[np.int64]) -> NDArray[np.str_]:
    rng = np.random.default_rng(SEED)
    parts = np.full(len(answers), TRAIN, dtype="<U8")
    for answer in np.unique(answers):
        rows = rng.permutation(np.flatnonzero(answers == answer))
        train, choice = (max(1, int(share * len(rows))) for share in _SHARES)
        parts[rows[train:choice]] = CHOICE
        parts[rows[choice:]] = JUDGED
    return parts
