"""Watching the folders of a library: says which parts are to be looked at again, when they rest.

The system tells of changes through watchdog. Where it cannot (network shares, too many folders),
`Watcher.polls` says so, and the owner has to look at everything now and then.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from tagger.imaging.formats import is_candidate, needs_look
from tagger.library.mounts import is_remote
from tagger.library.places import ANNOTATIONS
from tagger.library.settling import Place, Scope, Settling

log = logging.getLogger(__name__)

TICK = 0.2
"""Seconds between two looks at what has come to rest."""

ROOT_EVERY = 2.0
"""Seconds between two looks whether the folders themselves are still there."""

warnings.filterwarnings("ignore", "Callback with id .* already exists", RuntimeWarning)
# watchdog meets a folder made within a new folder twice, which does no harm

_TOLD = (
    FileCreatedEvent,
    FileModifiedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
)
_TELLS_OF_CLOSING = sys.platform.startswith("linux")


@dataclass(frozen=True)
class News:
    """What the watcher has to say.

    Attributes:
        scope: what is to be looked at; may be empty.
        annotations: a file of the annotation file's name was written.
        away: nums of roots that cannot be reached just now.
        came_or_went: `away` is another set than before, or a root is another folder now.
        replaced: a root is another folder now, of the same name.
    """

    scope: Scope
    annotations: bool = False
    away: frozenset[int] = frozenset()
    came_or_went: bool = False
    replaced: bool = False


class Watcher:
    """Watches the roots of a library on threads of its own until `close`.

    Attributes:
        polls: the system does not tell of changes everywhere; known soon after the start.
        reason: why, as words for the user; empty otherwise.
    """

    def __init__(self, roots: dict[int, Path], on_news: Callable[[News], None]) -> None:
        """Begin to watch.

        Args:
            roots: root num → folder.
            on_news: called on a thread of the watcher's.
        """
        self._roots = {num: os.path.realpath(folder) for num, folder in roots.items()}
        self._on_news = on_news
        self._settling = Settling()
        self._lock = threading.Lock()
        self._annotations = False
        self._closing = threading.Event()
        self._observer: BaseObserver | None = None
        self.polls = False
        self.reason = ""
        self._identities = {num: identity(folder) for num, folder in self._roots.items()}
        self._away: frozenset[int] = frozenset()
        self._thread = threading.Thread(target=self._work, name="watcher", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End; what has not come to rest is dropped."""
        self._closing.set()
        self._thread.join(1.0)

    # -- events ------------------------------------------------------------------------------

    def _observe(self) -> None:
        """Have the system tell of changes from now on, also in folders that came back."""
        self._let_go()
        self.polls, self.reason = False, ""
        remote = [folder for folder in self._roots.values() if is_remote(folder)]
        if remote:
            self.polls = True
            self.reason = f"{remote[0]} lies on another machine, which does not tell of changes"
            return
        observer = Observer()
        try:
            observer.start()
            for num, folder in self._roots.items():
                if num not in self._away:
                    observer.schedule(
                        _Handler(self, num, os.fsencode(folder)),
                        folder,
                        recursive=True,
                        event_filter=list(_TOLD),
                    )
            _ensure_room(observer)
        except OSError as error:
            log.info("the folder is not watched: %s", error)
            self.polls = True
            self.reason = "the system cannot watch so many folders at once"
            self._stop(observer)
            return
        self._observer = observer

    def _let_go(self) -> None:
        if self._observer is not None:
            self._stop(self._observer)
            self._observer = None

    def _stop(self, observer: BaseObserver) -> None:
        with contextlib.suppress(RuntimeError):
            observer.stop()
            observer.join(2.0)

    def note_file(self, place: Place, is_open: bool | None) -> None:
        """Take an event of a file that may be a photo."""
        with self._lock:
            self._settling.file(place, time.monotonic(), is_open)

    def note_tree(self, place: Place) -> None:
        """Take an event of a folder."""
        with self._lock:
            self._settling.tree(place, time.monotonic())

    def note_annotations(self) -> None:
        """Take an event of the annotation file."""
        with self._lock:
            self._annotations = True

    # -- the thread --------------------------------------------------------------------------

    def _work(self) -> None:
        self._observe()
        looked_at_roots = time.monotonic()
        while not self._closing.wait(TICK):
            with self._lock:
                scope = self._settling.take(time.monotonic(), self._look)
                annotations, self._annotations = self._annotations, False
            came_or_went, replaced = False, False
            if time.monotonic() - looked_at_roots >= ROOT_EVERY:
                came_or_went, replaced = self._look_at_roots()
                looked_at_roots = time.monotonic()
            if (scope or annotations or came_or_went) and not self._closing.is_set():
                self._on_news(News(scope, annotations, self._away, came_or_went, replaced))
        self._let_go()

    def _look(self, place: Place) -> tuple[int, int] | None:
        root, path = place
        try:
            status = os.stat(os.path.join(os.fsencode(self._roots[root]), path))
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns

    def _look_at_roots(self) -> tuple[bool, bool]:
        """Notice roots that went, came or were replaced; return whether any, and the last."""
        now = {num: identity(folder) for num, folder in self._roots.items()}
        away = frozenset(
            num for num, known in self._identities.items() if known is not None and now[num] is None
        )
        replaced = any(
            known is not None and now[num] is not None and now[num] != known
            for num, known in self._identities.items()
        )
        self._identities.update({num: known for num, known in now.items() if known is not None})
        if away == self._away and not replaced:
            return False, False
        self._away = away
        self._observe()
        return True, replaced


def identity(folder: str | Path) -> tuple[int, int] | None:
    """Return what tells a folder from another one of the same name; None if it is out of reach.

    A folder without anything in it is where a disk was unplugged, so it counts as out of reach.
    """
    try:
        with os.scandir(folder) as entries:
            if next(entries, None) is None:
                return None
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino


class _Handler(FileSystemEventHandler):
    """Sorts out the events of one root: what is hidden or no photo concerns nobody."""

    def __init__(self, watcher: Watcher, root: int, folder: bytes) -> None:
        self._watcher, self._root = watcher, root
        self._start = folder.rstrip(b"/\\") + os.sep.encode()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Take an event; watchdog calls this on a thread of its own."""
        self._take(os.fsencode(event.src_path), event, arrived=False)
        if event.dest_path:
            self._take(os.fsencode(event.dest_path), event, arrived=True)

    def _take(self, full: bytes, event: FileSystemEvent, arrived: bool) -> None:
        if not full.startswith(self._start):
            return
        path = full[len(self._start) :].replace(os.sep.encode(), b"/")
        if path.startswith(b".") or b"/." in path:
            return
        place, name = (self._root, path), path.rpartition(b"/")[2]
        if event.is_directory:
            self._watcher.note_tree(place)
        elif path == ANNOTATIONS.encode():
            self._watcher.note_annotations()
        elif needs_look(name) or is_candidate(name, None):
            self._watcher.note_file(place, _is_open(event))


def _is_open(event: FileSystemEvent) -> bool | None:
    if isinstance(event, (FileClosedEvent, FileMovedEvent, FileDeletedEvent)):
        return False
    if isinstance(event, FileModifiedEvent) and _TELLS_OF_CLOSING:
        return True  # it will be closed, and that is told
    return None


def _ensure_room(observer: BaseObserver) -> None:
    """Watch one folder more, since watchdog says nothing of those it could not watch.

    Raises:
        OSError: the system's limit is reached.
    """
    with tempfile.TemporaryDirectory(prefix="tagger-watch-") as folder:
        watch = observer.schedule(FileSystemEventHandler(), folder, event_filter=[DirMovedEvent])
        observer.unschedule(watch)
