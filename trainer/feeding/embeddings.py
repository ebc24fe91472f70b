"""Embeddings of a frozen backbone in place of photos."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class KnownEmbeddings:
    """Embeddings by row, computed before."""

    def __init__(self, rows: NDArray[np.int64], embeddings: NDArray[np.float32]) -> None:
        """Keep float32 [n, D] of the rows int64 [n]."""
        self._place = np.full(int(rows.max(initial=-1)) + 1, -1, np.int64)
        self._place[rows] = np.arange(len(rows))
        self._embeddings = embeddings

    def read(self, row: int) -> NDArray[np.float32]:
        """Return float32 [D] of one photo."""
        return self._embeddings[self._place[row]]
