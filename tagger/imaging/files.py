"""Opening what may lie under any name: regular files only, never waiting for one."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import BinaryIO

from tagger.imaging.problems import PhotoProblem, problem_of_file_error

Source = Path | bytes | str | BinaryIO
"""A path (as bytes where its name is no text), or an open file, read from where it stands."""

_WHOLE = 64 * 1024 * 1024
"""Files up to so many bytes are read at once; larger ones are read by the decoder as it goes."""

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_SPECIAL = (
    (stat.S_ISDIR, "This is a folder, not a photo."),
    (stat.S_ISFIFO, "This is a pipe between programs, not a photo."),
    (stat.S_ISSOCK, "This is a connection between programs, not a photo."),
)


def open_regular(source: Path | bytes | str) -> tuple[int, int]:
    """Open a regular file without ever blocking.

    Returns:
        The file descriptor, which the caller closes, and the file's size in bytes.

    Raises:
        PhotoProblem: it is missing, forbidden, or no regular file.
    """
    path = os.fsencode(source)
    try:
        # Looked at before it is opened, since opening a device can have effects; and again after,
        # since it may have been replaced in between.
        _require_regular(os.stat(path).st_mode)
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise problem_of_file_error(error) from error
    except ValueError as error:
        raise PhotoProblem("vanished", "No file can have this name.") from error
    try:
        status = os.fstat(descriptor)
        _require_regular(status.st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, status.st_size


def open_stream(source: Source) -> BinaryIO:
    """Return a seekable stream over a photo's bytes, in memory unless the file is very large.

    Raises:
        PhotoProblem: it cannot be opened or read.
    """
    if not isinstance(source, (Path, bytes, str)):
        return io.BytesIO(source.read())
    descriptor, size = open_regular(source)
    if size > _WHOLE:
        return os.fdopen(descriptor, "rb")
    try:
        return io.BytesIO(_read_all(descriptor, size))
    except OSError as error:
        raise problem_of_file_error(error) from error
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size + 1)
    if len(data) == size:
        return data
    parts = [data]
    while data:
        data = os.read(descriptor, 1 << 20)
        parts.append(data)
    return b"".join(parts)


def _require_regular(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    for test, reason in _SPECIAL:
        if test(mode):
            raise PhotoProblem("special", reason)
    raise PhotoProblem("special", "This is a device, not a photo.")
