"""However a training ends, its folder says so in one sentence, and no half model is left."""

from pathlib import Path

import pytest

from tagger.bundle.errors import BundleError
from tagger.library.full_disk import is_full
from tagger.library.runs import RunError, RunLog, read_run
from trainer.lifetime import DiskFull, lifetime

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
