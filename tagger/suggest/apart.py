"""Decoding one photo in a process of its own, so that a crash can hit nothing else.

For photos that were being decoded when the suggester crashed: the one that crashes again is the
culprit, and the others are decoded on the way.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from typing import IO, Any, NoReturn

import numpy as np

from tagger.core.preprocessing import Preprocessing
from tagger.suggest.client import suggester_command
from tagger.suggest.decoding import Decoded, decode_file, too_slow
from tagger.suggest.protocol import DECODE

log = logging.getLogger(__name__)

_BEGUN = b"begun\n"
_FIRST_TO_GO = 1000


def decode_apart(path: bytes, position: int, spec: Preprocessing, seconds: float) -> Decoded | None:
    """Decode a file in a process of its own.

    Args:
        path: of the photo.
        position: its position in the photo list.
        spec: how it becomes model input.
        seconds: how long that may take.

    Returns:
        What became of it; None if no such process can be started.
    """
    request = {"path": os.fsdecode(path), "spec": spec.to_json()}
    expired = threading.Event()
    try:
        process = subprocess.Popen(
            [*_own_command(), DECODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:
        return None

    def give_up() -> None:
        expired.set()
        process.kill()

    timer = threading.Timer(seconds, give_up)
    timer.start()
    with process:  # its stdin stays open until it ends: it ends by itself if we do not live
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        said = process.stdout.read()
    timer.cancel()
    if expired.is_set():
        return too_slow(position, seconds)
    return _verdict(said, process.returncode, position, spec)


def _verdict(said: bytes, code: int, position: int, spec: Preprocessing) -> Decoded | None:
    if not said.startswith(_BEGUN):
        log.warning("a photo cannot be tried alone: exit code %d before it began", code)
        return None
    head, _, pixels = said[len(_BEGUN) :].partition(b"\n")
    try:
        facts = json.loads(head)
    except ValueError:
        return _culprit(code, position)
    if facts["kind"]:
        return Decoded(position, None, facts["kind"], facts["reason"])
    shape = (spec.height, spec.width, 3)
    return Decoded(position, np.frombuffer(pixels, np.uint8).reshape(shape))


def _culprit(code: int, position: int) -> Decoded:
    if sys.platform != "win32" and code == -signal.SIGKILL:
        reason = "Opening this photo takes more memory than this computer has."
        return Decoded(position, None, "too_large", reason)
    reason = "Opening this photo crashes the decoder, so it is left out."
    return Decoded(position, None, "crash", reason)


def _own_command() -> list[str]:
    """Return what started this process, so that the other one is of the same kind."""
    if getattr(sys, "frozen", False):
        return suggester_command()
    return [sys.executable, *sys.orig_argv[1:]]


def serve_decode(stdin: IO[bytes], out: IO[bytes]) -> NoReturn:
    """Answer one request of `decode_apart` and end this process, which may also crash."""
    request: dict[str, Any] = json.loads(stdin.readline())
    threading.Thread(target=_end_with, args=(stdin,), daemon=True).start()
    _go_first_when_memory_runs_out()
    out.write(_BEGUN)
    out.flush()
    spec = Preprocessing.from_json(request["spec"])
    done = decode_file(os.fsencode(request["path"]), 0, spec)
    out.write(json.dumps({"kind": done.kind, "reason": done.reason}).encode() + b"\n")
    if done.pixels is not None:
        out.write(done.pixels.tobytes())
    out.flush()
    os._exit(0)


def _end_with(stdin: IO[bytes]) -> None:
    stdin.read()
    os._exit(1)


def _go_first_when_memory_runs_out() -> None:
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write(str(_FIRST_TO_GO))
