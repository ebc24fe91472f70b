"""Labelled photos from a folder with a `labels.csv`, read as the program itself imports it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.core.decisions import Verdict
from tagger.core.errors import TaggerError
from tagger.core.schema import Group, Label
from tagger.core.targets import MASKED, NEGATIVE, POSITIVE, UNKNOWN
from tagger.library.tables import ImportTable, read_table

TRAIN = "train"
JUDGED_SHARE = 0.2
"""Share of the photos that judge where the file's split leaves none to train on or to judge by."""

SEED = 4
_TARGETS = {
    Verdict.CONFIRMED: POSITIVE,
    Verdict.REJECTED: NEGATIVE,
    Verdict.UNSURE: MASKED,
}


class LabelledError(TaggerError):
    """A folder of labelled photos cannot be used; names it and says why."""


@dataclass(frozen=True)
class LabelledGroup:
    """One group: targets int8 [photos, labels], as in `tagger.core.targets`."""

    group: Group
    labels: tuple[Label, ...]
    targets: NDArray[np.int8]


@dataclass(frozen=True)
class LabelledSet:
    """Photos and what is known of them.

    Attributes:
        photos: files, each of which is there.
        groups: with at least one confirmed label.
        trains: bool [photos]; the others judge.
    """

    photos: tuple[Path, ...]
    groups: tuple[LabelledGroup, ...]
    trains: NDArray[np.bool_]


def read_labelled(folder: Path) -> LabelledSet:
    """Read `labels.csv` of a folder.

    What a list does not give to a photo it names is absent, and what it calls unsure is masked.

    Raises:
        LabelledError: there is no list, or no photo of it is there, or none has a label.
        TableError: the list cannot be read.
    """
    path = folder / "labels.csv"
    if not path.is_file():
        raise LabelledError(f"{folder} has no labels.csv: name a folder with labelled photos.")
    table = read_table(path)
    there = np.array([(folder / name).is_file() for name in table.photo_names], bool)
    if not there.any():
        raise LabelledError(f"None of the photos named in {path} is there.")
    groups = [_group(table, at, name) for at, name in enumerate(table.groups)]
    found = LabelledSet(
        photos=tuple(folder / n for n, t in zip(table.photo_names, there, strict=True) if t),
        groups=tuple(
            LabelledGroup(g.group, g.labels, g.targets[there])
            for g in groups
            if (g.targets[there] == POSITIVE).any()
        ),
        trains=_trains([s for s, t in zip(table.splits, there, strict=True) if t]),
    )
    if not found.groups:
        raise LabelledError(f"No photo named in {path} has a label.")
    return found


def _group(table: ImportTable, at: int, name: str) -> LabelledGroup:
    vocabulary = table.vocabulary[name]
    targets = np.full((len(table.photo_names), len(vocabulary)), UNKNOWN, np.int8)
    for number, offered in enumerate(table.label_sets):
        if offered.group == at:
            rows = table.covered_rows[table.covered_sets == number]
            targets[np.ix_(rows, offered.labels)] = NEGATIVE
    own = table.group_index == at
    for verdict, target in _TARGETS.items():
        chosen = own & (table.verdicts == verdict)
        targets[table.rows[chosen], table.label_index[chosen]] = target
    group = Group(at, f"group-{at}", name, table.groups[name])
    labels = tuple(Label(k, f"{at}-{k}", at, text) for k, text in enumerate(vocabulary))
    return LabelledGroup(group, labels, targets)


def _trains(splits: Sequence[str | None]) -> NDArray[np.bool_]:
    """Say which photos train: as the file says, else drawn, at least one on each side of two."""
    given = np.array([split == TRAIN for split in splits], bool)
    if given.any() and not given.all():
        return given
    order = np.random.default_rng(SEED).permutation(len(splits))
    judging = min(len(splits) - 1, max(1, round(JUDGED_SHARE * len(splits))))
    return order >= judging
