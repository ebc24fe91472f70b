"""Thousands of damaged photos: each is done or a problem, and the run goes through."""

import os
from pathlib import Path

import photo_fuzzer
import pytest
from suggest_helpers import scan_folder

pytestmark = pytest.mark.slow

COUNT, SEED = 2000, 20261121
MOST_MB = 900


def peak_mb(pid):
    """Return the most memory a process has had, in MB; 0 where that cannot be known."""
    status = Path(f"/proc/{pid}/status")
    if not os.path.isdir("/proc") or not status.exists():
        return 0
    return next(
        int(line.split()[1]) // 1024
        for line in status.read_text().splitlines()
        if line.startswith("VmHWM")
    )


def test_every_one_of_2000_damaged_photos_is_done_or_a_problem(
    tmp_path, test_data, tiny, talk, record_property
):
    home = tmp_path / "damaged"
    photo_fuzzer.fill(test_data, home, COUNT, SEED)
    scan_folder(home)
    one = talk()
    one.client.start(home, tiny)
    result = one.wait("finished", seconds=300)
    done, problems = set(one.slots_done()), one.all("problem")
    accused = {problem["slot"] for problem in problems}
    assert result["photos"] == COUNT
    assert len(done) == result["done"]
    assert done | accused == set(range(1, COUNT + 1))
    assert done & accused == set()
    assert len(done) > COUNT // 5, "many are hurt only a little"
    assert len(accused) > COUNT // 5
    for problem in problems:
        assert problem["reason"].endswith("."), problem
        assert len(problem["reason"]) < 160, problem
        assert "Error" not in problem["reason"], problem
    memory = peak_mb(one.client.pid)
    record_property("restarts", len(one.all("restarted")))
    record_property("peak_mb", memory)
    assert memory < MOST_MB
    one.client.retry()
    again = one.wait("finished", seconds=300)
    assert (again["done"], again["skipped"]) == (0, len(done))
    assert len(again["problems"]) == len(accused), "the same ones, and no others"
