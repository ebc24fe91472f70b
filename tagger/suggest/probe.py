"""How fast this machine's processor and graphics card compute a model, timed side by side."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tagger.bundle.read import read_bundle
from tagger.bundle.spec import MODEL_FILE
from tagger.core.errors import TaggerError
from tagger.suggest.plan import Plan, first_plan, measure
from tagger.suggest.sessions import open_engine

SECONDS = 0.6

_BATCHES = {"cpu": 4}
_GPU_BATCH = 64

NO_MODEL = "there is no model yet"


@dataclass(frozen=True)
class Probe:
    """Photos per second of the model alone.

    Attributes:
        model: name of the bundle; empty without one.
        cpu_per_s: on the processor; None if it could not be timed.
        gpu_per_s: on the graphics card; None if it could not be timed.
        gpu: key of the provider that was timed; empty without.
        why_not: why one of them could not be timed, a clause; empty if both were.
    """

    model: str = ""
    cpu_per_s: float | None = None
    gpu_per_s: float | None = None
    gpu: str = ""
    why_not: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def timed(folder: Path | None, obtained: str, why_cpu: str, seconds: float = SECONDS) -> Probe:
    """Time a bundle on the processor and on the provider that was obtained.

    Args:
        folder: the bundle; None if there is none.
        obtained: key of the provider in use.
        why_cpu: why that is the processor, a clause.
        seconds: for each of the two.
    """
    if folder is None:
        return Probe(why_not=NO_MODEL)
    try:
        name = read_bundle(folder).name
        cpu = _speed(folder, "cpu", seconds)
        if obtained in ("cpu", ""):
            return Probe(name, cpu, why_not=why_cpu)
        return Probe(name, cpu, _speed(folder, obtained, seconds), obtained)
    except TaggerError as error:
        return Probe(why_not=str(error))


def _speed(folder: Path, key: str, seconds: float) -> float:
    spec = read_bundle(folder).preprocessing
    first = first_plan(key)
    found = open_engine(folder / MODEL_FILE, spec, key, first_plan("cpu").threads)
    plan = Plan(first.lanes, first.threads, _BATCHES.get(key, _GPU_BATCH))
    measure(found.session, spec, plan, 0.0)  # the first run of a size prepares it
    return round(measure(found.session, spec, plan, seconds), 1)
