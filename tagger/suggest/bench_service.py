"""The child's side of the benchmark: one request in, progress and figures out."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import threading
from typing import IO

from tagger.core.errors import TaggerError
from tagger.suggest.bench import Request, bench
from tagger.suggest.protocol import Message, encode

log = logging.getLogger(__name__)


def serve_bench(requests: IO[bytes], out: IO[bytes]) -> None:
    """Answer one request; if its sender is gone before that, tidy up and end this process."""
    in_main = threading.current_thread() is threading.main_thread()
    if in_main:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    request = Request(**json.loads(requests.readline()))
    if in_main:
        signal.signal(signal.SIGTERM, lambda *_: _tidy_up(request.work))
    threading.Thread(target=_end_with, args=(requests, request.work), daemon=True).start()

    def send(message: Message) -> None:
        try:
            out.write(encode(message))
            out.flush()
        except OSError:
            _tidy_up(request.work)

    try:
        send({"type": "bench", "figures": bench(request, send)})
    except TaggerError as error:
        send({"type": "error", "message": str(error)})
    except Exception as error:
        log.exception("the benchmark failed")
        said = f"The benchmark stopped because of an error in the program ({error!r})."
        send({"type": "error", "message": said})


def _end_with(requests: IO[bytes], work: str) -> None:
    while requests.read(1024):
        pass
    _tidy_up(work)


def _tidy_up(work: str) -> None:
    shutil.rmtree(work, ignore_errors=True)
    os._exit(1)
