"""Messages between a program and its suggester: one JSON object a line, in both directions.

Parent → child
    start       library, bundle (folders), provider (`auto` or a key of `providers.PROVIDERS`),
                first (slots to do first), retry (slots whose problems are forgotten; an empty
                list: all; None: none). Replaces a run under way; finished photos stay finished
    pause, resume, stop
    prioritise  slots that jump the queue
    doctor      what can compute here, and what hinders it
    close       end; so does the end of the pipe

Child → parent
    ready       provider, requested, bundle, reasons (why no better provider is used), idle_gpu
                (None, or a `tagger.suggest.idle.IdleGpu` as values)
    progress    done, total, skipped, photos_per_s, model_per_s, seconds_left (None: not known yet)
    batch       slots whose embedding and scores are new in the cache
    problem     slot, path, kind, reason
    paused, resumed
    finished, stopped   the result, see `tagger.suggest.blocking.SuggestResult`
    doctor      the answer, see `tagger.suggest.doctor.examine`
    error       message: the run could not go on; a sentence for the user
    renew       the child ends on purpose, since decoders hang in it: a new one is to go on

Made by the client
    restarted   message, code: the child died, and a new one goes on where it was
    crashed     message, code: it died, and starting again does not help
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

Message = dict[str, Any]

COMMAND = "_suggester"
"""Name by which the program's one entry point knows the child."""

DECODE = "--decode"
"""Argument that makes the child decode one photo and end (`tagger.suggest.apart`)."""

DOCTOR = "--doctor"
"""Argument that makes the child print one answer of the doctor and end; after it may stand the
arguments of `tagger.suggest.doctor.examine` as JSON."""

ADD = "--add"
"""Argument that makes the child read one request of `adding`, answer it and end."""

CHECK = "--check"
"""Argument, before a bundle's folder and a provider, that makes the child check it and end."""

SCORE = "--score"
"""Argument that makes the child read one request of `scoring`, answer it and end."""

BENCH = "--bench"
"""Argument that makes the child read one request of the benchmark and answer it, with progress."""


def encode(message: Message) -> bytes:
    """Return a message as one line; names that are no UTF-8 survive."""
    return json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"


def messages(stream: IO[bytes]) -> Iterator[Message]:
    """Yield the messages of a stream until it ends; lines that are none are left out."""
    for line in stream:
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict) and isinstance(message.get("type"), str):
            yield message
