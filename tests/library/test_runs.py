"""The state of a training, as somebody reads it who did not start it."""

import signal
import subprocess
import sys
import time

import pytest

from tagger.library.runs import (
    LOG,
    RunError,
    RunLog,
    delete_run,
    make_run,
    mark_told,
    new_run,
    read_curves,
    read_run,
    runs_of,
    stop_asked,
    stop_run,
    write_curves,
)

TRAINER = """
import sys, time
from pathlib import Path
from tagger.library.runs import RunLog
log = RunLog(Path(sys.argv[1]), Path("/photos"), "quick")
log.tell(0.5, "Fitting")
print(sys.argv[2], file=sys.stderr, flush=True)
time.sleep(60)
"""


@pytest.fixture
def trainer(own_user_data):
    """Start a process that trains in a run's folder, and wait until it is at work."""
    started = []

    def start(folder, words):
        with (folder / LOG).open("wb") as log:
            process = subprocess.Popen([sys.executable, "-c", TRAINER, folder, words], stderr=log)
        started.append(process)
        until = time.monotonic() + 20
        while not (folder / LOG).read_bytes() and time.monotonic() < until:
            time.sleep(0.02)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_how_far_a_training_is_can_be_read_from_outside(trainer):
    folder = new_run()
    process = trainer(folder, "{}")
    state = read_run(folder).state
    assert (state.phase, state.pid, state.method) == ("running", process.pid, "quick")
    with pytest.raises(RunError, match="cannot be used"):
        RunLog(folder, folder, "deep")
    delete_run(folder)
    assert read_run(folder), "a run under way is not deleted"


def test_the_folder_of_a_run_is_made_where_somebody_names_it(tmp_path):
    assert make_run(make_run(tmp_path / "run")).is_dir(), "and can be used again"
    with pytest.raises(RunError, match=r"there is no folder .*missing"):
        make_run(tmp_path / "missing" / "run")
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="is a file"):
        make_run(tmp_path / "file")


def test_a_training_that_was_killed_has_failed_and_says_so(trainer):
    folder = new_run()
    process = trainer(folder, '{"event": "progress"}')
    process.send_signal(signal.SIGKILL)
    process.wait()
    state = read_run(folder).state
    assert state.phase == "failed"
    assert state.failure.startswith("The training broke off without a word")


def test_the_last_sentence_of_a_training_that_broke_off_is_its_failure(trainer):
    folder = new_run()
    process = trainer(folder, "The disk is full.")
    process.kill()
    process.wait()
    assert read_run(folder).state.failure == "The disk is full."


def test_a_stack_trace_is_not_a_sentence(trainer):
    folder = new_run()
    process = trainer(folder, "Traceback (most recent call last):\nKeyError: 'x'")
    process.kill()
    process.wait()
    assert "KeyError" not in read_run(folder).state.failure


def test_a_training_that_was_asked_to_stop_is_stopped_not_failed(trainer):
    folder = new_run()
    process = trainer(folder, "{}")
    stop_run(folder)
    process.kill()
    process.wait()
    assert read_run(folder).state.phase == "stopped"


def test_a_training_that_is_taken_up_again_was_not_asked_to_stop(own_user_data, trainer, tmp_path):
    folder = new_run()
    stop_run(folder)
    RunLog(folder, tmp_path, "deep").stopped()
    assert stop_asked(folder), "asked before it had begun"
    process = trainer(folder, "{}")
    assert not stop_asked(folder)
    process.kill()
    process.wait()
    assert read_run(folder).state.phase == "failed"


def test_the_newest_run_of_a_library_comes_first_and_is_told_once(own_user_data, tmp_path):
    for bundle in ("a", "b"):
        folder = new_run()
        RunLog(folder, tmp_path, "quick").done(bundle)
    other = new_run()
    RunLog(other, tmp_path / "other", "deep").failed("No.")
    found = list(runs_of(tmp_path))
    assert len(found) == 2
    assert found[0].folder.name > found[1].folder.name
    assert not found[0].state.told
    mark_told(found[0])
    assert next(runs_of(tmp_path)).state.told


def test_a_damaged_state_is_no_run(own_user_data):
    folder = new_run()
    (folder / "state.json").write_text('{"library": 3')
    assert read_run(folder) is None
    (folder / "state.json").write_text("[]")
    assert read_run(folder) is None


def test_curves_come_back_as_they_were_and_damaged_ones_are_none(own_user_data):
    folder = new_run()
    assert read_curves(folder) == []
    write_curves(folder, [{"name": "loss", "points": [[0, 1.5], [1, 0.5]]}])
    assert read_curves(folder) == [{"name": "loss", "points": [(0.0, 1.5), (1.0, 0.5)]}]
    (folder / "curves.json").write_text("{")
    assert read_curves(folder) == []
