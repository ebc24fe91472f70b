"""Bundles as one file, `NAME.tagmodel`: a zip of the folder, unpacked without trusting it."""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from tagger.bundle.errors import BundleError
from tagger.bundle.spec import (
    CARD_FILE,
    GOLDEN_FOLDER,
    HEADS_ARRAYS_FILE,
    HEADS_FILE,
    MODEL_FILE,
    SPEC_FILE,
)

SUFFIX = ".tagmodel"
MAX_FILES = 200
MAX_BYTES = 4 << 30

_TOP_FILES = {SPEC_FILE, MODEL_FILE, HEADS_FILE, HEADS_ARRAYS_FILE, CARD_FILE}
_LICENCE = re.compile(r"(LICEN[CS]E|NOTICE|COPYING)[A-Za-z0-9._-]{0,60}", re.IGNORECASE)
_PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")


def bundle_files(folder: Path) -> list[str]:
    """Return the files below `folder` that belong to a bundle, with `/`, in a fixed order.

    Raises:
        BundleError: one of them is a link.
    """
    found = []
    golden = folder / GOLDEN_FOLDER
    for path in [*folder.iterdir(), *(golden.iterdir() if golden.is_dir() else [])]:
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() and (belongs(name) or path == golden):
            raise BundleError(f"{name} is not a plain file")
        if belongs(name) and path.is_file():
            found.append(name)
    return sorted(found)


def belongs(name: str) -> bool:
    """Tell whether a file of this relative name (with `/`) is part of a bundle."""
    if name in _TOP_FILES or _LICENCE.fullmatch(name):
        return True
    folder, _, last = name.partition("/")
    return folder == GOLDEN_FOLDER and bool(_PICTURE.fullmatch(last))


def copy_bundle(source: Path, target: Path) -> None:
    """Copy the files of a bundle from folder `source` into the existing folder `target`.

    Raises:
        BundleError: there is no `bundle.json`, or a file is no plain file, or cannot be read.
    """
    if not (source / SPEC_FILE).is_file():
        raise BundleError(f"{source} is not a model bundle: it has no {SPEC_FILE}")
    for name in bundle_files(source):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(source / name, target / name)
        except OSError as error:
            raise BundleError(f"{source / name} cannot be copied: {error.strerror}") from error


def pack_bundle(folder: Path, path: Path) -> None:
    """Write the bundle in `folder` as one zip file; the same bytes for the same bundle.

    Raises:
        BundleError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed:
            for name in bundle_files(folder):
                entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (stat.S_IFREG | 0o644) << 16
                with (folder / name).open("rb") as file, packed.open(entry, "w") as out:
                    shutil.copyfileobj(file, out, 1 << 20)
        temporary.replace(path)
    except OSError as error:
        raise BundleError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def unpack_bundle(path: Path, target: Path, *, max_bytes: int = MAX_BYTES) -> None:
    """Unpack a `.tagmodel` file into the existing folder `target`.

    The bundle may lie at the top of the zip or in its only folder. Files that are not part of a
    bundle are left out.

    Args:
        path: the zip file.
        target: where to.
        max_bytes: most bytes that may come out.

    Raises:
        BundleError: not a zip, damaged, encrypted, too large, or with names that lead elsewhere.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            members = _checked_members(packed, path.name)
            root = _root(members, path.name)
            left = max_bytes
            for name, member in members.items():
                inner = name[len(root) :]
                if name.startswith(root) and belongs(inner):
                    (target / inner).parent.mkdir(parents=True, exist_ok=True)
                    with packed.open(member) as file, (target / inner).open("wb") as out:
                        left = _copy_at_most(file, out, left, path.name)
    except zipfile.BadZipFile as error:
        raise BundleError(f"{path.name} is not a {SUFFIX} file, or is cut off: {error}") from None
    except (zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BundleError(f"{path.name} is damaged or encrypted: {error}") from None
    except OSError as error:
        raise BundleError(f"{path} cannot be unpacked: {error.strerror or error}") from error


def _checked_members(packed: zipfile.ZipFile, where: str) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for member in packed.infolist():
        name = member.filename
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
            raise BundleError(f"{where} holds a file named {name!r}, which leads out of the bundle")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise BundleError(f"{where} holds a link, {name!r}; a bundle has plain files only")
        if member.is_dir():
            continue
        if name in members:
            raise BundleError(f"{where} holds {name!r} twice")
        members[name] = member
    if len(members) > MAX_FILES:
        raise BundleError(f"{where} holds {len(members)} files; a bundle has at most {MAX_FILES}")
    return members


def _root(members: dict[str, zipfile.ZipInfo], where: str) -> str:
    specs = [name for name in members if PurePosixPath(name).name == SPEC_FILE]
    top = [name for name in specs if name.count("/") <= 1]
    if SPEC_FILE in top:
        return ""
    if len(top) != 1:
        raise BundleError(f"{where} is not a model bundle: it has no {SPEC_FILE}")
    return top[0][: -len(SPEC_FILE)]


def _copy_at_most(file: IO[bytes], out: IO[bytes], left: int, where: str) -> int:
    while block := file.read(1 << 20):
        left -= len(block)
        if left < 0:
            raise BundleError(f"{where} unpacks to more than a bundle may hold")
        out.write(block)
    return left
