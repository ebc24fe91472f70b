"""Ending the program from outside: Ctrl+C, `kill`, the end of the session."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QSocketNotifier, QTimer
from PySide6.QtWidgets import QWidget

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def closing_on_signals(window: QWidget) -> Iterator[None]:
    """Close a window properly when the process is asked to end; for the main thread.

    Python sees a signal only when it runs; the socket wakes Qt's loop, which lets it run.
    """
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda: reader.recv(64))
    wanted = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in wanted}
    for number in wanted:
        signal.signal(number, lambda *_: QTimer.singleShot(0, window, window.close))
    woken = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        notifier.setEnabled(False)
        reader.close()
        writer.close()
