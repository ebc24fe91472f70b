"""Progress of a training as JSON lines on stderr, so that window and command line can show it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Progress:
    """Writes `{"event":"progress","stage":…,"fraction":…,"message":…}`.

    Attributes:
        first, last: the part of the whole, 0 to 1, that fractions given here stand for.
        also: told the share of the whole and the message.
        drawn: given curves, `MEASURE by X/GROUP` and their points so far; None where nobody looks.
    """

    first: float = 0.0
    last: float = 1.0
    also: Callable[[float, str], None] | None = None
    drawn: Callable[[str, Sequence[tuple[float, float]]], None] | None = None

    def tell(self, stage: str, fraction: float, message: str) -> None:
        """Say what is being done; `fraction` is the share done of this part."""
        share = self.first + (self.last - self.first) * min(max(fraction, 0.0), 1.0)
        line = {
            "event": "progress",
            "stage": stage,
            "fraction": round(share, 3),
            "message": message,
        }
        print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)
        if self.also is not None:
            self.also(share, message)

    def part(self, first: float, last: float) -> Progress:
        """Return the progress of a part of this one."""
        width = self.last - self.first
        return replace(self, first=self.first + width * first, last=self.first + width * last)

    def ticker(self, stage: str, message: str) -> Callable[[float], None]:
        """Return a function of the share done that repeats one message."""
        return lambda fraction: self.tell(stage, fraction, message)


class Silence(Progress):
    """Tells nothing."""

    def tell(self, stage: str, fraction: float, message: str) -> None:
        """Tell nothing."""

    def part(self, first: float, last: float) -> Silence:
        """Return itself."""
        return self
