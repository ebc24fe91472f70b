"""Requests to end (SIGTERM, Ctrl-C) that wait until the work can be taken up again."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from types import FrameType, TracebackType


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


def _raise_stopped(number: int, frame: FrameType | None) -> None:
    raise Stopped
