"""Starting a suggester and talking to it. Imports nothing of the child and no Qt."""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO

from tagger.core.errors import TaggerError
from tagger.suggest.protocol import COMMAND, Message, encode, messages

log = logging.getLogger(__name__)

OnMessage = Callable[[Message], None]

_PATIENCE = 3.0


class SuggesterError(TaggerError):
    """The suggester could not be started, or it reported that it cannot go on."""


def suggester_command() -> list[str]:
    """Return the command that starts the child through this program's one entry point."""
    if getattr(sys, "frozen", False):
        return [sys.executable, COMMAND]
    return [sys.executable, "-m", "tagger", COMMAND]


class SuggestClient:
    """One suggester process. Every method returns at once; answers come as messages.

    Attributes:
        running: whether the child lives.
    """

    def __init__(
        self,
        on_message: OnMessage,
        *,
        command: Sequence[str] | None = None,
        log_file: Path | None = None,
    ) -> None:
        """Prepare; the child is started by the first `start`, `doctor` or `launch`.

        Args:
            on_message: called on a thread of the client's own with each message of the child
                (`tagger.suggest.protocol`), and with `crashed` if it dies.
            command: starts the child; None means this program's own.
            log_file: takes the child's log; None means this process's stderr.
        """
        self._on_message = on_message
        self._command = list(command) if command else suggester_command()
        self._log_file = log_file
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._closing = False

    @property
    def running(self) -> bool:
        """Whether the child lives."""
        child = self._child
        return child is not None and child.poll() is None

    @property
    def pid(self) -> int | None:
        """The child's process id while it lives."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def launch(self) -> None:
        """Start the child if it does not live, also after a crash.

        Raises:
            SuggesterError: the system cannot start it.
        """
        with self._lock:
            if self.running:
                return
            self._closing = False
            self._child = self._started()
            self._reader = threading.Thread(
                target=self._read, args=(self._child,), name="suggester-reader", daemon=True
            )
            self._reader.start()

    def start(
        self,
        library_folder: Path,
        bundle_folder: Path,
        *,
        provider: str = "auto",
        first: Iterable[int] = (),
    ) -> None:
        """Compute what is missing in a library; replaces a run under way.

        To be called again after a scan that found photos: what is finished is not done again.

        Args:
            library_folder: as it was opened.
            bundle_folder: the active bundle.
            provider: `auto`, or a key of `tagger.suggest.providers.PROVIDERS`.
            first: slots to be done before the others.

        Raises:
            SuggesterError: the system cannot start the child.
        """
        self.launch()
        self._send(
            {
                "type": "start",
                "library": str(library_folder),
                "bundle": str(bundle_folder),
                "provider": provider,
                "first": [int(slot) for slot in first],
            }
        )

    def pause(self) -> None:
        """Ask for a pause; `paused` comes when nothing is computed any more."""
        self._send({"type": "pause"})

    def resume(self) -> None:
        """Go on after a pause."""
        self._send({"type": "resume"})

    def stop(self) -> None:
        """End the run; `stopped` brings its result. The child stays ready for the next one."""
        self._send({"type": "stop"})

    def prioritise(self, slots: Iterable[int]) -> None:
        """Do these photos first, those on screen for instance."""
        self._send({"type": "prioritise", "slots": [int(slot) for slot in slots]})

    def retry(self, slots: Iterable[int] | None = None) -> None:
        """Try problem photos again: these, or all."""
        wanted = None if slots is None else [int(slot) for slot in slots]
        self._send({"type": "retry", "slots": wanted})

    def doctor(self, provider: str = "auto") -> None:
        """Ask what can compute here; `doctor` brings the answer.

        Raises:
            SuggesterError: the system cannot start the child.
        """
        self.launch()
        self._send({"type": "doctor", "provider": provider})

    def close(self) -> None:
        """End the child; returns when it is gone, after a few seconds at most."""
        with self._lock:
            self._closing = True
            child, self._child = self._child, None
        if child is None:
            return
        assert child.stdin is not None
        with contextlib.suppress(OSError):
            child.stdin.close()
        try:
            child.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if self._reader and self._reader is not threading.current_thread():
            self._reader.join(_PATIENCE)

    def _started(self) -> subprocess.Popen[bytes]:
        stderr: IO[bytes] | None = None
        try:
            if self._log_file:
                self._log_file.parent.mkdir(parents=True, exist_ok=True)
                stderr = self._log_file.open("ab")
            return subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise SuggesterError(
                f"The part of the program that computes suggestions cannot be started ({error}). "
                "Install the program anew."
            ) from error
        finally:
            if stderr:
                stderr.close()

    def _send(self, message: Message) -> None:
        """Send to the child; without one there is nothing to tell."""
        with self._lock:
            child = self._child
            if child is None or child.stdin is None:
                return
            with contextlib.suppress(OSError, ValueError):  # it is gone: the reader reports that
                child.stdin.write(encode(message))
                child.stdin.flush()

    def _read(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        for message in messages(child.stdout):
            self._deliver(message)
        code = child.wait()
        with self._lock:
            expected = self._closing or self._child is not child
            if not expected:
                self._child = None
        for pipe in (child.stdin, child.stdout):
            if pipe is not None and not expected:
                with contextlib.suppress(OSError):
                    pipe.close()
        if not expected:
            self._deliver({"type": "crashed", "message": _obituary(code), "code": code})

    def _deliver(self, message: Message) -> None:
        try:
            self._on_message(message)
        except Exception:
            log.exception("a message of the suggester was not taken: %s", message.get("type"))


def _obituary(code: int) -> str:
    cause = f"exit code {code}"
    if code < 0:
        with contextlib.suppress(ValueError):
            cause = signal.Signals(-code).name
    return (
        f"The part of the program that computes suggestions ended unexpectedly ({cause}). "
        "Nothing you did is lost, and the suggestions made so far are kept; start it again to "
        "go on."
    )
