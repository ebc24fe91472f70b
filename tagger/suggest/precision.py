"""Whether a model is computed in half precision on this device: decided once, and remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from tagger.bundle.golden_files import read_golden
from tagger.bundle.spec import MODEL_FILE, BundleSpec
from tagger.core.errors import TaggerError
from tagger.suggest.engine import Engine
from tagger.suggest.half import WORTH, Parity, compare, half_graph, sample_pictures
from tagger.suggest.plan import Plan, first_plan, measure
from tagger.suggest.providers import Obtained
from tagger.suggest.remembered import recall, remember
from tagger.suggest.sessions import device_name, open_engine

ENOUGH_PHOTOS = 64
"""From so many photos on they alone decide; synthetic pictures are a sterner, poorer judge."""

MOST_PHOTOS = 256

_KIND, _LAST = "half", "last"
_SECONDS = 0.4
_BATCH = 32

Photos = Callable[[], NDArray[np.uint8]]
"""Gives up to `MOST_PHOTOS` photos as model input, uint8 [n, H, W, 3]; n may be 0."""


@dataclass(frozen=True)
class Decision:
    """What was decided, and by what.

    Attributes:
        used: whether half precision is used.
        model, device: for what.
        agreement, cosine, difference, pictures: see `half.Parity`.
        speedup: speed in half precision over that in full; 0 if it was not timed.
    """

    used: bool
    model: str
    device: str
    agreement: float = 0.0
    cosine: float = 0.0
    difference: float = 0.0
    pictures: int = 0
    speedup: float = 0.0


def last_decision() -> dict[str, Any] | None:
    """Return the last decision that was made on this machine, for the doctor."""
    found = recall(_KIND, _LAST)
    return found if isinstance(found, dict) else None


def in_best_precision(
    folder: Path,
    spec: BundleSpec,
    full: Obtained[Engine],
    check: Callable[[Engine], None],
    photos: Photos | None = None,
) -> Engine:
    """Return the engine in half precision if that is as good and faster, else the full one.

    Args:
        folder: the bundle.
        spec: of the bundle.
        full: the bundle's own graph on a GPU.
        check: raises an error unless an engine gives the bundle's golden answers.
        photos: photos of the library; without enough of them synthetic pictures decide.
    """
    device = device_name(full.provider)
    key = f"{spec.bundle_id} {device} {ort.__version__}"
    known = recall(_KIND, key)
    if isinstance(known, dict) and not known.get("used"):
        return full.session
    half = _opened(folder, spec, full, check)
    if half is None:
        remember(_KIND, key, asdict(Decision(False, spec.name, device)))
        return full.session
    if isinstance(known, dict):
        return half
    pictures = photos() if photos else np.zeros((0, 1, 1, 3), np.uint8)
    enough = len(pictures) >= ENOUGH_PHOTOS
    if not enough:
        pictures = sample_pictures(spec, read_golden(folder, spec).pixels)
    parity = compare(full.session.run, half.run, pictures, spec)
    decision = _decision(spec, device, full, half, parity)
    remember(_KIND, _LAST, asdict(decision))
    if enough or decision.used:  # else a library with photos enough decides later
        remember(_KIND, key, asdict(decision))
    return half if decision.used else full.session


def _decision(
    spec: BundleSpec, device: str, full: Obtained[Engine], half: Engine, parity: Parity
) -> Decision:
    speedup = 0.0
    if parity.holds:
        first = first_plan(full.provider.key)
        plan = Plan(first.lanes, first.threads, _BATCH)
        engines = (full.session, half)
        for engine in engines:
            measure(engine, spec.preprocessing, plan, 0.0)
        before, after = (measure(e, spec.preprocessing, plan, _SECONDS) for e in engines)
        speedup = after / max(before, 1e-9)
    return Decision(
        parity.holds and speedup >= WORTH,
        spec.name,
        device,
        parity.agreement,
        parity.cosine,
        parity.difference,
        parity.pictures,
        speedup,
    )


def _opened(
    folder: Path, spec: BundleSpec, full: Obtained[Engine], check: Callable[[Engine], None]
) -> Engine | None:
    graph = half_graph(folder / MODEL_FILE)
    if graph is None:
        return None
    try:
        threads = first_plan("cpu").threads
        found = open_engine(graph, spec.preprocessing, full.provider.key, threads)
        if found.provider != full.provider:
            return None
        check(found.session)
    except TaggerError:
        return None
    return found.session
