"""The folders of trainings, and what the window can read there about one under way.

A training is a process of its own that outlives the window. It holds the lock of its folder while
it lives and writes its state to `state.json`; so whoever looks later knows how far it is, how it
ended, or that it broke off.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tagger.core.errors import TaggerError
from tagger.library.file_lock import FileLock, LockHeld, is_held
from tagger.library.full_disk import has_no_room
from tagger.library.places import user_folder

STATE = "state.json"
LOCK = "run.lock"
STOP = "stop"
LOG = "log.txt"
CURVES = "curves.json"
REPORT = "report.json"
REPORT_PAGE = "report.html"

Phase = Literal["running", "done", "failed", "stopped"]

_INTERVAL = 0.25
_PATIENCE = 1.0
_LOG_END = 16 << 10
_BROKE_OFF = (
    "The training broke off without a word, perhaps for lack of memory. The present model stays as "
    "it is; try again with other programs closed."
)
_NO_ROOM = (
    "The training broke off: the disk of {} is full. The present model stays as it is; make room "
    "and train again."
)
_SPARE, _SPARE_BYTES = "spare", 4096
"""Given back to the disk before the last state is written, so that a full one has room for it."""


class RunError(TaggerError):
    """A run's folder cannot be written."""


@dataclass(frozen=True)
class RunState:
    """How a training stands.

    Attributes:
        library: home folder of the library it learns from.
        method: `quick`, `better` or `deep`.
        began: UTC, ISO 8601.
        pid: its process.
        phase: `running` until it ended.
        fraction: share done, 0 to 1.
        message: what it does now.
        failure: the sentence that says why it failed.
        bundle: id of the model it made.
        told: the user has seen how it ended.
    """

    library: str
    method: str
    began: str = ""
    pid: int = 0
    phase: Phase = "running"
    fraction: float = 0.0
    message: str = ""
    failure: str = ""
    bundle: str = ""
    told: bool = False


@dataclass(frozen=True)
class Run:
    """A run's folder with its state."""

    folder: Path
    state: RunState


def new_run() -> Path:
    """Make and return the folder of a new run, `runs/<time>-<id>` in the user data folder.

    Raises:
        RunError: it cannot be made.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return make_run(user_folder("runs") / f"{stamp}-{secrets.token_hex(4)}")


def make_run(folder: Path) -> Path:
    """Make the folder of a run where it is not there yet, and return it.

    Raises:
        RunError: it cannot be made.
    """
    try:
        folder.mkdir(exist_ok=True)
    except FileNotFoundError as error:
        text = f"The run's folder {folder} cannot be made: there is no folder {folder.parent}."
        raise RunError(text) from error
    except FileExistsError as error:
        raise RunError(f"{folder} is a file. Name a folder to keep the run in.") from error
    except OSError as error:
        raise RunError(f"{folder} cannot be made: {error.strerror or error}") from error
    return folder


class RunLog:
    """Writes the state of the training that this process is; holds its folder's lock."""

    def __init__(self, folder: Path, library: Path, method: str) -> None:
        """Begin a run in its folder.

        Raises:
            RunError: the folder cannot be written, or another process trains in it.
        """
        self._folder = folder
        try:
            self._lock = _locked(folder / LOCK)
        except (OSError, LockHeld) as error:
            raise RunError(f"The run's folder {folder} cannot be used ({error}).") from error
        if (folder / STATE).exists():  # a request to stop was meant for that earlier training
            (folder / STOP).unlink(missing_ok=True)
        began = datetime.now(UTC).isoformat(timespec="seconds")
        self.state = RunState(str(library), method, began, os.getpid())
        self._written = 0.0
        try:
            (folder / _SPARE).write_bytes(bytes(_SPARE_BYTES))
            _write_state(folder, self.state)
        except OSError as error:
            self._lock.release()
            why = error.strerror or error
            raise RunError(f"The run's folder {folder} cannot be written ({why}).") from error

    def tell(self, fraction: float, message: str) -> None:
        """Note how far it is; written a few times a second at most."""
        self.state = replace(self.state, fraction=round(fraction, 4), message=message)
        if time.monotonic() - self._written >= _INTERVAL:
            self._write()

    def done(self, bundle: str) -> None:
        """End with a new model."""
        self._end(replace(self.state, phase="done", fraction=1.0, bundle=bundle))

    def failed(self, sentence: str) -> None:
        """End without one."""
        self._end(replace(self.state, phase="failed", failure=sentence))

    def stopped(self) -> None:
        """End because the user wanted it so."""
        self._end(replace(self.state, phase="stopped"))

    def _end(self, state: RunState) -> None:
        self.state = state
        (self._folder / _SPARE).unlink(missing_ok=True)
        self._write()
        self._lock.release()

    def _write(self) -> None:
        self._written = time.monotonic()
        with contextlib.suppress(OSError):  # a full disk must not end what may still succeed
            _write_state(self._folder, self.state)


def why_broken_off(folder: Path, otherwise: str = _BROKE_OFF) -> str:
    """Return the sentence on a training whose process is gone without having said how it ended."""
    if said := last_words(folder):
        return said
    return _NO_ROOM.format(folder.parent) if has_no_room(folder) else otherwise


def read_run(folder: Path) -> Run | None:
    """Return a run's state as it is; None where the folder holds none.

    A training whose process is gone without a word has failed, or was stopped if that was asked.
    """
    try:
        data = json.loads((folder / STATE).read_text("utf-8"))
        known = {field.name for field in fields(RunState)}
        state = RunState(**{name: value for name, value in data.items() if name in known})
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    if state.phase == "running" and not is_held(folder / LOCK):
        if stop_asked(folder):
            state = replace(state, phase="stopped")
        else:
            state = replace(state, phase="failed", failure=why_broken_off(folder))
    return Run(folder, state)


def runs_of(library: Path) -> Iterator[Run]:
    """Give the runs of a library, the newest first."""
    folders = sorted(user_folder("runs").iterdir(), key=lambda folder: folder.name, reverse=True)
    for folder in folders:
        run = read_run(folder) if folder.is_dir() else None
        if run is not None and run.state.library == str(library):
            yield run


def stop_run(folder: Path) -> None:
    """Ask the training in a folder to end; it leaves no model behind. Does not wait."""
    with contextlib.suppress(OSError):
        (folder / STOP).touch()


def stop_asked(folder: Path) -> bool:
    """Say whether the training in a folder was asked to end."""
    return (folder / STOP).exists()


def mark_told(run: Run) -> None:
    """Note that the user has seen how a run ended, so that it is not told again."""
    with contextlib.suppress(OSError):
        _write_state(run.folder, replace(run.state, told=True))


def delete_run(folder: Path) -> None:
    """Delete a run that has ended, with everything in it; one under way stays."""
    if not is_held(folder / LOCK):
        shutil.rmtree(folder, ignore_errors=True)


def write_curves(folder: Path, series: list[dict[str, Any]]) -> None:
    """Keep learning curves: `[{"name": "loss", "points": [[x, y], …]}, …]`, whole or not at all.

    Raises:
        OSError: the disk is full; the curves before stay.
    """
    _write_json(folder / CURVES, {"version": 1, "series": series})


def read_curves(folder: Path) -> list[dict[str, Any]]:
    """Return the learning curves of a run, empty where there are none yet."""
    try:
        data = json.loads((folder / CURVES).read_text("utf-8"))
        return [
            {"name": str(each["name"]), "points": [(float(x), float(y)) for x, y in each["points"]]}
            for each in data["series"]
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def _locked(path: Path) -> FileLock:
    """Take a lock; somebody who only looks whether it is held may hold it for a moment."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return FileLock(path)
        except LockHeld:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def _write_state(folder: Path, state: RunState) -> None:
    _write_json(folder / STATE, asdict(state))


def _write_json(path: Path, value: Any) -> None:
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        fresh.write_text(json.dumps(value), "utf-8")
        os.replace(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def last_words(folder: Path) -> str:
    """Return what a process that broke off said last, if it was a sentence."""
    try:
        with (folder / LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_END))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines()]
    said = [line for line in lines if line and not line.startswith("{")]
    if not said or any(line.startswith("Traceback") for line in said):
        return ""
    return said[-1]
