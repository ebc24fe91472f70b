"""Thumbnails are small, upright, and never a burden: their cache may vanish or break."""

import io
import multiprocessing
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagger.imaging.decode import PhotoProblem, read_photo
from tagger.imaging.thumbnails import ThumbnailCache, make_thumbnail


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg))


def test_longest_side_is_as_asked_and_small_photos_keep_their_size(test_data: Path) -> None:
    assert opened(make_thumbnail(test_data / "originals" / "leica-t.jpg", 200)).size == (132, 200)
    assert opened(make_thumbnail(test_data / "awkward" / "one-pixel.png", 200)).size == (1, 1)
    strip = make_thumbnail(test_data / "awkward" / "very-long-strip.jpg", 256)
    assert opened(strip).size == (256, 1)


def test_thumbnail_is_upright_without_needing_exif(test_data: Path) -> None:
    path = test_data / "awkward" / "orientation-6.jpg"
    thumbnail = opened(make_thumbnail(path, 180))
    assert thumbnail.size == (120, 180)
    assert not thumbnail.getexif()
    full = np.asarray(Image.fromarray(read_photo(path)).resize((120, 180))).astype(int)
    assert np.abs(np.asarray(thumbnail) - full).mean() < 5


def test_a_broken_photo_has_no_thumbnail(test_data: Path, tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path, 10**6)
    with pytest.raises(PhotoProblem):
        cache.get_or_make(test_data / "awkward" / "truncated.png", key(1), 64)
    assert cache.get(key(1), 64) is None
    cache.close()


def test_kept_thumbnails_come_back_after_reopening(test_data: Path, tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path, 10**6)
    made = cache.get_or_make(test_data / "awkward" / "orientation-1.jpg", key(1), 64)
    cache.close()
    again = ThumbnailCache(tmp_path, 10**6)
    assert again.get(key(1), 64) == made
    assert again.get(key(1), 128) is None
    assert again.get(key(2), 64) is None
    again.close()


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path, 10_000)
    for number in range(9):
        cache.put(key(number), 64, bytes(1000))
    assert cache.get(key(0), 64)
    for number in range(9, 12):
        cache.put(key(number), 64, bytes(1000))
    kept = [number for number in range(12) if cache.get(key(number), 64)]
    assert 0 in kept
    assert 11 in kept
    assert 1 not in kept
    assert len(kept) <= 10
    cache.close()


def test_the_file_stays_near_its_limit(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path, 500_000)
    for number in range(300):
        cache.put(key(number), 64, bytes(10_000))
    cache.close()
    assert cache.path.stat().st_size < 1_000_000


@pytest.mark.parametrize("damage", ["garbage", "middle", "empty", "other"])
def test_a_damaged_cache_is_begun_anew(tmp_path: Path, damage: str) -> None:
    cache = ThumbnailCache(tmp_path, 10**6)
    for number in range(50):
        cache.put(key(number), 64, bytes([number]) * 5000)
    cache.close()
    data = bytearray(cache.path.read_bytes())
    if damage == "garbage":
        cache.path.write_bytes(b"no database at all" * 500)
    elif damage == "middle":
        data[1000:60_000] = b"\x5a" * 59_000
        cache.path.write_bytes(data)
    elif damage == "empty":
        cache.path.write_bytes(b"")
    else:
        import apsw

        with apsw.Connection(str(cache.path)) as other:
            other.execute("DROP TABLE thumbnail")
            other.execute("CREATE TABLE thumbnail (something)")
    again = ThumbnailCache(tmp_path, 10**6)
    for number in range(50):
        again.get(key(number), 64)
    again.put(key(99), 64, b"fresh")
    assert again.get(key(99), 64) == b"fresh"
    again.close()


def test_a_folder_that_cannot_be_had_costs_nothing_but_the_cache(
    test_data: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = ThumbnailCache(tmp_path / "file" / "inside", 10**6)
    jpeg = cache.get_or_make(test_data / "awkward" / "orientation-1.jpg", key(1), 64)
    assert opened(jpeg).size == (43, 64)
    cache.close()


def _fill(folder: Path, start: int) -> None:
    cache = ThumbnailCache(folder, 10**7)
    for number in range(start, start + 100):
        cache.put(key(number), 64, bytes([number % 256]) * 500)
    cache.close()


@pytest.mark.slow
def test_processes_and_threads_share_one_cache(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_fill, args=(tmp_path, start)) for start in (0, 100)]
    threads = [threading.Thread(target=_fill, args=(tmp_path, start)) for start in (200, 300)]
    for worker in (*processes, *threads):
        worker.start()
    for worker in (*processes, *threads):
        worker.join()
    assert all(process.exitcode == 0 for process in processes)
    cache = ThumbnailCache(tmp_path, 10**7)
    found = [number for number in range(400) if cache.get(key(number), 64)]
    assert len(found) == 400
    cache.close()
