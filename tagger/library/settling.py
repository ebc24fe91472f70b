"""When a change in a folder is worth a look: once its files are at rest, and seldom in a burst."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Place = tuple[int, bytes]
"""Num of a root, and a path below it."""

Look = Callable[[Place], "tuple[int, int] | None"]
"""Returns size and mtime of a file, None where there is none."""

QUIET = 0.4
"""Seconds without news after which a file or folder counts as at rest."""

LONGEST = 3.0
"""Seconds that a change waits at most while others keep coming; doubled for as long as they do."""

SLOWEST = 48.0
OPEN_FOR = 30.0
"""Seconds after its last change in which a file that somebody keeps open may still grow."""

MANY = 5_000
"""After so many events some may have been lost, so everything is looked at once."""


@dataclass(frozen=True)
class Scope:
    """Which parts of a library are to be looked at.

    Attributes:
        everything: all of it; `folders` and `trees` say nothing then.
        folders: folders whose own files changed.
        trees: folders that are to be looked at with all that is below them.
        growing: files that somebody is writing, to be left for later.
    """

    everything: bool = False
    folders: frozenset[Place] = frozenset()
    trees: frozenset[Place] = frozenset()
    growing: frozenset[Place] = frozenset()

    def __bool__(self) -> bool:
        return self.everything or bool(self.folders or self.trees)

    def joined(self, other: Scope) -> Scope:
        """Return a scope of both; what grows is what the later one says."""
        return Scope(
            self.everything or other.everything,
            self.folders | other.folders,
            self.trees | other.trees,
            other.growing,
        )


EVERYTHING = Scope(everything=True)


@dataclass(slots=True)
class _Unrest:
    last: float
    is_open: bool | None
    seen: tuple[int, int] | None = None
    looked_at: float = -1.0


@dataclass
class Settling:
    """Gathers events of files and folders and gives them out as scopes; knows no clock of its own.

    Times are seconds of any clock that only goes forward.
    """

    _files: dict[Place, _Unrest] = field(default_factory=dict)
    _ready: set[Place] = field(default_factory=set)
    _trees: dict[Place, float] = field(default_factory=dict)
    _first: float | None = None
    _last: float = 0.0
    _patience: float = LONGEST
    _events: int = 0

    def file(self, place: Place, now: float, is_open: bool | None = None) -> None:
        """Note that a file came, changed or went.

        Args:
            place: the file.
            now: the time.
            is_open: True: somebody writes it; False: it was closed, or is gone, or came by a
                rename; None: the system did not tell, and what it told before holds.
        """
        unrest = self._files.get(place)
        if unrest is None:
            self._files[place] = _Unrest(now, is_open)
        else:
            unrest.last, unrest.looked_at = now, -1.0
            unrest.is_open = unrest.is_open if is_open is None else is_open
        self._note(now)

    def tree(self, place: Place, now: float) -> None:
        """Note that a folder came, moved or went, with whatever is in it."""
        self._trees[place] = now
        self._note(now)

    def _note(self, now: float) -> None:
        self._last = now
        self._events += 1
        if self._first is None:
            self._first = now

    @property
    def waiting(self) -> bool:
        """Whether anything is waiting to come to rest."""
        return bool(self._files or self._ready or self._trees)

    def take(self, now: float, look: Look) -> Scope:
        """Return what is at rest by now, an empty scope if it is too early.

        Args:
            now: the time.
            look: asked for files of which the system does not tell whether they are open.
        """
        if not self.waiting:
            self._first, self._patience, self._events = None, LONGEST, 0
            return Scope()
        for place in [p for p, unrest in self._files.items() if _rests(unrest, p, now, look)]:
            del self._files[place]
            self._ready.add(place)
        calm = now - self._last >= QUIET
        if not (calm and (self._ready or self._trees)):
            if self._first is None or now - self._first < self._patience:
                return Scope()
            self._patience = min(SLOWEST, self._patience * 2)
        trees = {place for place, last in self._trees.items() if now - last >= QUIET}
        found = Scope(
            calm and self._events > MANY,
            frozenset((root, path.rpartition(b"/")[0]) for root, path in self._ready),
            frozenset(trees),
            frozenset(self._files),
        )
        self._ready.clear()
        for place in trees:
            del self._trees[place]
        self._first = now if self.waiting else None
        if found.everything:
            self._events = 0
        return found


def _rests(unrest: _Unrest, place: Place, now: float, look: Look) -> bool:
    """Say whether a file is whole: closed, or of the same size and time at two looks."""
    if now - unrest.last < QUIET:
        return False
    if unrest.is_open is not None:
        return not unrest.is_open or now - unrest.last >= OPEN_FOR
    if unrest.looked_at < 0:
        unrest.seen, unrest.looked_at = look(place), now
        return False
    if now - unrest.looked_at < QUIET:
        return False
    seen = look(place)
    rests = seen == unrest.seen
    unrest.seen, unrest.looked_at = seen, now
    return rests
