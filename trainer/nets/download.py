"""Fetch a file from the web: taken up again where it broke off, checked, and then in place."""

from __future__ import annotations

import hashlib
import http.client
import re
import urllib.error
import urllib.request
from pathlib import Path

from tagger.core.errors import TaggerError

_BLOCK = 1 << 20
_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,64})\.(?:pth|pt|safetensors)$")
_TRIES = 3


class DownloadError(TaggerError):
    """A file cannot be fetched, or what came is not what was published."""


def fetch(url: str, target: Path, *, offline: bool = False, timeout: float = 10.0) -> Path:
    """Return `target`, fetched if it is not there.

    The file is checked against the hash that its publisher names (in the file's name, as
    torchvision does, or in the answer's `X-Linked-ETag`, as the hub does) and its length.

    Args:
        url: where it lies.
        target: where it is to lie; what is half there lies beside it as `NAME.part`.
        offline: take only what is there already.
        timeout: seconds without an answer after which to give up.

    Raises:
        DownloadError: it cannot be had.
    """
    if target.exists():
        return target
    if offline:
        raise DownloadError(f"{target.name} is not on this machine, and downloading is off.")
    part = target.with_name(target.name + ".part")
    for attempt in range(_TRIES):
        try:
            expected = _receive(url, part, timeout)
            break
        except (OSError, http.client.HTTPException) as error:
            refused = isinstance(error, urllib.error.HTTPError)
            if refused or isinstance(error, urllib.error.URLError) or attempt == _TRIES - 1:
                reason = getattr(error, "reason", None) or error
                raise DownloadError(f"{url} cannot be fetched: {reason}.") from error
    found = _sha256(part)
    if expected and not found.startswith(expected):
        part.unlink()
        raise DownloadError(
            f"{url} is not what was published: its SHA-256 begins with {found[:12]}, "
            f"not {expected[:12]}."
        )
    part.replace(target)
    return target


def _receive(url: str, part: Path, timeout: float) -> str:
    """Append what is missing to `part`; return the hash that the publisher names, or ""."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if have and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()
            return _receive(url, part, timeout)
        raise
    with answer:
        goes_on = answer.status == http.client.PARTIAL_CONTENT
        length = answer.headers.get("Content-Length")
        with part.open("ab" if goes_on else "wb") as file:
            begun = file.tell()
            while block := answer.read(_BLOCK):
                file.write(block)
            came = file.tell() - begun
        if length is not None and came != int(length):
            raise http.client.IncompleteRead(b"", int(length) - came)
        return _published_hash(url, answer.headers)


def _published_hash(url: str, headers: http.client.HTTPMessage) -> str:
    named = _HASH_IN_NAME.search(url)
    if named:
        return named[1]
    tag = (headers.get("X-Linked-ETag") or "").strip('W/"')
    return tag if re.fullmatch(r"[0-9a-f]{64}", tag) else ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
