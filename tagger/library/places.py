"""Where things lie: the user data folder, and a library's own files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

ANNOTATIONS = "tagger-annotations.json"
HIDDEN = ".tagger"


def user_data_dir() -> Path:
    """Return the folder of bundles, runs, settings and logs, made if missing.

    `TAGGER_DATA_DIR` overrides the platform's place.
    """
    given = os.environ.get("TAGGER_DATA_DIR")
    folder = Path(given) if given else Path(platformdirs.user_data_dir("photo-tagger", False))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def user_folder(name: str) -> Path:
    """Return a subfolder of the user data folder (`bundles`, `runs`, …), made if missing."""
    folder = user_data_dir() / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True)
class LibraryPlaces:
    """The files of one library.

    Attributes:
        home: the folder that was opened.
        data: folder of catalog and cache: `home/.tagger`, or one in the user data folder.
        inside: whether `data` lies in the home folder.
    """

    home: Path
    data: Path
    inside: bool

    @property
    def catalog(self) -> Path:
        """The precious database."""
        return self.data / "catalog.sqlite"

    @property
    def cache(self) -> Path:
        """The disposable folder of embeddings, scores and problems."""
        return self.data / "cache"

    @property
    def annotations(self) -> Path:
        """The mirror of the user's work, beside the photos."""
        return self.home / ANNOTATIONS
