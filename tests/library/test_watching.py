"""Watching real folders: what is dropped, renamed and deleted is told of, and nothing else."""

import os
import shutil
import threading
import time

import pytest

from tagger.library.mirror import write_mirror
from tagger.library.mounts import is_remote
from tagger.library.watching import Watcher
from tests.library.conftest import make_photo


class Ear:
    """Listens to a watcher of one folder."""

    def __init__(self, folder):
        self.news = []
        self.came = threading.Event()
        self.watcher = Watcher({1: folder}, self.take)
        time.sleep(0.5)  # until the system watches

    def take(self, news):
        self.news.append(news)
        self.came.set()

    def wait(self, seconds=6.0):
        assert self.came.wait(seconds), "nothing was told"
        self.came.clear()
        return self.news[-1]

    def folders(self):
        return {path for news in self.news for _, path in news.scope.folders}

    def trees(self):
        return {path for news in self.news for _, path in news.scope.trees}


@pytest.fixture
def ear(folder):
    listening = Ear(folder)
    yield listening
    listening.watcher.close()


def test_a_dropped_photo_is_told_with_its_folder_only(ear, folder):
    make_photo(folder / "b" / "new.jpg", 30)
    news = ear.wait()
    assert news.scope.folders == {(1, b"b")}
    assert not news.scope.trees
    assert not news.scope.everything


def test_a_new_folder_is_looked_at_with_all_below_it(ear, folder, tmp_path):
    shutil.copytree(folder / "a", folder / "c" / "deep")
    ear.wait()
    time.sleep(1.0)
    assert b"c" in ear.trees() | ear.folders()


def test_renames_and_deletions_are_told(ear, folder):
    (folder / "a" / "0.jpg").rename(folder / "b" / "renamed.jpg")
    (folder / "a" / "2.jpg").unlink()
    ear.wait()
    assert ear.folders() == {b"a", b"b"}


def test_own_files_and_files_of_no_concern_are_not_told(ear, library, folder):
    library.catalog.set_meta("noise", "1")
    assert write_mirror(library.places, library.catalog).sentence == ""
    (folder / "a" / "0.xmp").write_text("<x/>")
    (folder / "notes.txt").write_text("no photo")
    make_photo(folder / ".hidden" / "x.jpg", 5)
    (folder / "a" / "0.jpg").read_bytes()
    time.sleep(2.0)
    assert not any(news.scope for news in ear.news)


def test_another_programs_annotation_file_is_told(ear, folder):
    (folder / "tagger-annotations.json").write_text("{}")
    assert ear.wait().annotations


def test_a_copy_under_way_is_told_when_it_is_whole(ear, folder):
    data = (folder / "a" / "0.jpg").read_bytes()
    with (folder / "slow.jpg").open("wb") as file:
        for start in range(0, len(data), len(data) // 6):
            file.write(data[start : start + len(data) // 6])
            file.flush()
            time.sleep(0.25)
            assert not ear.news
    ear.wait()
    assert ear.folders() == {b""}


def test_a_burst_of_files_is_told_in_few_pieces(ear, folder):
    source = folder / "a" / "0.jpg"
    for number in range(2000):
        os.link(source, folder / "b" / f"{number:04d}.jpg")
    ear.wait()
    time.sleep(1.5)
    assert ear.folders() <= {b"a", b"b"}
    assert b"b" in ear.folders()
    assert len(ear.news) <= 4


def test_a_root_that_goes_and_comes_back_is_told(ear, folder):
    away = folder.with_name("elsewhere")
    folder.rename(away)
    assert ear.wait().away == {1}
    away.rename(folder)
    news = ear.wait()
    assert news.came_or_went
    assert not news.away
    ear.news.clear()
    make_photo(folder / "b" / "after.jpg", 31)
    ear.wait()
    assert ear.folders() == {b"b"}, "the folder that came back is watched again"


def test_where_the_system_cannot_watch_it_says_why(folder, monkeypatch):
    import errno

    def refuse(self, path, *args):
        raise OSError(errno.ENOSPC, "inotify watch limit reached")

    monkeypatch.setattr("watchdog.observers.inotify_c.InotifyFD.add_callback", refuse)
    watcher = Watcher({1: folder}, lambda news: None)
    time.sleep(0.5)
    watcher.close()
    assert watcher.polls
    assert "cannot watch so many folders" in watcher.reason


@pytest.mark.parametrize(
    ("folder", "remote"),
    [("/home/ada/photos", False), ("/mnt/my nas/photos", True), ("/mnt/my nas2", False)],
)
def test_network_shares_are_known_by_the_table_of_mounts(tmp_path, folder, remote):
    table = tmp_path / "mountinfo"
    table.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "40 22 0:50 / /mnt/my\\040nas rw,relatime shared:9 - cifs //nas/photos rw\n"
    )
    assert is_remote(folder, table) is remote
