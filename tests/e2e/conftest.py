"""The real program on real photos: its command line, its window, its models."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tagger.bundle.store import BundleStore
from tagger.library.places import user_folder

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def children_find_the_program(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
def model(starter, own_user_data):
    """Id of the real starter, put into this test's user data folder as the default."""
    bundles = user_folder("bundles")
    shutil.copytree(starter, bundles / starter.name)
    BundleStore(bundles).set_default(starter.name)
    return starter.name


@pytest.fixture
def photos(test_data, tmp_path):
    """Copy photos of a set: `photos("captions", 60)` fills `tmp_path/photos/captions`."""

    def copy(name, count=None, start=0):
        target = tmp_path / "photos" / name
        target.mkdir(parents=True, exist_ok=True)
        source = sorted(p for p in (test_data / name).rglob("*") if p.suffix in (".jpg", ".jpeg"))
        chosen = source[start:] if count is None else source[start : start + count]
        return [Path(shutil.copyfile(photo, target / photo.name)) for photo in chosen]

    return copy


class Answer:
    """What a run of the program said: exit code, last line of stdout, stderr."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        lines = out.strip().splitlines()
        self.last = lines[-1] if lines else ""

    @property
    def json(self):
        """The result as `--json` prints it."""
        assert self.code == 0, self.err
        return json.loads(self.last)

    @property
    def said(self):
        """The lines of stderr."""
        return [line for line in self.err.splitlines() if line.strip()]


@pytest.fixture
def tagger():
    """Run `tagger ARGUMENTS` as a process of its own, as a user does; returns an `Answer`."""

    def run(*arguments, seconds=120, **options):
        done = subprocess.run(
            [sys.executable, "-m", "tagger", *(os.fsencode(a) for a in map(_plain, arguments))],
            capture_output=True,
            timeout=seconds,
            check=False,
            **options,
        )
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace"))

    return run


def _plain(argument):
    return argument if isinstance(argument, str | bytes) else os.fspath(argument)


@pytest.fixture
def start():
    """Start a program that is ended with the test: `start(*arguments)` runs Python."""
    running = []

    def run(*arguments, **options):
        given = {"stdout": subprocess.PIPE, **options}
        child = subprocess.Popen([sys.executable, *map(str, arguments)], **given)
        running.append(child)
        return child

    yield run
    for child in running:
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
