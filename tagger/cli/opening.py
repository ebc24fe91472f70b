"""Opening a library for a command, with progress, and closing it with the mirror written."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tagger.cli.output import ProgressLine, remark
from tagger.core.errors import TaggerError
from tagger.library.library import Library
from tagger.library.mirror import write_mirror
from tagger.library.session import Opened, link_active_bundle, open_folder

_STAGES = {"scan": "Reading new photos", "keywords": "Reading keywords"}


class ModelError(TaggerError):
    """No model could be prepared."""


@contextmanager
def opened_library(folder: Path) -> Iterator[Opened]:
    """Open a folder in full; at the end write the annotation file and close.

    Raises:
        TaggerError: the folder or its catalog cannot be opened.
    """
    line = ProgressLine()
    opened = open_folder(
        folder, lambda stage, done, total: line.show(f"{_STAGES[stage]}: {done} of {total}")
    )
    line.done()
    for note in opened.notes:
        remark(note)
    for path, reason in opened.metadata_problems:
        remark(f"{path}: {reason}")
    try:
        yield opened
    finally:
        close_library(opened.library)


def close_library(library: Library) -> None:
    """Write the annotation file and close; says so where it could not be written."""
    state = write_mirror(library.places, library.catalog)
    if state.sentence:
        remark(state.sentence)
    library.close()


def ensure_bundle(library: Library) -> None:
    """Make sure that a model is active: the library's, the default, else the starter.

    Raises:
        ModelError: the starter could not be prepared.
    """
    if library.bundle is None and link_active_bundle(library) is None:
        prepare_starter()
        if link_active_bundle(library) is None:
            raise ModelError("The starter model was prepared but cannot be used.")


def prepare_starter() -> str:
    """Build the starter model if it is missing or out of date and return its id.

    It becomes the default for new libraries where no other model was chosen.
    """
    remark("Preparing the starter model (once) …")
    return str(run_trainer(["starter", "--json"])["bundle"])


def run_trainer(arguments: list[str]) -> dict[str, Any]:
    """Run the trainer in its own process, its progress on stderr; returns its JSON result.

    Raises:
        ModelError: it could not be done; the trainer has said why on stderr.
    """
    command = [sys.executable, "-m", "tagger"]
    if getattr(sys, "frozen", False):
        command = [sys.executable]
    said: list[str] = []
    with subprocess.Popen(
        [*command, "_trainer", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        telling = threading.Thread(target=_tell, args=(child.stderr, said), daemon=True)
        telling.start()
        lines = child.stdout.read().strip().splitlines()
        telling.join()
    if child.returncode or not lines:
        raise ModelError("\n".join(said[-1:]) or "The training program stopped without a result.")
    for sentence in said:
        remark(sentence)
    return json.loads(lines[-1])


def _tell(stream: IO[str], said: list[str]) -> None:
    """Show the trainer's progress as one line, and collect whatever else it says."""
    line = ProgressLine(every_seconds=2.0)
    for text in stream:
        try:
            event = json.loads(text)
            line.show(f"{event['fraction']:4.0%}  {event['message']}")
        except (ValueError, KeyError, TypeError):
            said.append(text.rstrip())
    line.done()
