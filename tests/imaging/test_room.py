"""Large pictures: those that are reduced while decoding pass, those that do not fit are refused."""

import subprocess
import sys
import threading
import time

import pytest
from PIL import Image

from tagger.imaging import room
from tagger.imaging.memory import available_bytes
from tagger.imaging.opener import MAX_PIXELS, open_picture
from tagger.imaging.problems import PhotoProblem
from tagger.imaging.room import LARGE, LargePictures, needed_bytes

LINUX = sys.platform == "linux"
MEASURE = """
import re, sys
from tagger.core.preprocessing import Preprocessing
from tagger.imaging.model_input import model_input
from tagger.imaging.problems import PhotoProblem

def most_kb():
    return int(re.search("VmHWM:(.*)kB", open("/proc/self/status").read())[1])

before = most_kb()
try:
    model_input(sys.argv[1], Preprocessing(224, 224))
    said = "done"
except PhotoProblem as problem:
    said = problem.kind
print(said, (most_kb() - before) // 1024)
"""
LIMITED = """
import resource
size = int(sys.argv[2]) << 20
resource.setrlimit(resource.RLIMIT_AS, (size, size))
"""


def decoded_apart(path, limit_mb=None):
    """Bring a photo to model input in a process of its own; return outcome and peak in MB."""
    script, arguments = MEASURE, [str(path)]
    if limit_mb:
        script, arguments = f"import sys{LIMITED}{MEASURE}", [str(path), str(limit_mb)]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    said, peak = done.stdout.split()
    return said, int(peak)


@pytest.fixture(scope="module")
def giant(tmp_path_factory):
    """A folder of JPEGs of 200 megapixels."""
    folder = tmp_path_factory.mktemp("giant")
    picture = Image.linear_gradient("L").resize((20_000, 10_000), Image.Resampling.NEAREST)
    picture.save(folder / "baseline.jpg", quality=80)
    picture.save(folder / "progressive.jpg", quality=80, progressive=True)
    return folder


@pytest.mark.slow
@pytest.mark.skipif(not LINUX, reason="measures memory as Linux does")
def test_a_jpeg_of_200_megapixels_passes_in_little_memory(giant):
    said, peak = decoded_apart(giant / "baseline.jpg")
    assert (said, peak < 100) == ("done", True), peak


@pytest.mark.slow
@pytest.mark.skipif(not LINUX, reason="measures memory as Linux does")
def test_pictures_that_must_be_decoded_whole_take_what_was_estimated(giant, test_data):
    for path in (giant / "progressive.jpg", test_data / "awkward" / "large-200-megapixel.png"):
        with path.open("rb") as file:
            image = open_picture(file)
            full = image.size
            if image.format == "JPEG":
                image.draft(None, (448, 448))
            estimate = needed_bytes(image, full) / 1e6
        said, peak = decoded_apart(path)
        assert said == "done"
        assert peak < 1.3 * estimate + 60, path.name
        assert estimate < 1.5 * peak + 60, path.name


@pytest.mark.slow
@pytest.mark.skipif(not LINUX, reason="limits memory as Linux does")
def test_a_picture_that_does_not_fit_is_refused_before_memory_is_taken(giant, test_data):
    said, peak = decoded_apart(giant / "progressive.jpg", limit_mb=500)
    assert (said, peak < 100) == ("memory", True), peak
    png = test_data / "awkward" / "large-200-megapixel.png"
    said, peak = decoded_apart(png, limit_mb=700)
    assert (said, peak < 100) == ("memory", True), peak


def test_a_bomb_is_refused_by_its_header(tmp_path):
    wide = Image.new("1", (20_000, 13_000))
    assert wide.width * wide.height > MAX_PIXELS
    for name in ("a.png", "a.tif", "a.gif"):
        wide.save(tmp_path / name, **({"compression": "group4"} if name == "a.tif" else {}))
        with (tmp_path / name).open("rb") as file, pytest.raises(PhotoProblem) as told:
            open_picture(file)
        assert told.value.kind == "too_large", name


def test_there_is_some_memory_and_not_more_than_any_machine_has():
    assert 10_000_000 < available_bytes() < 1 << 50


def test_too_little_memory_is_said_with_both_figures(monkeypatch):
    monkeypatch.setattr(room, "available_bytes", lambda: 1_000_000_000)
    said = r"takes 3\.0 GB of memory; 900 MB is free"
    with pytest.raises(PhotoProblem, match=said), LargePictures().room_for(3_000_000_000):
        pytest.fail("there was no room")


def test_large_pictures_come_one_at_a_time_and_one_that_hangs_does_not_stop_the_others():
    pictures, inside, hang = LargePictures(), [], threading.Event()

    def decode(name, wait):
        with pictures.room_for(LARGE + 1):
            inside.append(name)
            if wait:
                hang.wait(20)

    first = threading.Thread(target=decode, args=("first", True), daemon=True)
    second = threading.Thread(target=decode, args=("second", False), daemon=True)
    first.start()
    wait_for(lambda: inside == ["first"])
    second.start()
    wait_for(lambda: pictures.waits(second.ident))
    assert inside == ["first"]
    pictures.give_up(first.ident)
    second.join(10)
    assert inside == ["first", "second"]
    hang.set()
    first.join(10)
    with pictures.room_for(LARGE + 1):
        assert not pictures.waits(threading.get_ident())


def wait_for(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
