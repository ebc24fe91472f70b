"""Perceptual hashes are kept bit for bit, and only for the bytes they were taken of."""

import numpy as np

from tagger.library.cache_hashes import HashStore


def test_hashes_come_back_bit_for_bit(tmp_path):
    hashes = np.array([0, 1, 2**64 - 1, 0x7C007E00FC00FE01, 0x8000000000000001], np.uint64)
    slots, signatures = np.arange(1, 6), np.arange(11, 16).astype(np.uint64)
    store = HashStore.open(tmp_path, writable=True)
    store.write(slots, hashes, signatures)
    store.close()
    found, kept = HashStore.open(tmp_path).read(slots, signatures)
    assert kept.all()
    assert found.tolist() == hashes.tolist(), "also patterns that are NaN or infinite as numbers"


def test_a_changed_photo_has_no_hash(tmp_path):
    store = HashStore.open(tmp_path, writable=True)
    store.write(np.array([3]), np.array([7], np.uint64), np.array([5], np.uint64))
    found, kept = store.read(np.array([3, 3, 9]), np.array([5, 6, 5], np.uint64))
    assert kept.tolist() == [True, False, False]
    assert found.tolist() == [7, 0, 0]


def test_without_a_cache_nothing_is_known(tmp_path):
    _, kept = HashStore.open(tmp_path).read(np.array([1]), np.array([1], np.uint64))
    assert not kept.any()
