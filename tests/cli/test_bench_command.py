"""`tagger bench suggest`: figures that agree with each other, and nothing left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
KEYS = {
    "decode_per_s",
    "model_per_s",
    "bound_per_s",
    "end_to_end_per_s",
    "ratio",
    "naive_per_s",
    "provider",
    "batch",
    "rss_mb",
    "photos",
}


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    return folder


def everything_below(folder):
    """Return every path with its bytes and its time."""
    return {
        str(path.relative_to(folder)): (
            path.read_bytes() if path.is_file() else b"",
            path.stat().st_mtime_ns,
        )
        for path in [folder, *folder.rglob("*")]
    }


@pytest.mark.slow
def test_figures_agree_and_the_folder_stays_as_it_was(
    tagger, model, photos, own_user_data, own_temporary_folder
):
    folder = photos("everyday", 30)
    for number in range(11):
        (folder / f"broken-{number}.jpg").write_bytes(b"\xff\xd8\xff broken")
    folder.chmod(0o555)
    before, data_before = everything_below(folder), everything_below(own_user_data)
    code, found, _ = tagger("bench", "suggest", folder, "--seconds", 3, "--json", "--details")
    folder.chmod(0o755)
    assert code == 0
    assert found.keys() >= KEYS
    assert found["photos"] == 41
    assert found["problems"] >= 1
    assert found["provider"] == "cpu"
    decode, alone = found["decode_per_s"], found["model_per_s"]
    assert found["bound_per_s"] == pytest.approx(1 / (1 / decode + 1 / alone), rel=0.01)
    assert found["ratio"] == pytest.approx(
        found["end_to_end_per_s"] / found["bound_per_s"], rel=0.01
    )
    assert found["ratio"] > 0, "how much is for quieter machines and longer looks to say"
    assert found["naive_per_s"] > 0
    assert found["batch"] >= found["lanes"] >= 1
    assert 50 < found["rss_mb"] < 900
    assert sum(found["shares"].values()) == pytest.approx(1, abs=0.01)
    assert found["breakdown_ms"]["model"] > found["breakdown_ms"]["read"]
    assert everything_below(folder) == before
    assert everything_below(own_user_data) == data_before
    assert list(own_temporary_folder.iterdir()) == []


def test_one_sentence_where_there_is_nothing_to_measure(tagger, model, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder, words in ((empty, "no photos"), (tmp_path / "none", "does not exist")):
        code, _, said = tagger("bench", "suggest", folder)
        assert code == 1
        assert words in said.strip().splitlines()[-1]
        assert "Traceback" not in said
    (empty / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    code, _, said = tagger("bench", "suggest", empty)
    assert code == 1
    assert "can be read" in said.strip().splitlines()[-1]


def test_an_unknown_model_is_named(tagger, model, photos):
    code, _, said = tagger("bench", "suggest", photos("everyday", 2), "--model", "ffff")
    assert code == 1
    assert "ffff" in said


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names")
@pytest.mark.parametrize("readable", [0, 3])
def test_special_files_are_never_waited_for(readable, model, photos, tmp_path):
    folder = photos("everyday", readable) if readable else tmp_path / "special"
    folder.mkdir(exist_ok=True)
    os.mkfifo(folder / "pipe.jpg")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "endless.jpg").symlink_to("/dev/zero")
    command = [sys.executable, "-m", "tagger", "bench", "suggest", str(folder), "--seconds", "1"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=100)
    if not readable:
        assert done.returncode == 1
        assert "can be read" in done.stderr.splitlines()[-1]
    else:
        figures = json.loads(done.stdout)
        assert figures["photos"] == readable + 3
        assert figures["naive_per_s"] > 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="ends by signal")
def test_a_request_to_end_that_reaches_both_processes_leaves_nothing_behind(
    model, photos, own_temporary_folder
):
    command = [sys.executable, "-m", "tagger", "bench", "suggest", str(photos("everyday", 40))]
    with subprocess.Popen(command, start_new_session=True) as running:
        wait_until(lambda: list(own_temporary_folder.glob("*/library")))
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(30)
    wait_until(lambda: not list(own_temporary_folder.iterdir()))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
@pytest.mark.parametrize("victim", ["command", "child"])
def test_a_kill_leaves_nothing_behind(victim, model, photos, own_temporary_folder):
    command = [sys.executable, "-m", "tagger", "bench", "suggest", str(photos("everyday", 40))]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        wait_until(lambda: list(own_temporary_folder.glob("*/library")))
        child = child_of(running.pid)
        os.kill(running.pid if victim == "command" else child, signal.SIGKILL)
        _, said = running.communicate(timeout=30)
    if victim == "child":
        assert running.returncode == 1
        assert "without figures" in said.strip().splitlines()[-1]
    wait_until(lambda: not list(own_temporary_folder.iterdir()))
    wait_until(lambda: not Path(f"/proc/{child}").exists())


def wait_until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def child_of(pid):
    """Return the process that the command started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0])


def test_json_is_one_line_of_the_promised_keys(model, photos):
    command = [sys.executable, "-m", "tagger", "bench", "suggest", str(photos("everyday", 3))]
    done = subprocess.run(
        [*command, "--json", "--seconds", "1"], capture_output=True, text=True, check=True
    )
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found.keys() == KEYS
    assert found["photos"] == 3


@pytest.mark.slow
def test_the_text_says_what_each_figure_is_and_where_the_time_went(model, photos):
    command = [sys.executable, "-m", "tagger", "bench", "suggest", str(photos("everyday", 6))]
    said = subprocess.run(
        [*command, "--seconds", "1"], capture_output=True, text=True, check=True
    ).stdout
    for words in ("load", "D ", "I ", "1/(1/D + 1/I)", "E ", "naive loop", "decoding", "waiting"):
        assert words in said
    assert re.fullmatch(
        r"E/B = \d\.\d\d: [\d.]+ photos/s, \d+% of .*; E/N = [\d.]+\.", said.splitlines()[-1]
    )
