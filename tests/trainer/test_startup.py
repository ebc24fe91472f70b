"""A training process begins with the settings that are only read when a process begins."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainer.startup import SETTINGS

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's settings")
def test_a_training_starts_itself_over_with_its_memory_settings_as_the_same_process(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k not in SETTINGS}
    environment["PYTHONPATH"] = str(CHECKOUT)
    command = [sys.executable, "-m", "trainer", "fit", "--library", str(tmp_path / "gone")]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    began_with: set[str] = set()
    while process.poll() is None and not set(SETTINGS) <= began_with:
        try:
            raw = Path(f"/proc/{process.pid}/environ").read_bytes()
        except OSError:
            raw = b""
        began_with = {entry.partition(b"=")[0].decode() for entry in raw.split(b"\0")}
        time.sleep(0.005)
    _, errors = process.communicate(timeout=120)
    assert set(SETTINGS) <= began_with
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert "gone" in errors


def test_quick_retraining_needs_no_new_start():
    code = "import sys, trainer.__main__ as m; m.main(['quick', '--help'])"
    done = subprocess.run(
        [sys.executable, "-c", code + "; "], capture_output=True, text=True, cwd=CHECKOUT
    )
    assert done.returncode == 0
    assert "without torch" in done.stdout
