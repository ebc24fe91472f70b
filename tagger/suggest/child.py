"""The suggester: a process of its own that computes what its parent asks for.

It reads messages from stdin and writes messages to stdout (`tagger.suggest.protocol`); logs go to
stderr. It ends when its stdin does, for then the parent is gone.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from tagger.core.errors import TaggerError
from tagger.core.preprocessing import Preprocessing
from tagger.suggest.away import library_away
from tagger.suggest.engine import DeviceLost
from tagger.suggest.job import Job
from tagger.suggest.marks import withdraw
from tagger.suggest.once import answer_once
from tagger.suggest.photos import pending_photos
from tagger.suggest.protocol import Message, encode, messages
from tagger.suggest.samples import sample_photos
from tagger.suggest.sessions import idle_card
from tagger.suggest.workplace import Model, Workplace, open_model

log = logging.getLogger(__name__)

_GRACE = 1.0
"""Seconds that a run gets to end by itself when the parent is gone."""


class Suggester:
    """Runs one job at a time on a thread of its own; the latest request wins."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._changed = threading.Condition()
        self._waiting: tuple[Message, Job] | None = None
        self._job: Job | None = None
        self._closed = False
        self._place: Workplace | None = None
        self._model: Model | None = None
        self._lost = ""
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
        self._thread.start()

    def handle(self, message: Message) -> None:
        """Do what a message asks; unknown ones are logged."""
        actions: dict[str, Callable[[Message], None]] = {
            "start": self._start,
            "pause": self._pause,
            "resume": self._resume,
            "stop": self._stop,
            "prioritise": self._prioritise,
            "doctor": self._doctor,
        }
        action = actions.get(message["type"])
        if action is None:
            log.warning("unknown message %s", message["type"])
            return
        try:
            action(message)
        except (KeyError, TypeError, ValueError) as error:
            self._send({"type": "error", "message": f"A message was not understood: {error!r}"})

    def close(self) -> None:
        """Stop, bring everything to disk and give the library back; waits a moment only."""
        withdraw()
        with self._changed:
            self._closed = True
            self._waiting = None
            if self._job:
                self._job.stop()
            self._changed.notify_all()
        self._thread.join(_GRACE)
        if not self._thread.is_alive() and self._place:
            self._place.close()

    def _start(self, message: Message) -> None:
        request: Message = {
            "library": str(message["library"]),
            "bundle": str(message["bundle"]),
            "provider": str(message.get("provider") or "auto"),
        }
        retry = message.get("retry")
        request["retry"] = None if retry is None else [int(slot) for slot in retry]
        first = [int(slot) for slot in message.get("first") or []]
        with self._changed:
            if self._job:
                self._job.stop()
            self._waiting = (request, Job(self._send, first))
            self._changed.notify_all()

    def _current(self) -> Job | None:
        with self._changed:
            return self._waiting[1] if self._waiting else self._job

    def _pause(self, message: Message) -> None:
        if job := self._current():
            job.pause()
        self._send({"type": "paused"})

    def _resume(self, message: Message) -> None:
        if job := self._current():
            job.resume()
        self._send({"type": "resumed"})

    def _stop(self, message: Message) -> None:
        if job := self._current():
            job.stop()

    def _prioritise(self, message: Message) -> None:
        slots = [int(slot) for slot in message["slots"]]
        if job := self._current():
            job.prioritise(slots)

    def _doctor(self, message: Message) -> None:
        from tagger.suggest.doctor import examine

        wanted = str(message.get("provider") or "auto")

        def answer() -> None:
            self._send({"type": "doctor"} | examine(wanted, probe=False))

        threading.Thread(target=answer, name="doctor", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._job = None
                self._changed.wait_for(lambda: self._waiting is not None or self._closed)
                if self._closed or self._waiting is None:
                    return
                (request, self._job), self._waiting = self._waiting, None
                job = self._job
            answer = self._answer(request, job)
            with self._changed:
                replaced = self._waiting is not None
            if not replaced and not job.worn_out:
                self._send(answer)
            if job.hanging:
                self._renew()

    def _renew(self) -> None:
        """End this process, in which decoders hang for ever; the client starts a new one."""
        if self._place:
            self._place.close()
        self._send({"type": "renew"})
        logging.shutdown()
        os._exit(0)

    def _answer(self, request: Message, job: Job) -> Message:
        try:
            return self._result(request, job)
        except DeviceLost as error:
            return self._go_on_without_it(request, str(error))
        except TaggerError as error:
            return {"type": "error", "message": str(self._cause(error))}
        except Exception as error:
            log.exception("the run failed")
            return {
                "type": "error",
                "message": f"Suggesting stopped because of an error in the program ({error!r}). "
                "The log file says more.",
            }

    def _cause(self, error: TaggerError) -> TaggerError:
        """Return why a run failed: what cannot be read or written is often just not there."""
        if self._place and not self._place.is_there():
            return library_away(self._place.places.home)
        return error

    def _go_on_without_it(self, request: Message, reason: str) -> Message:
        """Have the rest done by the processor: to this process the graphics card is lost."""
        self._lost, self._model = reason, None
        with self._changed:
            if self._waiting is None and not self._closed:
                self._waiting = (request | {"retry": None}, Job(self._send, []))
        return {"type": "error", "message": reason}

    def _result(self, request: Message, job: Job) -> Message:
        place = self._enter(Path(request["library"]))
        if request["retry"] is not None:
            known = [problem.slot for problem in place.problems.all()]
            place.problems.forget(request["retry"] or known)
        model = self._load(Path(request["bundle"]), request["provider"], job)
        self._send(
            {
                "type": "ready",
                "provider": model.obtained.provider.key,
                "requested": model.obtained.requested,
                "bundle": model.spec.bundle_id,
                "reasons": list(model.obtained.reasons),
                "idle_gpu": idle_card(model.obtained),
            }
        )
        result = job.run(place, model)
        return {"type": "stopped" if job.stopped else "finished"} | result

    def _enter(self, library: Path) -> Workplace:
        if self._place and not (self._place.asked_for == library and self._place.is_there()):
            self._place.close()
            self._place = None
        if self._place is None:
            self._place = Workplace(library)
        return self._place

    def _load(self, bundle: Path, provider: str, job: Job) -> Model:
        kept = self._model
        if kept is None or not kept.is_still(bundle, provider):
            self._model = None
            wanted = "cpu" if self._lost else provider
            model = open_model(bundle, wanted, lambda: job.stopped, self._some_photos)
            if self._lost:
                told = replace(model.obtained, requested=provider, reasons=(self._lost,))
                model = replace(model, obtained=told)
            self._model = model
        assert self._model is not None
        return self._model

    def _some_photos(self, spec: Preprocessing) -> NDArray[np.uint8]:
        assert self._place is not None
        photos = pending_photos(self._place.places)
        return sample_photos(len(photos), photos.path, spec)


def main(arguments: Sequence[str] = ()) -> int:
    """Run the suggester until its stdin ends; with arguments give one answer and return.

    Returns:
        Exit code: 0 done, 1 could not be done, 2 wrong usage.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    out = _own_stdout()
    if arguments:
        return answer_once(list(arguments), out)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    lock = threading.Lock()

    def send(message: Message) -> None:
        try:
            with lock:
                out.write(encode(message))
                out.flush()
        except OSError:
            os._exit(0)  # nobody listens any more; what is stored is stored

    suggester = Suggester(send)
    for message in messages(sys.stdin.buffer):
        if message["type"] == "close":
            break
        suggester.handle(message)
    suggester.close()
    logging.shutdown()
    os._exit(0)  # decoding threads may still be busy with a large photo


def _own_stdout() -> IO[bytes]:
    """Return stdout for messages alone; whatever else prints goes to stderr from now on."""
    private = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return private
