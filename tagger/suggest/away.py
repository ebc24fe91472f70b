"""Folders that go away while they are worked on: a disk unplugged, a share unmounted."""

from __future__ import annotations

import os
from pathlib import Path

from tagger.core.errors import TaggerError

Identity = tuple[int, int] | None


class FolderAway(TaggerError):
    """A folder of the library is not there."""


def identity(folder: Path | bytes) -> Identity:
    """Return what tells a folder from another of the same name; None if it is not there."""
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def library_away(folder: Path) -> FolderAway:
    """Return the error of a library whose own folder went away in the midst of a run."""
    return FolderAway(
        f"The folder {folder} is no longer there. Perhaps its disk was unplugged: connect it again "
        "and start again. Nothing you did is lost."
    )


def no_library(folder: Path) -> FolderAway:
    """Return the error of a folder that is there, but in which no library was opened."""
    return FolderAway(
        f"There is no library in {folder}. If its photos lie on a disk that is not connected, "
        "connect it; else open the folder in the program first."
    )


def photos_away(folders: list[bytes], count: int) -> FolderAway:
    """Return the error of photos that were left out because their folder is not there."""
    named = " and ".join(os.fsdecode(folder) for folder in folders)
    photos = "1 photo was" if count == 1 else f"{count:,} photos were"
    return FolderAway(
        f"{named} cannot be reached, so {photos} left out. Perhaps a disk was unplugged: connect "
        "it again and start again."
    )
