"""Which photo of a library each name in a table means; what is ambiguous is never guessed."""

from __future__ import annotations

import os
import posixpath
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.core.names import fold_name

MISSING = -1
AMBIGUOUS = -2

_ESCAPED_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")

Key = Callable[[str], str]


@dataclass
class MatchResult:
    """What became of each name.

    Attributes:
        slot_index: int64 [names]; index into the paths, or `MISSING`, or `AMBIGUOUS`.
        missing: indexes of names that no photo answers to.
        ambiguous: index of a name → indexes of the paths it could mean.
    """

    slot_index: NDArray[np.int64]
    missing: list[int] = field(default_factory=list)
    ambiguous: dict[int, tuple[int, ...]] = field(default_factory=dict)


def match_photos(
    names: Sequence[str],
    paths: Sequence[bytes],
    root: Path | None = None,
    table_folder: Path | None = None,
) -> MatchResult:
    """Find the photo each name means.

    Tried in this order, each on what is still open: the exact path (from the root, or from the
    table's folder: first whichever fits more names), the file name, the stem, and the same three
    ignoring case, spaces, `_`, `-` and the form of accents. Where several photos have the file
    name, the folders in the given name decide, if they can. A name with another extension does
    not get a photo that the table names itself.

    Args:
        names: as they stand in a table: paths, file names or stems; slashes or backslashes.
        paths: photos of the library, relative to its root, as bytes.
        root: absolute folder that the paths are relative to.
        table_folder: absolute folder of the table, inside the root or not.

    Returns:
        Indexes into `paths`, one for each name.
    """
    matcher = _Matcher([os.fsdecode(path) for path in paths])
    given = [matcher.as_path(name) for name in names]
    below = _below_root(given, root, table_folder) if root and table_folder else []
    return matcher.match([list(names), given], below, given)


class _Matcher:
    """Works level by level, so that a strong match is known before a weak one is tried."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths
        self.escaped = any(not path.isascii() and _has_lone_bytes(path) for path in paths)
        self.claimed: set[int] = set()

    def match(self, spellings: list[list[str]], below: list[str], given: list[str]) -> MatchResult:
        """Match names; the lists are the names as written, from the table's folder, as paths."""
        result = MatchResult(np.full(len(given), MISSING, np.int64))
        open_names = self._exact(spellings, below, result)
        for fold in (_nfc, fold_name):
            file_name, stem = _with(fold, _file_name), _with(fold, _stem)
            for ask, key in ((fold, fold), (file_name, file_name), (file_name, stem), (stem, stem)):
                open_names = self._level(given, open_names, ask, key, result)
        result.missing = open_names
        return result

    def as_path(self, name: str) -> str:
        """Return a given name with slashes, and bytes that are not UTF-8 as `os.fsdecode` does."""
        if self.escaped and _ESCAPED_BYTE.search(name):
            return _ESCAPED_BYTE.sub(lambda found: chr(0xDC00 + int(found[1], 16)), name)
        path = name.strip().replace("\\", "/")
        return posixpath.normpath(path) if "./" in path or "//" in path else path

    def _exact(
        self, spellings: list[list[str]], below: list[str], result: MatchResult
    ) -> list[int]:
        """Match whole paths; what fits more names, root or table's folder, comes first."""
        places = {path: index for index, path in enumerate(self.paths)}
        tries = [np.array([places.get(s, MISSING) for s in names]) for names in spellings]
        if below:
            from_folder = np.array([places.get(path, MISSING) for path in below])
            more = np.count_nonzero(from_folder >= 0) > np.count_nonzero(tries[0] >= 0)
            tries.insert(0 if more else 1, from_folder)
        for found in tries:
            result.slot_index = np.where(result.slot_index < 0, found, result.slot_index)
        self.claimed.update(result.slot_index[result.slot_index >= 0].tolist())
        return np.flatnonzero(result.slot_index < 0).tolist()

    def _level(
        self, given: list[str], numbers: list[int], ask: Key, key: Key, result: MatchResult
    ) -> list[int]:
        """Match `ask(name)` with `key(path)`; return the numbers of names still open."""
        if not numbers:
            return numbers
        index = _index([key(path) for path in self.paths])
        still_open: list[int] = []
        newly: set[int] = set()
        for number in numbers:
            asked = ask(given[number])
            candidates = index.get(asked) if asked else None
            if candidates is None:
                still_open.append(number)
                continue
            chosen = (
                candidates
                if isinstance(candidates, int)
                else self._by_folders(given[number], candidates)
            )
            if isinstance(chosen, int):
                if self._is_other_file(given[number], chosen):
                    still_open.append(number)
                    continue
                result.slot_index[number] = chosen
                newly.add(chosen)
            else:
                result.slot_index[number] = AMBIGUOUS
                result.ambiguous[number] = tuple(chosen)
        self.claimed |= newly
        return still_open

    def _by_folders(self, name: str, candidates: list[int]) -> int | list[int]:
        """Return the one candidate whose folders fit the name's to the end of either, or all."""
        parts = _folded_parts(name)
        lengths = []
        for candidate in candidates:
            own = _folded_parts(self.paths[candidate])
            common = _common_tail(parts[:-1], own[:-1])
            complete = common in (len(parts) - 1, len(own) - 1)
            lengths.append(common if complete else -1)
        best = max(lengths)
        if best > 0 and lengths.count(best) == 1:
            return candidates[lengths.index(best)]
        return candidates

    def _is_other_file(self, name: str, photo: int) -> bool:
        """Say whether the name's extension speaks of another file than a photo already named."""
        if photo not in self.claimed:
            return False
        mine, its = _EXTENSION.search(name), _EXTENSION.search(self.paths[photo])
        return bool(mine and its and mine[0].casefold() != its[0].casefold())


def _below_root(given: list[str], root: Path, table_folder: Path) -> list[str]:
    """Return what each path, taken from the table's folder, is called from the root, or ``."""
    start, top = table_folder.as_posix(), root.as_posix().rstrip("/") + "/"
    whole = (posixpath.normpath(posixpath.join(start, path)) for path in given)
    return [path[len(top) :] if path.startswith(top) else "" for path in whole]


def _index(keys: list[str]) -> dict[str, int | list[int]]:
    """Return key → its place, or the list of its places where there are several."""
    index: dict[str, int | list[int]] = {}
    for place, key in enumerate(keys):
        before = index.setdefault(key, place)
        if isinstance(before, list):
            before.append(place)
        elif before != place:
            index[key] = [before, place]
    return index


def _with(outer: Key, inner: Key) -> Key:
    return lambda text: outer(inner(text))


def _nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _file_name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _stem(path: str) -> str:
    return posixpath.splitext(_file_name(path))[0]


def _folded_parts(path: str) -> list[str]:
    return [fold_name(part) for part in path.split("/")]


def _common_tail(one: list[str], other: list[str]) -> int:
    count = 0
    for mine, its in zip(reversed(one), reversed(other), strict=False):
        if mine != its:
            break
        count += 1
    return count


def _has_lone_bytes(path: str) -> bool:
    return any("\udc80" <= letter <= "\udcff" for letter in path)
