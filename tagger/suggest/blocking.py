"""Suggesting from a program that waits for the result: the command line."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tagger.suggest.client import SuggestClient, SuggesterError
from tagger.suggest.protocol import Message

_KEYS = (
    "photos",
    "done",
    "skipped",
    "problems",
    "photos_per_s",
    "model_per_s",
    "provider",
    "bundle",
)


@dataclass(frozen=True)
class SuggestResult:
    """What a run over a library came to.

    Attributes:
        photos: photos of the library that are there.
        done: photos computed in this run.
        skipped: photos that had been computed before.
        problems: all photos that cannot be read, as {"path", "reason"}.
        photos_per_s: from file to stored scores, in this run.
        model_per_s: the model alone, on this machine.
        provider: key of the provider really in use.
        bundle: id of the bundle.
        requested: what was asked for, `auto` or a key.
        decoded: photos that were opened and computed.
        rescored: photos whose scores came from kept embeddings.
        changed: photos left out because their file changed after the scan.
        reasons: why no better provider is used, a sentence each.
    """

    photos: int
    done: int
    skipped: int
    problems: list[dict[str, str]]
    photos_per_s: float
    model_per_s: float
    provider: str
    bundle: str
    requested: str = "auto"
    decoded: int = 0
    rescored: int = 0
    changed: int = 0
    reasons: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return what `tagger suggest --json` prints."""
        everything = asdict(self)
        return {key: everything[key] for key in _KEYS}


def run_suggest(
    library_folder: Path,
    bundle_folder: Path,
    *,
    provider: str = "auto",
    retry: Sequence[int] | None = None,
    on_message: Callable[[Message], None] | None = None,
    log_file: Path | None = None,
    command: Sequence[str] | None = None,
) -> SuggestResult:
    """Compute what is missing in a library that was scanned, and wait for it.

    Args:
        library_folder: the library's folder.
        bundle_folder: the bundle to compute with.
        provider: `auto`, or a key of `tagger.suggest.providers.PROVIDERS`.
        retry: slots of problem photos to try again; an empty list means all of them.
        on_message: gets every message of the child, on the calling thread.
        log_file: takes the child's log; None means stderr.
        command: starts the child; None means this program's own.

    Raises:
        SuggesterError: it could not be done; the message says why.
        KeyboardInterrupt: as ever; what was computed is kept.
    """
    answers: queue.SimpleQueue[Message] = queue.SimpleQueue()
    client = SuggestClient(answers.put, command=command, log_file=log_file)
    reasons: list[str] = []
    try:
        client.start(library_folder, bundle_folder, provider=provider, retry=retry)
        while True:
            message = answers.get()
            if on_message:
                on_message(message)
            if message["type"] in ("error", "crashed"):
                raise SuggesterError(message["message"])
            if message["type"] == "ready":
                reasons = message["reasons"]
            if message["type"] == "finished":
                known = SuggestResult.__dataclass_fields__
                facts = {key: value for key, value in message.items() if key in known}
                return SuggestResult(**facts | {"reasons": reasons})
    finally:
        client.close()
