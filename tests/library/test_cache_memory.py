"""A writer does not come to hold the whole file it writes."""

import sys
from pathlib import Path

import numpy as np
import pytest

from tagger.library.cache import EmbeddingStore

WIDTH = 1280


def resident_mb(folder):
    """Return how much of the files below a folder this process holds in memory."""
    kilobytes, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            inside = str(folder) in line
        elif inside and words[0] == "Rss:":
            kilobytes += int(words[1])
    return kilobytes / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is told to take memory back")
def test_memory_of_written_rows_is_given_back_and_the_rows_stay(tmp_path):
    count = 9000
    store = EmbeddingStore.open(tmp_path, "space", WIDTH, writable=True)
    store.reserve(count)
    rows = np.random.default_rng(0).random((500, WIDTH)).astype(np.float16)
    most = 0.0
    for start in range(0, count, 500):
        slots = np.arange(start, start + 500)
        store.write(slots, rows + np.float16(start / 500), slots.astype(np.uint64) + 1)
        most = max(most, resident_mb(tmp_path))
    assert 1 < most < 15  # of 23 MB
    for start in range(0, count, 500):
        kept = store.read(np.arange(start, start + 500))
        assert np.array_equal(kept, rows + np.float16(start / 500))
    store.close()
    again = EmbeddingStore.open(tmp_path, "space", WIDTH, writable=True)
    assert resident_mb(tmp_path) < 1
    assert np.array_equal(again.read(np.arange(500)), rows)
    again.close()
