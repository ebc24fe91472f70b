"""Marks that tell a provider whose opening crashed the process from one that merely failed.

Before a provider is opened, a mark is left on disk and its lock is held; afterwards both go. A
mark that nobody holds is what a crash left: that provider is not tried again with the same driver
and ONNX Runtime, or the suggester would start and die for ever.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from tagger.library.file_lock import FileLock, LockHeld, is_held
from tagger.library.places import user_folder

FOLDER = "opening"


@contextlib.contextmanager
def opening(provider: str, environment: str) -> Iterator[None]:
    """Hold a mark while a provider is opened for the first time, or used first.

    Args:
        provider: its key.
        environment: driver and versions; a mark counts for exactly these.
    """
    mark, lock_file = _paths(provider)
    try:
        lock = FileLock(lock_file)
    except (LockHeld, OSError):  # another process opens it just now, and holds the mark
        yield
        return
    try:
        with contextlib.suppress(OSError):
            facts = {"environment": environment, "process": os.getpid(), "time": time.time()}
            mark.write_text(json.dumps(facts), "utf-8")
        yield
    finally:
        with contextlib.suppress(OSError):
            mark.unlink()
        lock.release()


def crashed(provider: str, environment: str) -> bool:
    """Say whether opening this provider ended a process, with these very versions."""
    mark, lock_file = _paths(provider)
    found = _read(mark)
    return found.get("environment") == environment and not is_held(lock_file)


def forget_crashes() -> list[str]:
    """Let every provider be tried again; returns the keys of those that had crashed."""
    forgotten = []
    for log in user_folder("logs").glob("opening-*.log"):  # what they said last
        with contextlib.suppress(OSError):
            log.unlink()
    for mark in sorted(user_folder(FOLDER).glob("*.json")):
        if not is_held(mark.with_suffix(".lock")):
            with contextlib.suppress(OSError):
                mark.unlink()
                forgotten.append(mark.stem)
    return forgotten


def withdraw() -> None:
    """Take back this process's own marks: it is told to end while it opens a provider."""
    for mark in user_folder(FOLDER).glob("*.json"):
        if _read(mark).get("process") == os.getpid():
            with contextlib.suppress(OSError):
                mark.unlink()


def _paths(provider: str) -> tuple[Path, Path]:
    folder = user_folder(FOLDER)
    return folder / f"{provider}.json", folder / f"{provider}.lock"


def _read(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
