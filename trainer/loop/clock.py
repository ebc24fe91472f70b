"""How much of a training is done, by steps and by the clock."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Shares of a training.

    Attributes:
        steps: planned.
        seconds: allowed, 0 = any.
        fill_time: only the clock counts.
        before: seconds spent before the training was taken up again.
        judging: seconds that the judgement at the end will take, as far as known.
    """

    steps: int
    seconds: float
    fill_time: bool
    before: float = 0.0
    judging: float = 0.0
    began: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        """Seconds spent."""
        return self.before + time.monotonic() - self.began

    def share(self, step: int) -> float:
        """Return the share done after so many steps, 0 to 1."""
        by_steps = step / max(1, self.steps)
        if not self.seconds:
            return min(1.0, by_steps)
        by_time = self.elapsed / max(1e-3, self.seconds - self.judging)
        return min(1.0, by_time if self.fill_time else max(by_steps, by_time))


def planned_steps(epochs: float, steps_an_epoch: int) -> int:
    """Return the number of steps of so many (parts of) epochs."""
    return max(1, math.ceil(epochs * steps_an_epoch - 1e-9))
