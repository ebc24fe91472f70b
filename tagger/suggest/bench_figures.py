"""The figures of the benchmark: what its slices measured, and what is said of them."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tagger.core.errors import TaggerError
from tagger.suggest.plan import core_count
from tagger.suggest.stages import MODEL, STAGES, Spent, shares_of
from tagger.suggest.workplace import Model


class BenchError(TaggerError):
    """There is nothing to measure with."""


@dataclass
class Figures:
    """Photos/s of each slice, by measure, and what the end-to-end slices spent.

    Attributes:
        rates: photos/s by measure: `decode`, `model`, `whole`, `naive`.
        spent: seconds by stage of the pipeline.
        facts_s, wall_s, cpu_s: seconds for what a scan reads, by the clock, and of all cores.
        computed, problems: photos that went through, and those that could not.
        loads: load averages.
    """

    rates: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    spent: dict[str, Spent] = field(default_factory=dict)
    facts_s: float = 0.0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    computed: int = 0
    problems: int = 0
    loads: list[float] = field(default_factory=list)

    def median(self, name: str) -> float:
        """Return the median speed of a measure.

        Raises:
            BenchError: no slice of it met a photo that can be read.
        """
        if not self.rates[name]:
            raise BenchError("Too few of these photos can be read to measure anything.")
        return statistics.median(self.rates[name])


def bound(decode: float, model: float, provider: str) -> float:
    """Return B in photos/s: what decoding and the model allow together on this provider."""
    if provider == "cpu":
        return 1.0 / (1.0 / decode + 1.0 / model)
    return min(decode, model)


def report(figures: Figures, model: Model, photos: int, peak_mb: float) -> dict[str, Any]:
    """Return the figures as `tagger bench suggest --json` prints them.

    Args:
        figures: what was measured.
        model: what with.
        photos: number of different photos.
        peak_mb: most memory held during the end-to-end slices.

    Raises:
        BenchError: too few photos can be read.
    """
    provider = model.obtained.provider.key
    decode, alone = figures.median("decode"), figures.median("model")
    most, whole = bound(decode, alone, provider), figures.median("whole")
    naive = figures.median("naive")
    return {
        "decode_per_s": round(decode, 2),
        "model_per_s": round(alone, 2),
        "bound_per_s": round(most, 2),
        "end_to_end_per_s": round(whole, 2),
        "ratio": round(whole / most, 4),
        "naive_per_s": round(naive, 2),
        "provider": provider,
        "batch": model.plan.batch,
        "rss_mb": round(peak_mb, 1),
        "photos": photos,
        "speedup": round(whole / naive, 3) if naive else None,
        "lanes": model.plan.lanes,
        "cores": core_count(),
        "load": round(statistics.median(figures.loads), 2),
        "rounds": len(figures.rates["whole"]),
        "computed": figures.computed,
        "problems": figures.problems,
        "breakdown_ms": _breakdown(figures, provider),
        "shares": _shares(figures),
        "model": {"bundle": model.spec.bundle_id, "name": model.spec.name},
        "reasons": list(model.obtained.reasons),
        "slices": {name: [round(rate, 2) for rate in r] for name, r in figures.rates.items()},
    }


def _breakdown(figures: Figures, provider: str) -> dict[str, float]:
    """Return milliseconds of a core per photo, by stage; they add up to all cores' time.

    `facts`: what a scan reads. `other`: queues, messages and the rest of the program. `waiting`:
    nobody had anything to do, or other programs had the cores. A GPU's time is not a core's, so
    `model` is 0 there.
    """
    photos = max(1, figures.computed)
    seconds = {"facts": figures.facts_s} | {s: figures.spent[s].cpu for s in STAGES}
    if provider != "cpu":
        seconds[MODEL] = 0.0
    seconds["other"] = max(0.0, figures.cpu_s - sum(seconds.values()))
    seconds["waiting"] = max(0.0, core_count() * figures.wall_s - sum(seconds.values()))
    return {stage: round(1000 * spent / photos, 3) for stage, spent in seconds.items()}


def _shares(figures: Figures) -> dict[str, float]:
    return {name: round(share, 3) for name, share in shares_of(figures.spent).items()}
