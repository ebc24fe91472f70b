"""Photos that the window must not open, since a decoder crashes or hangs on them.

The suggester finds them out in a process that may crash; the window would take everything with it.
"""

from __future__ import annotations

import time
from pathlib import Path

from tagger.library.cache_problems import read_problems
from tagger.suggest.inflight import Suspect, read_suspects

DANGEROUS = frozenset({"crash", "slow"})
"""Kinds of problems that a decoder does not survive, or not in time."""

_SUSPECTED = "The program ended while this photo was open; it is being examined."
_LOOK_S = 1.0


class Danger:
    """The dangerous photos of one library, and those that stand under suspicion."""

    def __init__(self, cache: Path) -> None:
        """Read what is known from a library's cache folder."""
        self._cache = cache
        self._reasons: dict[Suspect, str] = {
            (problem.slot, problem.signature): problem.reason
            for problem in read_problems(cache)
            if problem.kind in DANGEROUS
        }
        self._suspects = set(read_suspects(cache))
        self._looked = time.monotonic()

    def note(self, slot: int, signature: int, reason: str) -> None:
        """Remember a photo that was found out."""
        self._reasons[slot, signature] = reason

    def reason(self, slot: int, signature: int) -> str | None:
        """Return why a photo must not be opened now, None if it may be."""
        photo = (slot, signature)
        if photo in self._suspects:
            self._look()
            if photo in self._suspects:
                return _SUSPECTED
        return self._reasons.get(photo)

    def _look(self) -> None:
        """Let go of the suspects that the suggester has examined meanwhile."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_S:
            self._looked = now
            self._suspects &= set(read_suspects(self._cache))
