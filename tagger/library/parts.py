"""Which photos train and which judge, where the user gave no split (DESIGN §4b.2 and 3).

A photo gets its part once and keeps it: `train` or `held-out` (80/20 by a keyed hash of its
content), `audit` (labelled without seeing suggestions, never trained on), or `aside` (so like
photos of both sides that it can serve neither).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import apsw
import numpy as np
from numpy.typing import NDArray

from tagger.core.parts import ASIDE, AUDIT, HELD_OUT, TRAIN
from tagger.library.cache_hashes import HashStore
from tagger.library.catalog import bump_revision
from tagger.library.library import Library
from tagger.library.twins import twin_groups

TRAIN_SHARE = 0.8
AUDIT_SHARE = 0.02
AUDIT_LEAST = 200
AUDIT_FROM = 2000
"""Photos without a user's split from which an audit set is reserved: below, 200 photos would take
too much of what there is to learn from."""

AUDIT_MOST = 0.1
"""Largest share of the newcomers that goes into the audit set, where it was not reserved at first
because the library was too small then."""


@dataclass(frozen=True)
class _Rows:
    """What the catalog says of all photos, by slot."""

    slots: NDArray[np.int64]
    fingerprints: list[bytes]
    parts: list[str | None]
    has_split: NDArray[np.bool_]
    taken: NDArray[np.float64]
    cameras: list[str | None]


def assign_parts(library: Library) -> int:
    """Give every photo that has no part yet its part, and store it; return how many got one.

    Call it after suggesting: near twins are found by the hashes that the suggester keeps.
    """
    unassigned = "SELECT 1 FROM photo WHERE part IS NULL AND NOT missing LIMIT 1"
    if library.catalog.value(unassigned) is None:
        return 0
    rows = _read_rows(library)
    ranks, shares = _keyed_numbers(library.catalog.meta("hash_key") or "", rows.fingerprints)
    new = np.array([part is None for part in rows.parts], bool)
    cut = _audit_cut(library, ranks, new, rows.has_split)
    drawn = _drawn(_twins(library, rows), rows.parts, ranks, shares, cut)
    values = [(drawn[row], int(rows.slots[row])) for row in np.flatnonzero(new)]

    def write(connection: apsw.Connection) -> None:
        connection.executemany("UPDATE photo SET part = ? WHERE slot = ? AND part IS NULL", values)
        bump_revision(connection)

    library.catalog.write(write).result()
    return len(values)


def _read_rows(library: Library) -> _Rows:
    rows = list(
        library.catalog.rows(
            "SELECT slot, fingerprint, part, split IS NOT NULL, taken, camera FROM photo "
            "WHERE NOT missing OR part IS NOT NULL ORDER BY slot"
        )
    )
    return _Rows(
        slots=np.array([row[0] for row in rows], np.int64),
        fingerprints=[row[1] for row in rows],
        parts=[row[2] for row in rows],
        has_split=np.array([row[3] for row in rows], bool),
        taken=np.array([np.nan if row[4] is None else row[4] for row in rows], np.float64),
        cameras=[row[5] for row in rows],
    )


def _keyed_numbers(
    key: str, fingerprints: Sequence[bytes]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two numbers from 0 to 1 per photo that only its content and the library decide."""
    secret = bytes.fromhex(key)
    digests = [hashlib.blake2b(p, key=secret, digest_size=16).digest() for p in fingerprints]
    numbers = np.frombuffer(b"".join(digests), ">u8").reshape(-1, 2) / 2.0**64
    return numbers[:, 0], numbers[:, 1]


def _audit_cut(
    library: Library,
    ranks: NDArray[np.float64],
    new: NDArray[np.bool_],
    has_split: NDArray[np.bool_],
) -> float:
    """Return below which rank a photo is audited; drawn once, when the library is large enough."""
    stored = library.catalog.meta("audit_cut")
    if stored is not None:
        return float(stored)
    free = ~has_split
    if free.sum() < AUDIT_FROM:
        return 0.0
    wanted = max(AUDIT_LEAST, round(AUDIT_SHARE * int(free.sum())))
    candidates = np.sort(ranks[new & free])
    wanted = min(wanted, int(AUDIT_MOST * len(candidates)))
    cut = float(candidates[wanted]) if wanted else 0.0
    library.catalog.set_meta("audit_cut", repr(cut))
    return cut


def _twins(library: Library, rows: _Rows) -> NDArray[np.int64]:
    store = HashStore.open(library.places.cache)
    prints = b"".join(p[:8].ljust(8, b"\0") for p in rows.fingerprints)
    hashes, hashed = store.read(rows.slots, np.frombuffer(prints, np.uint64))
    store.close()
    return twin_groups(hashes, hashed, rows.taken, rows.cameras)


def _drawn(
    twins: NDArray[np.int64],
    parts: Sequence[str | None],
    ranks: NDArray[np.float64],
    shares: NDArray[np.float64],
    cut: float,
) -> list[str]:
    """Return the part of every photo: its own, its twins', or the one drawn for all of them."""
    known: dict[int, set[str]] = {}
    for leader, part in zip(twins.tolist(), parts, strict=True):
        if part is not None and part != ASIDE:
            known.setdefault(leader, set()).add(part)
    return [
        part if part is not None else _part_of(leader, known.get(leader, set()), ranks, shares, cut)
        for leader, part in zip(twins.tolist(), parts, strict=True)
    ]


def _part_of(
    leader: int,
    twins: set[str],
    ranks: NDArray[np.float64],
    shares: NDArray[np.float64],
    cut: float,
) -> str:
    if len(twins) > 1:
        return ASIDE
    if twins:
        return next(iter(twins))
    if ranks[leader] < cut:
        return AUDIT
    return TRAIN if shares[leader] < TRAIN_SHARE else HELD_OUT
