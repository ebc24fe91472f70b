"""Photos decoded once and packed into one file outside their folder."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.core.preprocessing import PIPELINE_VERSION, Preprocessing
from tagger.imaging.decode import Source
from tagger.imaging.model_input import model_input
from tagger.imaging.problems import PhotoProblem
from tagger.library.places import user_folder
from trainer.feeding.pixels import GREY, PixelStore

FOLDER = "packs"
LARGEST = 16 << 30
"""Bytes of a pack; more photos are decoded anew whenever they are needed."""

_KEPT_DAYS = 30
_SECONDS_A_DAY = 86_400
_THREADS = 4

Tell = Callable[[float, str], None]


class Pack(PixelStore):
    """Decoded photos by row, from a file."""

    def __init__(
        self, pixels: NDArray[np.uint8], unreadable: set[int], preprocessing: Preprocessing
    ) -> None:
        self.preprocessing = preprocessing
        self.unreadable = unreadable
        self.pixels = pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def read(self, row: int) -> NDArray[np.uint8]:
        """Return uint8 [H, W, 3] of one photo; not to be written to."""
        return self.pixels[row]

    def only(self, rows: NDArray[np.int64]) -> Pack:
        """Return the chosen photos, in memory."""
        unreadable = {at for at, row in enumerate(rows.tolist()) if row in self.unreadable}
        return Pack(self.pixels[rows], unreadable, self.preprocessing)

    def close(self) -> None:
        """Nothing is held."""


def pack_photos(
    photos: Sequence[Source],
    preprocessing: Preprocessing,
    *,
    compressed: bool = False,
    tell: Tell = lambda share, text: None,
) -> PixelStore:
    """Return decoded photos, from the file in the user data folder that holds them.

    The file is made if there is none for these very photos (paths, sizes, times) and this input
    size. Photos that cannot be read are grey, and named in `unreadable`.

    Args:
        photos: paths.
        preprocessing: what they are brought to.
        compressed: keep one compressed array file (smaller, read into memory) instead of a
            mapped one.
        tell: told the share done.
    """
    shape = (len(photos), preprocessing.height, preprocessing.width, 3)
    if int(np.prod(shape)) > LARGEST:
        return PixelStore(photos, preprocessing)
    folder = user_folder(FOLDER)
    _forget_old(folder)
    path = folder / f"{_key(photos, preprocessing)}.{'npz' if compressed else 'npy'}"
    try:
        return _read(path, preprocessing)
    except (OSError, ValueError, KeyError, EOFError):
        pixels, unreadable = _decoded(photos, preprocessing, shape, tell)
        _write(path, pixels, unreadable)
        return Pack(pixels, unreadable, preprocessing)


def _key(photos: Sequence[Source], preprocessing: Preprocessing) -> str:
    digest = hashlib.sha256(json.dumps([PIPELINE_VERSION, preprocessing.to_json()]).encode())
    for photo in photos:
        assert isinstance(photo, (str, bytes, Path))
        found = os.stat(photo)
        entry = f"\n{found.st_size} {found.st_mtime_ns} ".encode()
        digest.update(entry + os.fsencode(os.path.abspath(photo)))
    return digest.hexdigest()[:32]


def _decoded(
    photos: Sequence[Source], preprocessing: Preprocessing, shape: tuple[int, ...], tell: Tell
) -> tuple[NDArray[np.uint8], set[int]]:
    pixels = np.empty(shape, np.uint8)
    unreadable: set[int] = set()

    def one(row: int) -> None:
        try:
            pixels[row] = model_input(photos[row], preprocessing)
        except (PhotoProblem, OSError):
            unreadable.add(row)
            pixels[row] = GREY

    with ThreadPoolExecutor(_THREADS, thread_name_prefix="decode") as pool:
        for done, _ in enumerate(pool.map(one, range(len(photos))), 1):
            if done % 256 == 0:
                tell(done / len(photos), f"Packing photos: {done} of {len(photos)}")
    return pixels, unreadable


def _write(path: Path, pixels: NDArray[np.uint8], unreadable: set[int]) -> None:
    """Write beside and rename, so that a pack is whole or not there."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    rows = np.array(sorted(unreadable), np.int64)
    with part.open("wb") as file:
        if path.suffix == ".npz":
            np.savez_compressed(file, pixels=pixels, unreadable=rows)
        else:
            np.save(file, pixels)
    if path.suffix == ".npy":
        np.save(path.with_suffix(".bad.npy"), rows)
    part.replace(path)


def _read(path: Path, preprocessing: Preprocessing) -> Pack:
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            pixels, bad = arrays["pixels"], arrays["unreadable"]
    else:
        pixels = np.load(path, mmap_mode="c", allow_pickle=False)  # changes never reach the file
        bad = np.load(path.with_suffix(".bad.npy"), allow_pickle=False)
    os.utime(path)
    return Pack(pixels, set(bad.tolist()), preprocessing)


def _forget_old(folder: Path) -> None:
    oldest = time.time() - _KEPT_DAYS * _SECONDS_A_DAY
    for path in folder.iterdir():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            path.with_suffix(".bad.npy").unlink(missing_ok=True)
