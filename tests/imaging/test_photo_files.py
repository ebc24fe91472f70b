"""Whatever lies under a name, opening it neither waits nor surprises."""

import os
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tagger.imaging.decode import PhotoProblem, read_photo
from tagger.imaging.facts import PhotoFacts, photo_facts

unix = pytest.mark.skipif(os.name == "nt", reason="Unix files")


def problem_of(path: Path | bytes) -> PhotoProblem:
    assert photo_facts(path) == PhotoFacts()
    with pytest.raises(PhotoProblem) as caught:
        read_photo(path)
    return caught.value


@unix
def test_a_pipe_never_blocks(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert problem_of(tmp_path / "pipe.jpg").kind == "special"


@unix
def test_devices_sockets_and_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    (tmp_path / "folder.jpg").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(tmp_path)  # the name of a socket may be only some 100 bytes long
        try:
            listener.bind("socket.jpg")
        finally:
            os.chdir(here)
        for name in ("zero.jpg", "folder.jpg", "socket.jpg"):
            assert problem_of(tmp_path / name).kind == "special", name


@unix
def test_links_that_lead_nowhere_say_so(tmp_path: Path) -> None:
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "dangling.jpg").symlink_to("gone.jpg")
    assert problem_of(tmp_path / "loop.jpg").kind == "special"
    assert problem_of(tmp_path / "dangling.jpg").kind == "vanished"
    assert problem_of(tmp_path / "never.jpg").kind == "vanished"
    assert problem_of(tmp_path / "zero\0byte.jpg").kind == "vanished"


@unix
@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "secret.jpg"
    path.write_bytes(b"")
    path.chmod(0)
    assert problem_of(path).kind == "permission"


@unix
def test_every_awkward_name_opens(test_data: Path, tmp_path: Path) -> None:
    script = test_data / "awkward" / "make_names.py"
    target = tmp_path / "names"
    subprocess.run([sys.executable, str(script), str(target)], check=True, capture_output=True)
    expected = read_photo(test_data / "awkward" / "orientation-1.jpg")
    kinds: Counter[str] = Counter()
    for folder, _, names in os.walk(os.fsencode(target)):
        for name in names:
            if name == b"names.csv":
                continue
            try:
                pixels = read_photo(os.path.join(folder, name))
            except PhotoProblem as problem:
                kinds[problem.kind] += 1
            else:
                assert np.array_equal(pixels, expected), name
                kinds["opened"] += 1
    assert kinds.pop("opened") > 50
    assert set(kinds) <= {"special", "vanished", "permission"}
