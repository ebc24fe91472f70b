"""What a client has to remember to go on, unnoticed, after its suggester died."""

from __future__ import annotations

from collections.abc import Iterable

from tagger.suggest.protocol import Message

PATIENCE = 3
"""So many unexplained crashes in a row are answered by a new start."""

_FORGIVING = 100
"""Photos computed that make up for one crash."""

_FOUND_OUT = frozenset({"crash", "slow", "too_large"})


class Recovery:
    """Follows a request through the deaths of the process that works on it.

    Attributes:
        request: the `start` message to send to a new process; None before the first.
        active: whether an answer to it is still due.
        paused: whether it was told to wait.
    """

    def __init__(self) -> None:
        self.request: Message | None = None
        self.active = False
        self.paused = False
        self._restarts = 0
        self._crashes = 0
        self._computed = 0
        self._first: tuple[int, int] | None = None
        self._before = 0

    def begin(self, request: Message) -> None:
        """Note a new request, or the same one anew."""
        self.request = request
        self.active = True
        self.paused = False
        self._restarts = self._crashes = self._computed = self._before = 0
        self._first = None

    def look_first(self, slots: Iterable[int]) -> None:
        """Note photos that are to be done first, also by a new process."""
        if self.request is not None:
            self.request = self.request | {"first": list(slots)}

    def crashed(self) -> bool:
        """Count a death; return whether to start again."""
        self._crashes += 1
        return self.active and self._crashes <= PATIENCE

    def again(self) -> Message | None:
        """Return what to ask a new process for, None if nothing is due."""
        self._restarts += 1
        return self.request | {"retry": None} if self.active and self.request else None

    def hear(self, message: Message) -> Message:
        """Follow a message of the process; return it with the totals of all its lives."""
        kind = message["type"]
        if kind == "batch":
            self._computed += len(message["slots"])
            if self._computed >= _FORGIVING:
                self._computed, self._crashes = 0, max(0, self._crashes - 1)
        elif kind == "problem" and message["kind"] in _FOUND_OUT:
            self._crashes = 0
        elif kind == "progress":
            return self._progress(message)
        elif kind in ("finished", "stopped"):
            self.active = False
            return self._result(message)
        elif kind == "error":
            self.active = False
        return message

    def _progress(self, message: Message) -> Message:
        if self._first is None:
            self._first = (message["total"], message["skipped"])
        if not self._restarts:
            return message
        total, skipped = self._first
        if message["done"] == 0:
            self._before = max(0, total - message["total"])
        return message | {
            "done": self._before + message["done"],
            "total": self._before + message["total"],
            "skipped": min(skipped, message["skipped"]),
        }

    def _result(self, message: Message) -> Message:
        if not self._restarts or self._first is None:
            return message
        earlier = max(0, message["skipped"] - self._first[1])
        return message | {
            "done": message["done"] + earlier,
            "decoded": message["decoded"] + earlier,
            "skipped": message["skipped"] - earlier,
        }
