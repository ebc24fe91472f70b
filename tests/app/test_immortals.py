"""PySide6 6.12 hands out references it did not count; in Python 3.11 that ends the process."""

import subprocess
import sys

import pytest

NONE = 'thing.setObjectName("x")'
TRUE = "thing.changed.emit()"
DISCONNECTED = "thing.changed.connect(print); thing.changed.disconnect(print)"

CALLS = """
import tagger.app
from PySide6.QtCore import QObject, Signal

class Thing(QObject):
    changed = Signal()

thing = Thing()
for _ in range(30_000):
    {}
print("alive")
"""


@pytest.mark.parametrize("call", [NONE, TRUE, DISCONNECTED])
def test_a_long_session_does_not_use_a_constant_up(call):
    done = subprocess.run(
        [sys.executable, "-c", CALLS.format(call)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "alive", done.stderr[-400:]
    assert done.returncode == 0, done.stderr[-400:]
