"""PySide6 6.12 hands out uncounted references to None; in Python 3.11 that ends the process."""

import subprocess
import sys

CALLS = """
import tagger.app
from PySide6.QtCore import QObject

thing = QObject()
for _ in range(30_000):
    thing.setObjectName("x")
print("alive")
"""


def test_a_long_session_does_not_use_none_up():
    done = subprocess.run([sys.executable, "-c", CALLS], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "alive", done.stderr[-400:]
    assert done.returncode == 0, done.stderr[-400:]
