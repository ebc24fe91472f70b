"""Keeping what became of the photos of a run: numbers, problems, and those that were left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagger.library.cache_problems import new_problem
from tagger.suggest.away import library_away, photos_away
from tagger.suggest.decoding import AWAY, OTHER_BYTES, Decoded
from tagger.suggest.engine import Outputs
from tagger.suggest.photos import PhotoList
from tagger.suggest.tally import Tally
from tagger.suggest.workplace import Model, Workplace


class Keeper:
    """Writes the outcomes of one run; not to be called by two threads at once.

    Attributes:
        hashes: uint64 [n], perceptual hash by position; filled by whoever decodes.
    """

    def __init__(self, place: Workplace, model: Model, photos: PhotoList, tally: Tally) -> None:
        self._place, self._photos, self._tally = place, photos, tally
        self._groups = model.spec.groups
        self._embeddings, self._scores = place.embeddings(model.spec), place.scores(model.spec)
        self._listed = {problem.slot for problem in place.problems.all()}
        self._away: dict[int, int] = {}
        self.hashes = np.zeros(len(photos), np.uint64)

    def store(self, positions: NDArray[np.int64], outputs: Outputs) -> None:
        """Keep the outputs of a batch, and tell it.

        Raises:
            FolderAway: the library's own folder is no longer there.
            CacheError: the disk is full or write-protected.
        """
        self._require_library()
        slots, signatures = self._photos.slots[positions], self._photos.signatures[positions]
        self._embeddings.write(slots, outputs["embedding"], signatures)
        groups = {group.id: outputs[group.output] for group in self._groups}
        self._scores.write(slots, groups, signatures)
        self._place.hashes.write(slots, self.hashes[positions], signatures)
        cured = [slot for slot in slots.tolist() if slot in self._listed]
        if cured:
            self._place.problems.forget(cured)
        self._tally.computed(slots)

    def note(self, item: Decoded) -> None:
        """Keep why a photo gave no pixels, and tell it; raises as `store`."""
        if item.kind == AWAY:
            folder = int(self._photos.folders[item.position])
            self._away[folder] = self._away.get(folder, 0) + 1
        if item.kind in (AWAY, OTHER_BYTES):
            self._tally.left_out()
            return
        self._require_library()
        slot = int(self._photos.slots[item.position])
        signature = int(self._photos.signatures[item.position])
        self._place.problems.put(new_problem(slot, signature, item.kind, item.reason))
        self._place.in_flight.forgive((slot, signature))
        self._tally.problem(slot, self._photos.name(item.position), item.kind, item.reason)

    def require_all_roots(self) -> None:
        """Say so if photos were left out because their folder is not there.

        Raises:
            FolderAway: names the folders.
        """
        if self._away:
            folders = [self._photos.roots[folder] for folder in sorted(self._away)]
            raise photos_away(folders, sum(self._away.values()))

    def _require_library(self) -> None:
        if not self._place.is_there():
            raise library_away(self._place.places.home)
