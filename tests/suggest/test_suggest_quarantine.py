"""A photo that makes the decoder crash or hang costs itself only, with the real child process."""

import os
import re
import shutil
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from suggest_helpers import Talk, scan_folder

from tagger.library.cache_problems import read_problems
from tagger.library.opening import find_places
from tagger.suggest.blocking import run_suggest
from tagger.suggest.client import SuggesterError
from tagger.suggest.inflight import InFlight
from tagger.suggest.photos import pending_photos

pytestmark = pytest.mark.slow

CRASHING = [sys.executable, str(Path(__file__).with_name("crashing_suggester.py"))]


@pytest.fixture
def with_bad(make_library, test_data):
    """Return a function that makes a library of so many good photos and these bad names."""

    def make(count, *names):
        home = make_library(count)
        good = sorted(home.glob("*.jpeg"))[0]
        for name in names:
            shutil.copy(good, home / name)
        scan_folder(home)
        return home

    return make


@pytest.fixture
def crashing(tmp_path, monkeypatch):
    """Return a function that suggests with a decoder that crashes; gives result and messages."""

    def run(home, bundle, **options):
        heard = []
        log = tmp_path / "log"
        result = run_suggest(
            home, bundle, command=CRASHING, on_message=heard.append, log_file=log, **options
        )
        return result, heard

    return run


def kinds(heard, kind):
    return [message for message in heard if message["type"] == kind]


def reasons(result):
    return {problem["path"]: problem["reason"] for problem in result.problems}


def test_a_crash_of_the_decoder_costs_one_photo(with_bad, tiny, crashing):
    bad = ("1-segfault.jpg", "m-abort.jpg", "z-segfault.jpg")
    home = with_bad(40, *bad)
    result, heard = crashing(home, tiny)
    assert (result.photos, result.done, result.skipped) == (43, 40, 0)
    assert set(reasons(result)) == set(bad)
    assert all("crashes the decoder" in reason for reason in reasons(result).values())
    assert 1 <= len(kinds(heard, "restarted")) <= 3
    done = [slot for message in kinds(heard, "batch") for slot in message["slots"]]
    assert len(done) == len(set(done)) == 40, "nothing is done twice"
    steps = kinds(heard, "progress")
    assert [step["done"] for step in steps] == sorted(step["done"] for step in steps)
    assert {step["total"] for step in steps} == {43}

    again, heard = crashing(home, tiny)
    assert (again.done, again.skipped, reasons(again)) == (0, 40, reasons(result))
    assert kinds(heard, "restarted") == [], "what was found out is remembered"


def test_a_photo_that_eats_all_memory_costs_itself_only(with_bad, tiny, crashing):
    result, _ = crashing(with_bad(20, "eats-memory.jpg"), tiny)
    assert result.done == 20
    assert "more memory than this computer has" in reasons(result)["eats-memory.jpg"]


def test_retry_tries_a_crashing_photo_once_more(with_bad, tiny, crashing):
    home = with_bad(12, "segfault.jpg")
    crashing(home, tiny)
    again, heard = crashing(home, tiny, retry=[])
    assert len(kinds(heard, "restarted")) == 1
    assert (again.done, set(reasons(again))) == (0, {"segfault.jpg"})
    cured = run_suggest(home, tiny, retry=[])
    assert (cured.done, cured.problems) == (1, []), "a decoder that can, does"


def test_a_crash_that_is_no_photos_fault_is_told_and_not_repeated_for_ever(
    make_library, tiny, crashing, monkeypatch
):
    home = make_library(10)
    run_suggest(make_library(1, "other"), tiny)
    monkeypatch.setenv("MODEL_CRASHES", "1")
    with pytest.raises(SuggesterError, match=r"ended unexpectedly .* 4 times in a row") as told:
        crashing(home, tiny)
    assert "Nothing you did is lost" in str(told.value)
    assert read_problems(home / ".tagger" / "cache") == [], "no photo is accused"
    monkeypatch.delenv("MODEL_CRASHES")
    assert run_suggest(home, tiny).done == 10


def test_innocent_photos_in_flight_are_not_accused(make_library, tiny):
    home = make_library(6)
    photos = pending_photos(find_places(home))
    cache = home / ".tagger" / "cache"
    table = InFlight(cache)
    first, second, *_ = zip(photos.slots.tolist(), photos.signatures.tolist(), strict=True)
    with table.noted(*first), table.noted(*second), table.noted(99, 7):
        left = (cache / "in-flight.bin").read_bytes()
    (cache / "in-flight.bin").write_bytes(left)
    assert sorted(InFlight(cache).left) == sorted([first, second, (99, 7)])
    result = run_suggest(home, tiny)
    assert (result.done, result.problems) == (6, [])
    assert InFlight(cache).left == []


def test_a_photo_that_hangs_is_given_up_and_the_others_go_on(with_bad, tiny, crashing, monkeypatch):
    monkeypatch.setenv("PATIENCE_S", "1.5")
    home = with_bad(20, "hangs.jpg", *(f"long-{number}.jpg" for number in range(3)))
    began = time.monotonic()
    result, _ = crashing(home, tiny)
    assert time.monotonic() - began < 30
    assert result.done == 23, "slow ones within the limit are done"
    assert list(reasons(result)) == ["hangs.jpg"]
    assert "took longer than" in reasons(result)["hangs.jpg"]
    assert [problem.kind for problem in read_problems(home / ".tagger" / "cache")] == ["slow"]


def test_many_photos_that_hang_end_in_a_new_process_not_in_a_standstill(
    with_bad, tiny, crashing, monkeypatch
):
    monkeypatch.setenv("PATIENCE_S", "1")
    hanging = [f"0-hangs-{number}.jpg" for number in range(5)]
    result, heard = crashing(with_bad(20, *hanging), tiny)
    assert (result.photos, result.done) == (25, 20)
    assert sorted(reasons(result)) == hanging
    assert kinds(heard, "renew")


def test_a_pause_outlives_a_crash_and_stop_acts_while_a_photo_hangs(
    with_bad, starter, tmp_path, monkeypatch
):
    home = with_bad(30, "0-hangs.jpg", "0-hangs-2.jpg")
    one = Talk(tmp_path / "log", command=CRASHING)
    try:
        one.client.start(home, starter)
        one.wait("ready")
        one.client.pause()
        one.wait("paused")
        os.kill(one.client.pid, 9)
        one.wait("restarted")
        one.wait("paused")
        one.client.resume()
        one.wait("resumed")
        one.wait("ready")
        time.sleep(1)
        asked = time.monotonic()
        one.client.stop()
        assert one.wait("stopped", "finished")["at"] - asked < 10, "nobody waits for the photo"
    finally:
        began = time.monotonic()
        one.client.close()
        assert time.monotonic() - began < 10


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux does")
def test_a_picture_that_takes_much_memory_takes_none_of_the_suggester(make_library, tiny, talk):
    home, one = make_library(4), talk()
    whole, broken = home / "large.webp", home / "large-broken.webp"
    Image.new("RGB", (5_300, 5_300), "orange").save(whole, quality=1, method=0)
    broken.write_bytes(whole.read_bytes()[:-200])
    scan_folder(home)
    one.client.start(home, tiny)
    result = one.wait("finished")
    (most,) = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{one.client.pid}/status").read_text())
    assert int(most) / 1024 < 450, "decoded in here it would take 0.6 GB"
    assert result["done"] == 5
    (problem,) = result["problems"]
    assert (problem["path"], "damaged" in problem["reason"]) == (broken.name, True)
    assert one.all("restarted") == []
