"""Promises of the arrays that the suggester keeps: `tagger.library.cache`."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tagger.bundle.spec import BundleGroup, BundleLabel, BundleSpec
from tagger.core.preprocessing import Preprocessing
from tagger.library.cache import EmbeddingStore, ScoreStore, prune_cache
from tagger.library.cache_file import HEADER_BYTES, CacheError
from tagger.library.cache_problems import ProblemTable
from tagger.suggest.inflight import InFlight

SIZE = 6


def labels(group, names):
    return tuple(BundleLabel(f"{group}-{name}", name) for name in names)


@pytest.fixture
def spec():
    groups = (
        BundleGroup("g1", "tags", "multi", labels("g1", "abc")),
        BundleGroup("g2", "breed", "single", labels("g2", "xy")),
    )
    return BundleSpec("Tiny", Preprocessing(8, 8), groups, SIZE, "space", None, "bundle")


def embeddings(cache, writable=True, size=SIZE):
    return EmbeddingStore.open(cache, "space", size, writable=writable)


def slots(*numbers):
    return np.array(numbers, np.int64)


def signed(*numbers):
    return np.array(numbers, np.uint64)


def rows(*firsts):
    return np.array([[first + column for column in range(SIZE)] for first in firsts], np.float32)


def scores_of(*shares):
    return {
        "g1": np.array([[share, 0.5, 1 - share] for share in shares]),
        "g2": np.array([[share, 1 - share] for share in shares]),
    }


def data_file(cache):
    return next((cache / "embeddings" / "space").glob("*.bin"))


def test_embeddings_come_back_as_float16_and_the_rest_is_nan(tmp_path):
    store = embeddings(tmp_path)
    store.write(slots(5, 2), rows(1.25, 100), signed(7, 8))
    found = store.read(slots(2, 3, 5, 100_000))
    assert found.dtype == np.float16
    assert np.array_equal(found[[0, 2]], rows(100, 1.25).astype(np.float16))
    assert np.isnan(found[[1, 3]]).all()
    assert store.signatures(slots(2, 3, 5, 100_000)).tolist() == [8, 0, 7, 0]


def test_embeddings_too_large_for_float16_are_clipped_not_infinite(tmp_path):
    store = embeddings(tmp_path)
    store.write(slots(0), rows(0) + 1e6, signed(1))
    assert np.isfinite(store.read(slots(0))).all()


def test_a_row_is_kept_for_exactly_the_bytes_it_was_computed_from(tmp_path):
    store = embeddings(tmp_path)
    store.write(slots(1, 2), rows(1, 2), signed(11, 12))
    asked = store.kept(slots(1, 2, 3, 4), signed(11, 99, 0, 5))
    assert asked.tolist() == [True, False, False, False]


def test_a_reader_sees_rows_at_once_and_growth_after_refresh(tmp_path):
    writer = embeddings(tmp_path)
    writer.write(slots(0), rows(1), signed(1))
    reader = embeddings(tmp_path, writable=False)
    writer.write(slots(1), rows(2), signed(2))
    assert reader.read(slots(1))[0, 0] == 2

    far = reader.capacity
    writer.write(slots(far), rows(3), signed(3))
    assert np.isnan(reader.read(slots(far))).all()
    assert reader.read(slots(1))[0, 0] == 2
    assert reader.refresh()
    assert reader.read(slots(far))[0, 0] == 3
    assert reader.read(slots(1))[0, 0] == 2
    assert not reader.refresh()


def test_a_reader_of_nothing_is_empty_until_something_is_there(tmp_path, spec):
    reader = ScoreStore.open(tmp_path, spec)
    assert len(reader.column("g1", 0)) == 0
    assert np.isnan(reader.of_photo(3)["g2"]).all()
    ScoreStore.open(tmp_path, spec, writable=True).write(slots(3), scores_of(0.9), signed(1))
    reader.refresh()
    assert reader.of_photo(3)["g2"][0] > 0


def test_growth_leaves_one_file_behind(tmp_path):
    store = embeddings(tmp_path)
    store.write(slots(0), rows(1), signed(1))
    store.write(slots(50_000), rows(2), signed(2))
    assert store.read(slots(0, 50_000))[:, 0].tolist() == [1, 2]
    folder = tmp_path / "embeddings" / "space"
    assert sorted(path.suffix for path in folder.iterdir()) == ["", ".bin"]


def test_scores_are_logits_in_a_contiguous_column_per_label(tmp_path, spec):
    store = ScoreStore.open(tmp_path, spec, writable=True)
    store.write(slots(4, 6), scores_of(0.9, 0.0), signed(1, 2))
    column = store.column("g1", 0)
    assert column.dtype == np.float16
    assert column.flags.c_contiguous
    assert column[4] == pytest.approx(np.log(9), abs=2e-3)
    assert column[6] == -16
    assert np.isnan(column[5])
    photo = store.of_photo(4)
    assert [len(photo["g1"]), len(photo["g2"])] == [3, 2]
    assert photo["g2"][1] == pytest.approx(-np.log(9), abs=2e-3)
    store.write(slots(5), scores_of(0.2), signed(3))
    assert column[5] < 0, "a column shows new scores without being asked for again"
    with pytest.raises(IndexError):
        store.column("g2", 2)


def test_a_score_moves_by_less_than_a_thousandth_in_the_cache(tmp_path, spec):
    shares = np.linspace(0, 1, 1000)
    store = ScoreStore.open(tmp_path, spec, writable=True)
    store.write(np.arange(1000), scores_of(*shares), np.arange(1, 1001, dtype=np.uint64))
    kept = 1 / (1 + np.exp(-store.column("g1", 0)[:1000].astype(np.float64)))
    assert np.abs(kept - shares).max() < 1e-3


def test_forgotten_scores_are_nan_and_not_kept(tmp_path, spec):
    store = ScoreStore.open(tmp_path, spec, writable=True)
    store.write(slots(1, 2), scores_of(0.9, 0.8), signed(1, 2))
    store.forget(slots(1, 999_999))
    assert np.isnan(store.column("g1", 0)[1])
    assert store.kept(slots(1, 2), signed(1, 2)).tolist() == [False, True]


def _spoil(path, kind):
    content = path.read_bytes()
    if kind == "half written":
        path.write_bytes(content[: len(content) // 2])
    elif kind == "foreign":
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000))
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "other format":
        path.write_bytes(content.replace(b'"version": 1', b'"version": 9', 1))
    elif kind == "garbage header":
        path.write_bytes(bytes(range(256)) * (HEADER_BYTES // 256) + content[HEADER_BYTES:])
    elif kind == "no pointer":
        (path.parent / "current").unlink()
    elif kind == "pointer outside":
        (path.parent / "current").write_text("../../../elsewhere.bin")
    elif kind == "pointer garbage":
        (path.parent / "current").write_bytes(b"\xff\xfe\x00")


@pytest.mark.parametrize(
    "kind",
    [
        "half written",
        "foreign",
        "empty",
        "other format",
        "garbage header",
        "no pointer",
        "pointer outside",
        "pointer garbage",
    ],
)
def test_a_spoiled_file_is_thrown_away_without_an_error(tmp_path, kind):
    store = embeddings(tmp_path)
    store.write(slots(1), rows(1), signed(1))
    store.close()
    _spoil(data_file(tmp_path), kind)
    assert embeddings(tmp_path, writable=False).signatures(slots(1)).tolist() == [0]

    again = embeddings(tmp_path)
    assert again.signatures(slots(1)).tolist() == [0]
    again.write(slots(1), rows(5), signed(1))
    assert embeddings(tmp_path, writable=False).read(slots(1))[0, 0] == 5


def test_embeddings_of_another_size_are_thrown_away(tmp_path):
    embeddings(tmp_path).write(slots(1), rows(1), signed(1))
    other = embeddings(tmp_path, size=SIZE + 1)
    assert other.signatures(slots(1)).tolist() == [0]


def test_a_row_whose_bytes_were_changed_on_disk_is_thrown_away(tmp_path):
    store = embeddings(tmp_path)
    store.write(slots(0, 1, 2), rows(1, 2, 3), signed(1, 2, 3))
    capacity = store.capacity
    store.close()
    path = data_file(tmp_path)
    content = bytearray(path.read_bytes())
    content[HEADER_BYTES + 12 * capacity + 2 * SIZE] ^= 0x40
    path.write_bytes(content)
    assert embeddings(tmp_path).signatures(slots(0, 1, 2)).tolist() == [1, 0, 3]


def test_a_cache_deleted_while_it_is_written_is_made_again(tmp_path):
    store = embeddings(tmp_path / "cache")
    store.write(slots(0), rows(1), signed(1))
    for path in sorted((tmp_path / "cache").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    store.write(slots(1), rows(2), signed(2))
    found = embeddings(tmp_path / "cache", writable=False)
    assert found.read(slots(1))[0, 0] == 2


def test_a_cache_that_cannot_be_written_says_so_in_a_sentence(tmp_path):
    (tmp_path / "embeddings").write_text("a file where a folder must be")
    with pytest.raises(CacheError, match=r"cannot be written .*[Ff]ree some space"):
        embeddings(tmp_path).write(slots(0), rows(1), signed(1))


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX")
def test_a_full_disk_is_an_error_and_leaves_the_old_file(tmp_path):
    script = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from tagger.library.cache import EmbeddingStore
from tagger.library.cache_file import CacheError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = EmbeddingStore.open(Path(sys.argv[1]), "space", 6, writable=True)
one = np.ones(1, np.uint64)
store.write(np.array([3]), np.full((1, 6), 9.0), one)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    store.write(np.array([90_000]), np.full((1, 6), 8.0), one)
except CacheError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "cannot be written" in done.stdout
    kept = embeddings(tmp_path)
    assert kept.read(slots(3))[0, 0] == 9
    assert len(list((tmp_path / "embeddings" / "space").iterdir())) == 2


_ENDLESS_WRITER = """
import sys
from pathlib import Path
import numpy as np
from tagger.bundle.spec import BundleGroup, BundleLabel, BundleSpec
from tagger.core.preprocessing import Preprocessing
from tagger.library.cache import EmbeddingStore, ScoreStore
labels = tuple(BundleLabel(f"l{n}", f"l{n}") for n in range(40))
group = BundleGroup("g", "tags", "multi", labels)
spec = BundleSpec("Tiny", Preprocessing(8, 8), (group,), 64, "space", None, "bundle")
cache = Path(sys.argv[1])
embeddings = EmbeddingStore.open(cache, "space", 64, writable=True)
scores = ScoreStore.open(cache, spec, writable=True)
print("ready", flush=True)
round_ = 1
while True:
    for start in range(0, 4000, 16):
        slots = np.arange(start, start + 16)
        values = (slots + round_) % 97
        signatures = (values + 1).astype(np.uint64)
        embeddings.write(slots, np.repeat(values[:, None], 64, 1).astype(np.float32), signatures)
        scores.write(slots, {"g": np.repeat(values[:, None] / 100, 40, 1)}, signatures)
    round_ += 1
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_never_leaves_wrong_numbers(tmp_path):
    label_set = tuple(BundleLabel(f"l{number}", f"l{number}") for number in range(40))
    group = BundleGroup("g", "tags", "multi", label_set)
    spec = BundleSpec("Tiny", Preprocessing(8, 8), (group,), 64, "space", None, "bundle")
    everything = np.arange(4000)
    for attempt in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", _ENDLESS_WRITER, str(tmp_path)], stdout=subprocess.PIPE
        )
        assert child.stdout.readline() == b"ready\n"
        time.sleep(random.Random(attempt).uniform(0.01, 0.4))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()

        reader = EmbeddingStore.open(tmp_path, "space", 64)
        vouched = reader.signatures(everything)
        known = np.flatnonzero(vouched)
        wanted = vouched[known].astype(np.float32)[:, None] - 1
        assert len(known) >= 16
        assert (reader.read(known) == wanted).all()

        stored = ScoreStore.open(tmp_path, spec)
        vouched = stored.signatures(everything)
        known = np.flatnonzero(vouched)
        columns = np.stack([stored.column("g", label) for label in range(40)], axis=1)[:4000]
        shares = 1 / (1 + np.exp(-columns.astype(np.float64)))
        assert np.abs(shares[known] - (vouched[known, None] - 1.0) / 100).max() < 1e-3


def test_only_the_latest_spaces_and_bundles_are_kept(tmp_path):
    for number in range(5):
        store = EmbeddingStore.open(tmp_path, f"space{number}", SIZE, writable=True)
        store.write(slots(0), rows(1), signed(1))
        store.close()
        os.utime(tmp_path / "embeddings" / f"space{number}" / "current", (number, number))
    EmbeddingStore.open(tmp_path, "space0", SIZE, writable=True).close()
    prune_cache(tmp_path, spaces=3)
    left = sorted(path.name for path in (tmp_path / "embeddings").iterdir())
    assert left == ["space0", "space3", "space4"]


def test_a_cache_never_makes_the_library_it_belongs_to(tmp_path):
    data = tmp_path / "photos" / ".tagger"
    data.mkdir(parents=True)
    store = embeddings(data / "cache")
    store.write(slots(0), rows(1), signed(7))
    (tmp_path / "photos").rename(tmp_path / "unplugged")
    with pytest.raises(CacheError):
        store.write(slots(1), rows(2), signed(8))
    for opened in (ProblemTable, InFlight):
        with pytest.raises(CacheError):
            opened(data / "cache")
    assert os.listdir(tmp_path) == ["unplugged"]
