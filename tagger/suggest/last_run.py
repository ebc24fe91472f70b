"""The figures of the last run of the suggester on this machine, kept for the doctor."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields

from tagger.suggest.remembered import recall, remember

WORTH_KEEPING = 20
"""A run over fewer photos says nothing of speed."""

_KIND, _KEY = "runs", "last"


@dataclass(frozen=True)
class LastRun:
    """A run that decoded photos.

    Attributes:
        finished: when, in ISO 8601, UTC.
        photos: how many were decoded and computed.
        seconds: how long that took, without pauses.
        photos_per_s: from file to stored scores.
        model_per_s: the model alone.
        provider: key of the provider really in use.
        batch: photos in one run of the model.
        shares: of the work, by `disk`, `decode`, `model` and `store`; their sum is 1.
    """

    finished: str
    photos: int
    seconds: float
    photos_per_s: float
    model_per_s: float
    provider: str
    batch: int
    shares: dict[str, float] = field(default_factory=dict)


def remember_run(run: LastRun) -> None:
    """Keep a run's figures, if it was long enough to mean something."""
    if run.photos >= WORTH_KEEPING:
        remember(_KIND, _KEY, asdict(run))


def last_run() -> LastRun | None:
    """Return the last run that was kept; None without one."""
    found = recall(_KIND, _KEY)
    if not isinstance(found, dict) or found.keys() != {each.name for each in fields(LastRun)}:
        return None
    return LastRun(**found)
