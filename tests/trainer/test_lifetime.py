"""However a training ends, its folder says so in one sentence, and no half model is left."""

import time
from pathlib import Path

import pytest

from tagger.bundle.errors import BundleError
from tagger.library.full_disk import is_full
from tagger.library.runs import RunError, RunLog, read_run, stop_run
from trainer.lifetime import DiskFull, lifetime
from trainer.stopping import Stopped, Stopping

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no file that has no room")


def bundles(place):
    return {spec.bundle_id for spec in place.store.list()}


@needs_full
@pytest.mark.slow
def test_a_disk_that_fills_up_at_the_very_end_leaves_no_model_and_says_what_to_do(scenes, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "report.html").symlink_to(FULL)
    known = bundles(scenes)
    done = scenes.run(
        "trainer", "quick", "--library", scenes.home, "--run", run, "--json", check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    state = read_run(run).state
    assert state.phase == "failed"
    assert state.failure in done.stderr
    assert state.failure.startswith("No new model was made: the disk of")
    assert state.failure.endswith("Make room and train again.")
    assert bundles(scenes) == known


@needs_full
def test_a_full_disk_is_known_whatever_it_was_wrapped_in(tmp_path):
    def write():
        try:
            FULL.write_text("x")
        except OSError as error:
            raise BundleError("picture.jpg cannot be copied") from error

    with pytest.raises(DiskFull, match="Make room"), lifetime(tmp_path, "quick", tmp_path / "run"):
        write()
    assert "Make room" in read_run(tmp_path / "run").state.failure
    assert not is_full(BundleError("picture.jpg cannot be copied"))
    assert not is_full(PermissionError(13, "no"))


@needs_full
def test_a_run_that_cannot_be_written_at_all_is_refused_before_it_begins(tmp_path):
    (tmp_path / "spare").symlink_to(FULL)
    with pytest.raises(RunError, match="No space left"):
        RunLog(tmp_path, tmp_path, "quick")
    assert not list(tmp_path.glob("state.json"))


def test_room_for_the_last_words_is_kept_until_they_are_said(tmp_path):
    with lifetime(tmp_path, "quick", tmp_path / "run") as life:
        assert (life.run / "spare").stat().st_size > 0
    assert not (life.run / "spare").exists()
    assert read_run(life.run).state.phase == "done"


def stopped_while(run, work):
    """Ask a training to stop, then let it work; return the phase that it ended in."""

    def train():
        with lifetime(run.parent, "deep", run) as life:
            stop_run(life.run)
            work()

    with pytest.raises(Stopped):
        train()
    return read_run(run).state.phase


def test_stop_reaches_a_training_that_waits(tmp_path):
    assert stopped_while(tmp_path / "run", lambda: time.sleep(60)) == "stopped"


def test_stop_lets_a_training_keep_its_last_step(tmp_path):
    kept = []

    def work():
        with Stopping() as stopping:
            until = time.monotonic() + 60
            while not stopping.asked and time.monotonic() < until:
                time.sleep(0.01)
            kept.append("the step")

    assert stopped_while(tmp_path / "run", work) == "stopped"
    assert kept
