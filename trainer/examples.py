"""What a network is taught: photos and, for several groups at once, what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tagger.core.errors import TaggerError
from tagger.imaging.decode import Source

Kind = Literal["multi", "single"]
Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

MASKED = -100
"""Answer of a single group where nothing is known."""


class ExamplesError(TaggerError):
    """Photos, targets and parts do not fit each other."""


@dataclass(frozen=True)
class GroupExamples:
    """What is known of one group.

    Attributes:
        name: of the group.
        kind: `multi` (any number of labels are true) or `single` (exactly one).
        labels: names in the order of the columns.
        targets: float32 [photos, labels], 0 to 1. A half says *perhaps*; in a single group a row
            adds up to 1.
        weights: what each target counts, 0 = not known: float32 [photos, labels] in a multi
            group, float32 [photos] in a single one.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    targets: Floats
    weights: Floats

    def __post_init__(self) -> None:
        shape = self.targets.shape if self.kind == "multi" else self.targets.shape[:1]
        if self.targets.shape[1:] != (len(self.labels),) or self.weights.shape != shape:
            raise ExamplesError(
                f"The targets of “{self.name}” have shape {self.targets.shape} and weights "
                f"{self.weights.shape}, which does not fit its {len(self.labels)} labels."
            )

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def answers(self) -> NDArray[np.int64]:
        """Return the best column of each photo of a single group, `MASKED` where not known."""
        return np.where(self.weights > 0, self.targets.argmax(axis=1), MASKED).astype(np.int64)

    @property
    def support(self) -> NDArray[np.int64]:
        """Return the number of known photos of each label: int64 [labels]."""
        known = self.weights > 0
        known = known if self.kind == "multi" else known[:, None]
        return ((self.targets >= 0.5) & known).sum(axis=0)

    def only(self, rows: Rows) -> GroupExamples:
        """Return the group on the chosen photos."""
        return replace(self, targets=self.targets[rows], weights=self.weights[rows])


def multi_group(
    name: str, labels: Sequence[str], targets: NDArray, weights: NDArray | None = None
) -> GroupExamples:
    """Make a multi group.

    Args:
        name: of the group.
        labels: in the order of the columns.
        targets: [photos, labels], 0 to 1.
        weights: [photos, labels], 0 = not known; all known if left out.
    """
    wanted = np.asarray(targets, np.float32)
    known = np.ones_like(wanted) if weights is None else np.asarray(weights, np.float32)
    return GroupExamples(name, "multi", tuple(labels), wanted, known)


def single_group(
    name: str, labels: Sequence[str], answers: NDArray, weights: NDArray | None = None
) -> GroupExamples:
    """Make a single group.

    Args:
        name: of the group.
        labels: in the order of the columns.
        answers: int [photos], column of the answer, negative = not known; or float
            [photos, labels], rows that add up to 1 (or are all 0: not known).
        weights: [photos]; 1 where something is known if left out.
    """
    given = np.asarray(answers)
    if given.ndim == 1:
        targets = np.zeros((len(given), len(labels)), np.float32)
        known = np.flatnonzero(given >= 0)
        targets[known, given[known]] = 1
    else:
        targets = given.astype(np.float32)
    some = (targets.sum(axis=1) > 0).astype(np.float32)
    counted = some if weights is None else np.asarray(weights, np.float32) * some
    return GroupExamples(name, "single", tuple(labels), targets, counted)


@dataclass(frozen=True)
class Examples:
    """Photos with what is known of them.

    Attributes:
        photos: paths (or path bytes) in the order of the rows.
        groups: what is known, group by group; at least one.
        parts: text [photos]: `train`, `val`, `test` or any other name; "" takes part in nothing.
    """

    photos: tuple[Source, ...]
    groups: tuple[GroupExamples, ...]
    parts: NDArray[np.str_]

    def __post_init__(self) -> None:
        lengths = {len(self.photos), len(self.parts), *(len(group) for group in self.groups)}
        if len(lengths) != 1:
            raise ExamplesError(f"Photos, parts and targets differ in number: {sorted(lengths)}.")
        if len({group.name for group in self.groups}) != len(self.groups):
            raise ExamplesError("Two groups have the same name.")

    def __len__(self) -> int:
        return len(self.photos)

    def rows(self, part: str) -> Rows:
        """Return the rows of a part, ascending."""
        return np.flatnonzero(self.parts == part).astype(np.int64)

    def group(self, name: str) -> GroupExamples:
        """Return a group by name.

        Raises:
            KeyError: there is none.
        """
        return {group.name: group for group in self.groups}[name]

    def only(self, rows: Rows) -> Examples:
        """Return the chosen photos, in the order given."""
        photos = tuple(self.photos[row] for row in rows.tolist())
        groups = tuple(group.only(rows) for group in self.groups)
        return Examples(photos, groups, self.parts[rows])

    def with_parts(self, parts: NDArray[np.str_]) -> Examples:
        """Return the same photos in other parts."""
        return replace(self, parts=np.asarray(parts))


def unknown_as_negative(group: GroupExamples, weight: float) -> GroupExamples:
    """Let what is not known of a multi group count as absent, with a weight.

    Most labels are absent from most photos, so in partly labelled sets this often beats leaving
    the unknown out; a small weight limits what wrong guesses cost.
    """
    unknown = group.weights == 0
    weights = np.where(unknown, np.float32(weight), group.weights)
    return replace(group, targets=np.where(unknown, 0, group.targets), weights=weights)
