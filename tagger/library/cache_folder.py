"""Making folders of a library's cache, and never the library itself."""

from __future__ import annotations

from pathlib import Path


def make_cache_folder(cache_dir: Path, *inner: str) -> Path:
    """Make a cache folder, and one after the other the folders `inner` in it; return the last.

    What the cache lies in is never made: where a disk was unplugged, a folder of the library's
    name would be taken for the library.

    Raises:
        OSError: the library's own folder is not there, or cannot be written.
    """
    folder = cache_dir
    folder.mkdir(exist_ok=True)
    for name in inner:
        folder = folder / name
        folder.mkdir(exist_ok=True)
    return folder
