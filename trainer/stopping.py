"""Requests to end (SIGTERM, Ctrl-C, *Stop*) that wait until the work can be taken up again."""

from __future__ import annotations

import _thread
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType

_LOOK_EVERY_S = 0.1


class Stopped(KeyboardInterrupt):
    """The training was told to end."""


class Stopping:
    """While this is entered, a request to end is only noted; a second one ends at once.

    Attributes:
        asked: somebody asked. Who works looks at it between two steps, keeps what was done and
            raises `Stopped`; at the latest it is raised when this is left.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> Stopping:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                before = signal.getsignal(number)
                if before not in (None, signal.SIG_IGN):  # a background job ignores Ctrl-C
                    self._before[number] = before
                    signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before.clear()
        if self.asked and kind is None:
            raise Stopped

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise Stopped
        self.asked = True


def stop_on_request() -> None:
    """Let a request of the system to end (SIGTERM) end this program as Ctrl-C does."""
    if threading.current_thread() is threading.main_thread():
        with suppress(ValueError):
            signal.signal(signal.SIGTERM, _raise_stopped)


@contextmanager
def stop_when(asked: Callable[[], bool]) -> Iterator[None]:
    """Until the block is left, end this program as `SIGTERM` would once `asked()` is true.

    Windows knows no such signal between processes, so who wants a training to end says it in a
    file, everywhere alike.
    """
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK_EVERY_S):
            if asked():
                _end_this_program()
                return

    watcher = threading.Thread(target=watch, name="stop", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _end_this_program() -> None:
    if os.name == "nt":
        _thread.interrupt_main(signal.SIGTERM)
    else:
        os.kill(os.getpid(), signal.SIGTERM)  # wakes the main thread up where it waits


def _raise_stopped(number: int, frame: FrameType | None) -> None:
    raise Stopped
