"""Learning rates over a training."""

from __future__ import annotations

import math

from trainer.loop.settings import Schedule

_FIRST = 0.1


def rate_factor(schedule: Schedule, share: float) -> float:
    """Return what rates are multiplied by after a share (0 to 1) of the training."""
    share = min(max(share, 0.0), 1.0)
    if schedule.name == "steps":
        return _stage(schedule, share)
    if share < schedule.warm_up:
        return _FIRST + (1 - _FIRST) * share / schedule.warm_up
    if schedule.name == "constant":
        return 1.0
    down = (share - schedule.warm_up) / max(1e-9, 1 - schedule.warm_up)
    return schedule.final + (1 - schedule.final) * 0.5 * (1 + math.cos(math.pi * down))


def _stage(schedule: Schedule, share: float) -> float:
    whole = sum(epochs for _, epochs in schedule.stages)
    begun = 0.0
    for factor, epochs in schedule.stages:
        begun += epochs / whole
        if share < begun:
            return factor
    return schedule.stages[-1][0]
