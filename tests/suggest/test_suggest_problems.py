"""What can be wrong with a file: each kind becomes a problem with a plain reason, and is cured."""

import csv
import os
import queue
import shutil
import socket
import subprocess
import sys

import pytest
from suggest_helpers import copy_photos, scan_folder

from tagger.core.names import new_id
from tagger.library.cache_problems import read_problems
from tagger.library.library import Library
from tagger.suggest.blocking import run_suggest
from tagger.suggest.child import Suggester
from tagger.suggest.client import SuggesterError, suggester_command
from tagger.suggest.workplace import Workplace

pytestmark = pytest.mark.slow

WORDS = {
    "bad-crc.png": "damaged",
    "bad-width.bmp": "damaged",
    "bomb-1600-megapixel.png": "40,000 by 40,000 pixels; more than 250 megapixels",
    "bomb-declared-65500.jpg": "65,500 by 65,500 pixels; more than 250 megapixels",
    "corrupt-all-nulls.jpg": "cut off or damaged",
    "drawing.svg": "vector drawing",
    "float32.tif": "rare variant",
    "html.jpg": "web page",
    "jpeg-in-bmp.bmp": "rare variant",
    "jpeg-xl.jxl": "JPEG XL",
    "no-end-marker.jpg": "cut off",
    "text.jpg": "text file",
    "truncated-half.jpg": "cut off",
    "truncated-header.jpg": "cut off",
    "truncated-last-bytes.jpg": "cut off",
    "truncated.png": "cut off",
    "truncated.webp": "damaged",
    "twelve-bit.jpg": "12 bits per colour",
    "zero-bytes.jpg": "empty",
}
"""What is said of each file that the answer sheet of *awkward* calls unreadable."""

WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
"""Makes the superuser, as whom tests may run, obey the permissions of files."""


def reasons(result):
    return {problem["path"]: problem["reason"] for problem in result.problems}


def kinds_of(home):
    """Return path → kind of the listed problems."""
    with Library.open(home) as library:
        paths = {slot: library.photo_path(slot) for slot in map(int, library.photos.by_name)}
    return {
        os.path.relpath(paths[problem.slot], home): problem.kind
        for problem in read_problems(home / ".tagger" / "cache")
    }


def test_every_row_of_the_answer_sheet_is_done_or_named_as_what_it_is(tmp_path, test_data, tiny):
    home = tmp_path / "awkward"
    shutil.copytree(test_data / "awkward", home)
    scan_folder(home)
    result = run_suggest(home, tiny)
    said = reasons(result)
    with (home / "expected.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["file"]: row["readable"] for row in csv.DictReader(file)}
    both = "large-200-megapixel.png"
    assert rows.pop(both) == "no", "Pillow's own limit; the other decoder of the sheet opens it"
    assert both not in said, "and so do we"
    assert set(said) == {name for name, readable in rows.items() if readable == "no"} == set(WORDS)
    for name, words in WORDS.items():
        assert words in said[name], name
    assert result.done == result.photos - len(said)
    shown = [name for name, readable in rows.items() if readable == "yes" and name[0] != "."]
    assert result.done == len(shown) + 1


@pytest.fixture
def hard_to_open(make_library):
    """A library of 6 photos and of things that only have the name of one."""
    home = make_library(6)
    os.mkfifo(home / "pipe.jpg")
    (home / "loop.jpg").symlink_to("loop.jpg")
    (home / "zeros.jpg").symlink_to("/dev/zero")
    (home / "nothing.jpg").symlink_to("/dev/null")
    (home / "dangling.jpg").symlink_to("not-there.jpg")
    folder = home / "folder.jpg"
    folder.mkdir()
    photo = sorted(home.glob("*.jpeg"))[0]
    shutil.copy(photo, folder / "inside.jpg")
    (home / "linked.jpg").symlink_to(photo)
    shutil.copy(photo, home / "forbidden.jpg")
    (home / "forbidden.jpg").chmod(0)
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.getcwd()
        os.chdir(home)  # such names may not be long
        listening.bind("socket.jpg")
        os.chdir(here)
        yield home


@pytest.mark.skipif(sys.platform == "win32", reason="files of POSIX")
def test_what_is_no_file_is_named_and_nothing_waits_for_it(hard_to_open, tiny):
    home = hard_to_open
    root = os.geteuid() == 0
    if root and subprocess.run([*WITHOUT_RIGHTS, "true"], check=False).returncode:
        pytest.skip("run as superuser without setpriv")
    scan_folder(home)
    command = [*(WITHOUT_RIGHTS if root else []), *suggester_command()]
    result = run_suggest(home, tiny, command=command)
    assert result.done == 8, "six, the one in the folder, and the linked one"
    assert kinds_of(home) == {
        "pipe.jpg": "special",
        "loop.jpg": "special",
        "zeros.jpg": "special",
        "nothing.jpg": "special",
        "socket.jpg": "special",
        "dangling.jpg": "vanished",
        "forbidden.jpg": "permission",
    }
    said = reasons(result)
    assert "pipe" in said["pipe.jpg"]
    assert "device" in said["zeros.jpg"]
    assert "leads back to itself" in said["loop.jpg"]
    assert "permission" in said["forbidden.jpg"]
    (home / "forbidden.jpg").chmod(0o644)
    shutil.copy(home / "linked.jpg", home / "not-there.jpg")
    for name in ("pipe.jpg", "zeros.jpg"):
        (home / name).unlink()
        shutil.copy(home / "linked.jpg", home / name)
    scan_folder(home)
    cured = run_suggest(home, tiny, command=command)
    assert cured.done == 5, "each as soon as it can be read, and the file behind the link"
    assert set(reasons(cured)) == {"loop.jpg", "nothing.jpg", "socket.jpg"}


def test_a_repaired_photo_is_done_after_a_rescan_and_a_retry(make_library, tiny, test_data):
    home = make_library(4)
    good = sorted(home.glob("*.jpeg"))
    whole = [photo.read_bytes() for photo in good[:2]]
    for photo in good[:2]:
        photo.write_bytes(photo.read_bytes()[:300])
    scan_folder(home)
    assert len(run_suggest(home, tiny).problems) == 2
    good[0].write_bytes(whole[0])
    scan_folder(home)
    assert [p["path"] for p in run_suggest(home, tiny).problems] == [good[1].name]
    good[1].write_bytes(whole[1])
    scan_folder(home)
    last = run_suggest(home, tiny, retry=[])
    assert (last.done, last.problems) == (1, [])


def test_a_photo_that_vanishes_in_the_midst_of_a_run_is_a_problem(make_library, starter, talk):
    home, one = make_library(200), talk()
    last = sorted(home.glob("*.jpeg"))[-1]
    one.client.start(home, starter)
    one.wait("batch")
    last.unlink()
    result = one.wait("finished")
    assert result["problems"] == [{"path": last.name, "reason": "The file is no longer there."}]
    assert result["done"] == 199


def test_a_library_whose_disk_goes_away_is_told_in_one_sentence(make_library, starter, talk):
    home, one = make_library(300), talk()
    one.client.start(home, starter)
    one.wait("batch")
    away = home.rename(home.with_name("unplugged"))
    while (message := one._said.get(timeout=30))["type"] != "error":
        assert message["type"] in ("batch", "progress")
    assert f"{home} is no longer there" in message["message"]
    assert not home.exists(), "nothing is made in its place"
    away.rename(home)
    one.client.start(home, starter)
    rest = one.wait("finished")
    assert rest["problems"] == [], "no photo is accused"
    assert rest["done"] + rest["skipped"] == 300
    assert rest["skipped"] > 0


def test_a_library_that_goes_just_as_a_batch_is_stored_is_not_made_anew(
    make_library, tiny, monkeypatch
):
    home, said = make_library(8), queue.SimpleQueue()
    really = Workplace.is_there

    def looked_and_then_it_went(place):
        there = really(place)
        if there:
            home.rename(home.with_name("unplugged"))
        return there

    monkeypatch.setattr(Workplace, "is_there", looked_and_then_it_went)
    suggester = Suggester(said.put)
    suggester.handle({"type": "start", "library": str(home), "bundle": str(tiny)})
    while (last := said.get(timeout=30))["type"] not in ("error", "finished"):
        pass
    suggester.close()
    assert last.get("message", "").startswith(f"The folder {home} is no longer there.")
    assert not home.exists()


def test_nothing_is_made_at_the_empty_mount_point_of_a_library(tmp_path, tiny):
    home = tmp_path / "mount-point"
    home.mkdir()
    with pytest.raises(SuggesterError, match=r"There is no library in .* connect it"):
        run_suggest(home, tiny)
    assert list(home.iterdir()) == []


def test_a_root_that_is_away_costs_one_sentence_and_the_others_are_done(
    make_library, tiny, tmp_path, test_data
):
    home, other = make_library(5), tmp_path / "stick"
    copy_photos(test_data / "dogs", other, 7)
    with Library.open(home) as library:
        add = "INSERT INTO root (id, path) VALUES (?, ?)"
        row = (new_id(), os.fsencode(other))
        library.catalog.write(lambda connection: connection.execute(add, row)).result()
    scan_folder(home)
    away = other.rename(tmp_path / "unplugged")
    with pytest.raises(Exception, match="cannot be reached, so 7 photos were left out") as told:
        run_suggest(home, tiny)
    assert str(other) in str(told.value)
    assert read_problems(home / ".tagger" / "cache") == []
    away.rename(other)
    result = run_suggest(home, tiny)
    assert (result.done, result.skipped, result.problems) == (7, 5, [])


def test_a_cache_removed_in_the_midst_of_a_run_costs_time_only(
    make_library, starter, talk, tmp_path
):
    home, one = make_library(200), talk()
    os.mkfifo(home / "zz.jpg")
    scan_folder(home)
    one.client.start(home, starter)
    one.wait("batch")
    shutil.rmtree((home / ".tagger" / "cache").rename(tmp_path / "thrown-away"))
    one.wait("finished")
    one.client.close()
    rest = run_suggest(home, starter)
    assert rest.done + rest.skipped == 200
    assert [problem["path"] for problem in rest.problems] == ["zz.jpg"]
    assert run_suggest(home, starter).done == 0
