"""Which photos were shown and left without a decision, so that *unseen* can be asked for."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future

import apsw
import numpy as np
from numpy.typing import NDArray

from tagger.core.names import utc_now
from tagger.library.catalog import Catalog


def load_seen(catalog: Catalog, slots: int) -> NDArray[np.bool_]:
    """Return which photos were shown before: bool [slots]."""
    seen = np.zeros(slots, bool)
    shown = np.fromiter((row[0] for row in catalog.rows("SELECT photo FROM seen")), np.int64)
    seen[shown[shown < slots]] = True
    return seen


def mark_seen(catalog: Catalog, slots: Iterable[int]) -> Future[None]:
    """Note that photos were shown. This is no decision: it is no act and cannot be undone."""
    time = utc_now()
    rows = [(int(slot), time) for slot in slots]

    def write(connection: apsw.Connection) -> None:
        connection.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", rows)

    return catalog.write(write)


def load_audit(catalog: Catalog, slots: int) -> NDArray[np.bool_]:
    """Return which photos are reserved for the audit set: bool [slots]."""
    audit = np.zeros(slots, bool)
    chosen = np.fromiter(
        (row[0] for row in catalog.rows("SELECT slot FROM photo WHERE part = 'audit'")), np.int64
    )
    audit[chosen[chosen < slots]] = True
    return audit
