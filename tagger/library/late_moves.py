"""A photo that was copied somewhere else and then deleted: a move in two steps, seen one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import apsw

from tagger.library.catalog import bump_revision
from tagger.library.library import Library

RECENT = timedelta(hours=1)
"""A copy that is older was meant as a second photo."""

_COPIES = """
SELECT old.slot, new.slot, new.path, new.mtime_ns, new.root FROM photo AS old
JOIN photo AS new ON new.fingerprint = old.fingerprint AND new.slot != old.slot
WHERE old.slot = ? AND old.missing AND NOT new.missing AND new.added >= ? AND new.split IS NULL
AND old.fingerprint != zeroblob(16)
AND NOT EXISTS (SELECT 1 FROM change WHERE kind IN ('decision', 'reviewed', 'split')
                AND a = new.slot)
"""


def join_late_moves(library: Library, gone: Sequence[int]) -> list[int]:
    """Give photos that are gone the place of the one equal photo that came shortly before.

    Only where nobody said anything of the newcomer yet; else both stay. The newcomer's slot takes
    the old path, of a photo that is not there and that nothing is taken for.

    Args:
        library: any thread.
        gone: slots of photos that have just vanished.

    Returns:
        The slots that live on at another path.
    """
    since = (datetime.now(UTC) - RECENT).strftime("%Y-%m-%dT%H:%M:%SZ")
    pairs: dict[int, tuple[int, bytes, int, int]] = {}
    taken: dict[int, int] = {}
    for slot in gone:
        found = list(library.catalog.rows(_COPIES, (slot, since)))
        if len(found) == 1:
            pairs[slot] = found[0][1:]
            taken[found[0][1]] = taken.get(found[0][1], 0) + 1
    pairs = {slot: new for slot, new in pairs.items() if taken[new[0]] == 1}
    if not pairs:
        return []

    def write(connection: apsw.Connection) -> None:
        for slot, (newcomer, path, mtime_ns, root) in pairs.items():
            connection.execute("DELETE FROM keywords WHERE photo = ?", (newcomer,))
            connection.execute(
                "UPDATE photo SET missing = 1, part = NULL, fingerprint = zeroblob(16), "
                "(path, root) = (SELECT path, root FROM photo WHERE slot = ?) WHERE slot = ?",
                (slot, newcomer),
            )
            connection.execute(
                "UPDATE photo SET path = ?, mtime_ns = ?, root = ?, missing = 0 WHERE slot = ?",
                (path, mtime_ns, root, slot),
            )
        bump_revision(connection)

    library.catalog.write(write).result()
    return list(pairs)
