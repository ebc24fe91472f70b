"""Running a part of the program as a child process: progress on stderr, one JSON line at the end.

So nothing that suggests or trains (ONNX Runtime, torch) enters the window's process.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

_PATIENCE_MS = 3_000
_LAST_WORDS = 12


def program_command(arguments: Sequence[str]) -> list[str]:
    """Return the command that runs this program with arguments, also when it is packaged."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    return [sys.executable, "-m", "tagger", *arguments]


class Child(QObject):
    """One run of a child process. Exactly one of `done`, `failed`, `cancelled` comes at the end.

    Attributes:
        progressed: (dict) a progress event of the child.
        done: (dict) its result.
        failed: (sentence) it could not be done.
        cancelled: it was told to stop.
    """

    progressed = Signal(dict)
    done = Signal(dict)
    failed = Signal(str)
    cancelled = Signal()

    def __init__(self, arguments: Sequence[str], parent: QObject | None = None) -> None:
        """Prepare a run of the program with `arguments`; `start` starts it."""
        super().__init__(parent)
        self._command = program_command(arguments)
        self._process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUTF8", "1")
        self._process.setProcessEnvironment(environment)
        self._process.readyReadStandardError.connect(self._read)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._error)
        self._rest = b""
        self._words: list[str] = []
        self._stopping = False

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process.state() != QProcess.ProcessState.NotRunning

    def start(self) -> None:
        """Start the process."""
        self._process.start(self._command[0], self._command[1:])
        self._process.closeWriteChannel()

    def cancel(self) -> None:
        """Ask the process to end, and end it if it does not."""
        if not self.running:
            return
        self._stopping = True
        self._process.terminate()
        QTimer.singleShot(_PATIENCE_MS, self._process, self._process.kill)

    def close(self) -> None:
        """End the process now and say nothing more."""
        self.blockSignals(True)
        if self.running:
            self._process.kill()
            self._process.waitForFinished(_PATIENCE_MS)

    def _read(self) -> None:
        self._rest += bytes(self._process.readAllStandardError().data())
        *lines, self._rest = self._rest.split(b"\n")
        for each in lines:
            self._take(each.decode("utf-8", "replace").strip())

    def _take(self, line: str) -> None:
        event = _json_object(line)
        if event is not None and event.get("event") == "progress":
            self.progressed.emit(event)
        elif line:
            self._words = [*self._words[-_LAST_WORDS:], line]

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        self._take(self._rest.decode("utf-8", "replace").strip())
        output = bytes(self._process.readAllStandardOutput().data()).decode("utf-8", "replace")
        last = (output.strip().splitlines() or [""])[-1]
        result = _json_object(last)
        if self._stopping:
            self.cancelled.emit()
        elif status == QProcess.ExitStatus.NormalExit and code == 0 and result is not None:
            self.done.emit(result)
        else:
            self.failed.emit(self._obituary(code, status))

    def _error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.failed.emit(
                f"{self._command[0]} cannot be started ({self._process.errorString()}). "
                "Install the program anew."
            )

    def _obituary(self, code: int, status: QProcess.ExitStatus) -> str:
        """Return the child's own last sentence, or that it broke off."""
        broken = status == QProcess.ExitStatus.CrashExit or any(
            word.startswith("Traceback") for word in self._words
        )
        if self._words and not broken:
            return self._words[-1]
        said = f" Its last words: {self._words[-1]}" if self._words else ""
        return f"The program that does this broke off (code {code}); nothing was changed.{said}"


def _json_object(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
