"""What each photo of a library is for: training, judging, or neither."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.spec import BundleSpec
from tagger.core.errors import TaggerError
from tagger.core.parts import HELD_OUT, TRAIN
from tagger.library.library import Library

TEST = "test"
"""A split of this name never serves acceptance and is never trained on."""

ALL = "all"
VAL = "val"


class NoSuchSplit(TaggerError):
    """A split was asked for that no photo has."""


@dataclass(frozen=True)
class Roles:
    """The split and part of every slot (objects: str or None) and who was there at the last scan.

    Attributes:
        split: the user's, verbatim; object [slots].
        part: the one drawn; object [slots].
        free: bool [slots], the user gave no split.
        present: bool [slots].
    """

    split: NDArray[np.object_]
    part: NDArray[np.object_]
    free: NDArray[np.bool_]
    present: NDArray[np.bool_]

    @property
    def trains(self) -> NDArray[np.bool_]:
        """Photos that may be trained on: bool [slots]."""
        return self.present & ((self.split == TRAIN) | (self.free & (self.part == TRAIN)))

    @property
    def judges(self) -> NDArray[np.bool_]:
        """Photos that may serve acceptance: bool [slots]."""
        given = ~self.free & (self.split != TRAIN) & (self.split != TEST)
        return self.present & (given | (self.free & (self.part == HELD_OUT)))

    def chosen(self, split: str) -> NDArray[np.bool_]:
        """Return the photos that a split's name means: bool [slots].

        `all` means every photo; `train` and `held-out` the user's and the drawn ones; any other
        name the user's split of that name, and `val`, where the user has none, `held-out`.

        Raises:
            NoSuchSplit: no photo has it.
        """
        if split == ALL:
            return self.present.copy()
        if split == TRAIN:
            return self.trains
        own = self.present & (self.split == split)
        if split == HELD_OUT or (split == VAL and not own.any()):
            return own | (self.present & self.free & (self.part == HELD_OUT))
        if not own.any():
            raise NoSuchSplit(f"No photo has the split “{split}”; there is {self._listed()}.")
        return own

    def _listed(self) -> str:
        own = sorted({str(value) for value in self.split[self.present & ~self.free]})
        drawn = [name for name in (TRAIN, HELD_OUT) if name not in own]
        return ", ".join(f"“{name}”" for name in [*own, *drawn, ALL])


def read_roles(library: Library) -> Roles:
    """Read split and part of every photo from the catalog."""
    slots = library.facts.slots
    split: NDArray[np.object_] = np.full(slots, None, object)
    part: NDArray[np.object_] = np.full(slots, None, object)
    free, present = np.ones(slots, bool), np.zeros(slots, bool)
    for slot, own, drawn, missing in library.catalog.rows(
        "SELECT slot, split, part, missing FROM photo WHERE slot < ?", (slots,)
    ):
        split[slot], part[slot] = own, drawn
        free[slot], present[slot] = own is None, not missing
    return Roles(split, part, free, present)


def trained_signatures(specs: Iterable[BundleSpec]) -> NDArray[np.uint64]:
    """Return the signatures of the photos that bundles were trained on, ancestors' included.

    A bundle's `dataset` lists them as hexadecimal digits: `fingerprints` of its own training,
    `ancestors` of those before.
    """
    texts: set[str] = set()
    for spec in specs:
        for key in ("fingerprints", "ancestors"):
            listed = spec.dataset.get(key, [])
            texts.update(str(text) for text in listed if isinstance(listed, list))
    return np.array(sorted(filter(None, map(signature_of, texts))), np.uint64)


def signature_text(signature: int) -> str:
    """Return a signature as it stands in `dataset`: the first 8 bytes of the fingerprint."""
    return int(signature).to_bytes(8, "little").hex()


def signature_of(text: str) -> int:
    """Return the signature that `signature_text` wrote; 0 for anything else."""
    try:
        return int.from_bytes(bytes.fromhex(text[:16]), "little")
    except ValueError:
        return 0
