"""Read and write the small files of a bundle safely: JSON, arrays, whole folders at once."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.errors import BundleError

MAX_JSON_BYTES = 256 << 20
MAX_ARRAYS_BYTES = 8 << 30


def read_json(path: Path) -> Any:
    """Parse a JSON file of at most `MAX_JSON_BYTES`.

    Raises:
        BundleError: missing, unreadable, too large, not UTF-8 or not JSON; names the file.
    """
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise BundleError(f"{path.name} is larger than {MAX_JSON_BYTES >> 20} MB")
        return json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_no_constant)
    except FileNotFoundError:
        raise BundleError(f"{path.name} is missing in {path.parent}") from None
    except OSError as error:
        raise BundleError(f"{path.name} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path.name} is not valid JSON: {error}") from None


def write_json(path: Path, value: Any, indent: int | None = 1) -> None:
    """Write JSON as UTF-8 with a final line feed; NaN and infinity are refused (`ValueError`)."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read all arrays of an `.npz` file; pickled objects are refused.

    Raises:
        BundleError: missing or damaged, or larger than `MAX_ARRAYS_BYTES`; names the file.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(member.file_size for member in packed.infolist()) > MAX_ARRAYS_BYTES:
                raise BundleError(f"{path.name} holds more than {MAX_ARRAYS_BYTES >> 30} GB")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        raise BundleError(f"{path.name} is missing in {path.parent}") from None
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise BundleError(f"{path.name} is damaged: {error}") from error


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], *, compress: bool = False) -> None:
    """Write an `.npz` file."""
    save = np.savez_compressed if compress else np.savez
    with path.open("wb") as file:
        save(file, **cast(dict[str, Any], dict(arrays)))


def write_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Make `folder` with what `fill(temporary folder)` writes: all of it or nothing.

    The content is flushed to disk before the folder gets its name. A folder of that name is
    replaced; if that fails, the old one stays.

    Raises:
        BundleError: the place cannot be written to.
    """
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.new")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        fill(temporary)
        flush_folder(temporary)
        _put_in_place(temporary, folder)
    except OSError as error:
        raise BundleError(f"{folder} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def flush_folder(folder: Path) -> None:
    """Ask the system to put every file of `folder`, and the folder itself, on disk."""
    for path in [*folder.rglob("*"), folder]:
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
        elif os.name != "nt":  # Windows cannot open a folder
            _flush_entry(path)


def _flush_entry(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _put_in_place(new: Path, folder: Path) -> None:
    """Give `new` the name of `folder`; others may be doing the same at this moment."""
    old = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.old")
    for last in (False, False, True):
        replaced = _move_aside(folder, old)
        try:
            new.rename(folder)
            break
        except OSError as error:
            if replaced and not folder.exists():
                old.rename(folder)
            if last or error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
    if os.name != "nt":
        _flush_entry(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _move_aside(folder: Path, old: Path) -> bool:
    shutil.rmtree(old, ignore_errors=True)
    try:
        folder.rename(old)
    except FileNotFoundError:
        return False
    return True


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
