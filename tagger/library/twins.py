"""Photos that hardly differ: shots of one series, copies of one picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

TIGHT = 3
"""Most bits in which the perceptual hashes of near twins differ. Measured on 240 photos: copies
at half the size or JPEG quality 50 differ in 0 to 2 bits; among the 4,500 photos of Corel 77 have
a neighbour that near."""

SAME_MOMENT = 10.0
"""Seconds within which shots of one camera count as one moment."""

_CROWD = 64
_BAND = 16


def twin_groups(
    hashes: NDArray[np.uint64],
    hashed: NDArray[np.bool_],
    taken: NDArray[np.float64],
    cameras: Sequence[str | None],
) -> NDArray[np.int64]:
    """Gather photos that are near twins of each other, also by way of third ones.

    Args:
        hashes: uint64 [n], perceptual.
        hashed: bool [n], which hashes are known.
        taken: float64 [n], seconds; NaN where the camera did not say.
        cameras: n names, None where unknown.

    Returns:
        int64 [n], the number of each photo's group: the lowest row in it.
    """
    leader = np.arange(len(hashes))
    pairs = [*_alike(hashes, hashed), *_same_moment(taken, cameras)]
    for one, other in pairs:
        first, second = _root(leader, one), _root(leader, other)
        leader[max(first, second)] = min(first, second)
    return np.array([_root(leader, row) for row in range(len(leader))], np.int64)


def _root(leader: NDArray[np.int64], row: int) -> int:
    while leader[row] != row:
        leader[row] = leader[leader[row]]
        row = int(leader[row])
    return row


def _alike(hashes: NDArray[np.uint64], hashed: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Find pairs that differ in at most `TIGHT` bits.

    Such a pair agrees in at least one of four bands of 16 bits; only those with an equal band are
    compared. A band value shared by a crowd (flat pictures) says little: there only neighbours in
    the order of the whole hash are compared.
    """
    rows = np.flatnonzero(hashed)
    found: set[tuple[int, int]] = set()
    for band in range(64 // _BAND):
        values = (hashes[rows] >> np.uint64(band * _BAND)) & np.uint64(0xFFFF)
        order = np.lexsort((hashes[rows], values))
        starts = np.flatnonzero(np.append(True, np.diff(values[order]) != 0))
        for members in np.split(rows[order], starts[1:]):
            if len(members) > 1:
                found.update(_near(members, hashes[members]))
    return sorted(found)


def _near(members: NDArray[np.int64], hashes: NDArray[np.uint64]) -> list[tuple[int, int]]:
    near = []
    for step in range(1, min(len(members), _CROWD)):
        close = np.flatnonzero(np.bitwise_count(hashes[step:] ^ hashes[:-step]) <= TIGHT)
        near += [(int(members[at]), int(members[at + step])) for at in close]
    return near


def _same_moment(
    taken: NDArray[np.float64], cameras: Sequence[str | None]
) -> list[tuple[int, int]]:
    """Find consecutive shots of one camera within `SAME_MOMENT`."""
    known = [row for row, camera in enumerate(cameras) if camera and not np.isnan(taken[row])]
    order = sorted(known, key=lambda row: (cameras[row], taken[row]))
    return [
        (one, other)
        for one, other in pairwise(order)
        if cameras[one] == cameras[other] and taken[other] - taken[one] <= SAME_MOMENT
    ]
