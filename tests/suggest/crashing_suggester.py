"""A suggester whose decoder or model fails as decoders do, at photos of certain names.

Started instead of the program's own child. What it wraps is the one function that reads photos;
everything else is real, also the crash.
"""

import ctypes
import os
import signal
import sys
import time

from tagger.suggest import child, decoding
from tagger.suggest.engine import Engine

read = decoding.model_input


def model_input(path, *rest):
    name = os.path.basename(path)
    if b"segfault" in name:
        ctypes.string_at(0)
    if b"abort" in name:
        os.abort()
    if b"eats-memory" in name:
        os.kill(os.getpid(), signal.SIGKILL)  # as the system does when memory runs out
    if b"hangs" in name:
        time.sleep(1000)
    if b"long" in name:
        time.sleep(0.7)
    return read(path, *rest)


def crash(*_):
    ctypes.string_at(0)


decoding.model_input = model_input
decoding._PATIENCE_S = float(os.environ.get("PATIENCE_S", "60"))
if os.environ.get("MODEL_CRASHES"):
    Engine.run = crash
sys.exit(child.main(sys.argv[1:]))
