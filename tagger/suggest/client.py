"""Starting a suggester, talking to it, and starting it again when it dies.

Imports nothing of the child and no Qt.
"""

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
from tagger.suggest.recovery import PATIENCE, Recovery

log = logging.getLogger(__name__)

OnMessage = Callable[[Message], None]

_CLOSING_S = 3.0


class SuggesterError(TaggerError):
    """The suggester could not be started, or it reported that it cannot go on."""


def suggester_command() -> list[str]:
    """Return the command that starts the child through this program's one entry point."""
    if getattr(sys, "frozen", False):
        return [sys.executable, COMMAND]
    return [sys.executable, "-m", "tagger", COMMAND]


class SuggestClient:
    """One suggester process. Every method returns at once; answers come as messages.

    A child that dies in the midst of a run is started again and goes on where it was; the totals
    that it reports are made those of the whole run.
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
                (`tagger.suggest.protocol`), and with `crashed` if it dies again and again.
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
        self._recovery = Recovery()
        self._renewing = False

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
            if not self.running:
                self._launch()

    def _launch(self) -> None:
        self._closing = self._renewing = False
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
        retry: Iterable[int] | None = None,
    ) -> None:
        """Compute what is missing in a library; replaces a run under way.

        To be called again after a scan that found photos: what is finished is not done again.

        Args:
            library_folder: as it was opened.
            bundle_folder: the active bundle.
            provider: `auto`, or a key of `tagger.suggest.providers.PROVIDERS`.
            first: slots to be done before the others.
            retry: slots of problem photos to try again; an empty list means all of them.

        Raises:
            SuggesterError: the system cannot start the child.
        """
        self._ask(
            {
                "type": "start",
                "library": str(library_folder),
                "bundle": str(bundle_folder),
                "provider": provider,
                "first": [int(slot) for slot in first],
                "retry": None if retry is None else [int(slot) for slot in retry],
            }
        )

    def _ask(self, request: Message) -> None:
        self.launch()
        with self._lock:
            self._recovery.begin(request)
        self._send(request)

    def pause(self) -> None:
        """Ask for a pause; `paused` comes when nothing is computed any more."""
        with self._lock:
            self._recovery.paused = True
        self._send({"type": "pause"})

    def resume(self) -> None:
        """Go on after a pause."""
        with self._lock:
            self._recovery.paused = False
        self._send({"type": "resume"})

    def stop(self) -> None:
        """End the run; `stopped` brings its result. The child stays ready for the next one."""
        self._send({"type": "stop"})

    def prioritise(self, slots: Iterable[int]) -> None:
        """Do these photos first, those on screen for instance."""
        wanted = [int(slot) for slot in slots]
        with self._lock:
            self._recovery.look_first(wanted)
        self._send({"type": "prioritise", "slots": wanted})

    def retry(self, slots: Iterable[int] | None = None) -> None:
        """Try problem photos of the library last started again: these, or all.

        Raises:
            SuggesterError: the system cannot start the child.
        """
        wanted = [int(slot) for slot in slots or ()]
        if self._recovery.request is not None:
            self._ask(self._recovery.request | {"first": wanted, "retry": wanted})

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
            child.wait(_CLOSING_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if self._reader and self._reader is not threading.current_thread():
            self._reader.join(_CLOSING_S)

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
            with self._lock:
                message = self._recovery.hear(message)
                self._renewing = self._renewing or message["type"] == "renew"
            self._deliver(message)
        code = child.wait()
        with self._lock:
            expected = self._closing or self._child is not child
            last_word = None if expected else self._succeeded(code)
        for pipe in (child.stdin, child.stdout):
            if pipe is not None and not expected:
                with contextlib.suppress(OSError):
                    pipe.close()
        if last_word is not None:
            self._deliver(last_word)

    def _succeeded(self, code: int) -> Message | None:
        """Let a new child go on after one that ended; return what is to be told of it."""
        self._child = None
        renewed, due = self._renewing, self._recovery.active
        if renewed and not due:
            return None
        if not renewed and not self._recovery.crashed():
            return {"type": "crashed", "message": self._obituary(code), "code": code}
        try:
            self._launch()
        except SuggesterError as error:
            return {"type": "crashed", "message": str(error), "code": code}
        self._ask_again()
        if renewed:
            return None
        said = f"The suggester ended ({_cause(code)}) and was started again."
        log.info(said)
        return {"type": "restarted", "message": said, "code": code}

    def _ask_again(self) -> None:
        request = self._recovery.again()
        child = self._child
        assert child is not None
        assert child.stdin is not None
        wanted = [request, {"type": "pause"} if self._recovery.paused else None]
        with contextlib.suppress(OSError, ValueError):
            for message in wanted:
                if message is not None:
                    child.stdin.write(encode(message))
            child.stdin.flush()

    def _obituary(self, code: int) -> str:
        often = f", {PATIENCE + 1} times in a row" if self._recovery.active else ""
        self._recovery.active = False
        return (
            f"The part of the program that computes suggestions ended unexpectedly ({_cause(code)})"
            f"{often}. Nothing you did is lost, and the suggestions made so far are kept; start it "
            "again to go on. If it happens again, choose another model, or CPU in the settings."
        )

    def _deliver(self, message: Message) -> None:
        try:
            self._on_message(message)
        except Exception:
            log.exception("a message of the suggester was not taken: %s", message.get("type"))


def _cause(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
