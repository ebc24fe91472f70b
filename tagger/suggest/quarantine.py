"""Decoding the photos of a run so that none of them can do harm.

What is being decoded stands in a table on disk (`inflight`). After a crash, the photos that stood
there are suspects: each is tried in a process of its own, where the culprit crashes alone. So are
pictures that take much memory, which this process would not give back whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagger.core.preprocessing import Preprocessing
from tagger.imaging.decode import OnStep, no_step
from tagger.imaging.problems import PhotoProblem
from tagger.imaging.room import LARGE_PICTURES, TakesMore
from tagger.suggest.apart import decode_apart
from tagger.suggest.away import identity
from tagger.suggest.decoding import AWAY, Decoded, decode_file, other_bytes, time_limit
from tagger.suggest.inflight import InFlight
from tagger.suggest.photos import PhotoList

MOST_BYTES = 400_000_000
"""A picture whose decode takes more is decoded in a process of its own. With it, and another one
just below `room.LARGE`, this process stays below 900 MB."""

_PERHAPS_AWAY = frozenset({"vanished", "disk", "permission"})


class GuardedDecoder:
    """Decodes photos of one list; may be called by several threads at once.

    Attributes:
        suspects: int64 [n], positions of photos that perhaps made this program crash.
    """

    def __init__(
        self,
        photos: PhotoList,
        todo: NDArray[np.int64],
        spec: Preprocessing,
        in_flight: InFlight,
    ) -> None:
        """Prepare to decode these positions, int64 [n]."""
        self._photos, self._spec, self._in_flight = photos, spec, in_flight
        self._suspects = self._find_suspects(todo)
        self._roots = [identity(root) for root in photos.roots]

    @property
    def suspects(self) -> NDArray[np.int64]:
        """Positions of the suspects that nobody has tried yet, int64 [n]."""
        return np.array(sorted(self._suspects), np.int64)

    def limit(self, position: int) -> float:
        """Return how many seconds a photo may take."""
        return time_limit(int(self._photos.sizes[position]))

    def decode(self, position: int, on_step: OnStep = no_step) -> Decoded:
        """Decode a photo; whatever goes wrong becomes its problem."""
        slot, signature = int(self._photos.slots[position]), int(self._photos.signatures[position])
        with self._in_flight.noted(slot, signature):
            item = other_bytes(self._photos, position) or self._pixels(position, on_step)
        if item.kind in _PERHAPS_AWAY and self._root_is_away(position):
            return Decoded(position, None, AWAY, "Its folder is not there.")
        return item

    def _pixels(self, position: int, on_step: OnStep) -> Decoded:
        path = self._photos.path(position)
        suspect = self._suspects.pop(position, None)
        if suspect is not None:
            alone = decode_apart(path, position, self._spec, self.limit(position))
            if alone is None or alone.pixels is not None:
                self._in_flight.forgive(suspect)  # a culprit stays listed until that is stored
            if alone is not None:
                return alone
        try:
            return decode_file(path, position, self._spec, on_step, MOST_BYTES)
        except TakesMore as large:
            return self._large(position, large.need, on_step)

    def _large(self, position: int, need: int, on_step: OnStep) -> Decoded:
        """Decode a picture elsewhere that takes so many bytes, when it is its turn."""
        path = self._photos.path(position)
        try:
            with LARGE_PICTURES.room_for(need):
                item = decode_apart(path, position, self._spec, self.limit(position))
        except PhotoProblem as problem:
            return Decoded(position, None, problem.kind, str(problem))
        on_step("decode")
        return item or decode_file(path, position, self._spec, on_step)

    def _find_suspects(self, todo: NDArray[np.int64]) -> dict[int, tuple[int, int]]:
        """Return position → suspect, and forgive those that are not to be decoded any more."""
        wanted, found = set(todo.tolist()), {}
        for suspect in self._in_flight.left:
            slot, signature = suspect
            at = self._photos.positions([slot]).tolist()
            if at and at[0] in wanted and int(self._photos.signatures[at[0]]) == signature:
                found[at[0]] = suspect
            else:
                self._in_flight.forgive(suspect)
        return found

    def _root_is_away(self, position: int) -> bool:
        folder = int(self._photos.folders[position])
        now = identity(self._photos.roots[folder])
        return now is None or now != self._roots[folder]
