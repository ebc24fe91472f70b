"""How many photos are computed at once, and by how many threads: found by a short timed probe.

On the CPU several runs of one thread each ("lanes") do more than one run of several threads,
which wait for each other at every layer: with Lite0 on two busy cores 188 against 84 photos/s, on
quiet ones 204 against 163. A GPU wants one lane and larger batches.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np
import onnxruntime as ort

from tagger.core.preprocessing import Preprocessing
from tagger.suggest.engine import Engine, Interrupted
from tagger.suggest.remembered import recall, remember

SLOW_BATCH = 0.15
"""Seconds that one run may take: a pause has to be felt within 0.2 s."""

MAX_LANES = 8
_SLICE = 0.12
_GAIN = 1.03
"""A larger share has to be so many times faster: it is also lost in a kill and waited for."""


@dataclass(frozen=True)
class Plan:
    """How a model is run.

    Attributes:
        lanes: runs at the same time.
        threads: threads of one run.
        share: photos in one run.
        photos_per_s: speed of the model alone when it was measured.
    """

    lanes: int
    threads: int
    share: int
    photos_per_s: float = 0.0

    @property
    def batch(self) -> int:
        """Photos computed at one time, by all lanes: so many a kill loses at most."""
        return self.lanes * self.share


def first_plan(provider: str) -> Plan:
    """Return the plan to measure from: lanes and threads for this machine."""
    if provider in ("cuda", "tensorrt"):
        return Plan(2, 0, 32)  # one copies while the other computes
    if provider != "cpu":
        return Plan(1, 0, 32)  # DirectML allows one run at a time
    cores = core_count()
    lanes = min(cores, MAX_LANES)
    return Plan(lanes, max(1, cores // lanes), 8)


def core_count() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def find_plan(
    engine: Engine,
    spec: Preprocessing,
    provider: str,
    key: str,
    stopped: Callable[[], bool],
    device: str = "",
) -> Plan:
    """Return the plan remembered for this model and device, else measure one.

    Where the memory turns out to hold smaller batches only, now or during a run, that is
    remembered too.

    Args:
        engine: opened with the threads of `first_plan`.
        spec: gives the picture size.
        provider: its key.
        key: names the model; models of the same graph share it.
        stopped: asked between measurements; the plan so far is returned, not remembered.
        device: names what the provider computes on, such as a graphics card.
    """
    first = first_plan(provider)
    name = f"{key} {provider} {device} {ort.__version__} {first.lanes}x{first.threads}"
    known = recall("plans", name)
    if isinstance(known, dict) and known.keys() == asdict(first).keys():
        best = Plan(**known)
    else:
        best = _smaller(_measured(engine, spec, first, provider, stopped), engine.most)
        if not stopped():
            remember("plans", name, asdict(best))
    engine.on_halved = lambda most: remember("plans", name, asdict(_smaller(best, most)))
    return best


def measure(engine: Engine, spec: Preprocessing, plan: Plan, seconds: float) -> float:
    """Return photos/s of the model alone, its lanes busy for about so many seconds."""
    images = engine.room((plan.share, spec.height, spec.width, 3))
    images[:] = np.random.default_rng(0).integers(0, 256, images.shape, np.uint8)
    speeds = [0.0] * plan.lanes
    start = time.perf_counter()

    def go(lane: int) -> None:
        done = 0
        with contextlib.suppress(Interrupted):
            while True:
                engine.run(images)
                done += plan.share
                now = time.perf_counter()
                speeds[lane] = done / (now - start)  # of its own time: no lane waits for the last
                if now - start >= seconds:
                    return

    threads = [threading.Thread(target=go, args=(lane,)) for lane in range(plan.lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(speeds)


def _measured(
    engine: Engine, spec: Preprocessing, first: Plan, provider: str, stopped: Callable[[], bool]
) -> Plan:
    single = _with_share(first, 1)
    measure(engine, spec, single, 0.0)
    started = time.perf_counter()
    measure(engine, spec, single, 0.0)
    one_round = max(1e-4, time.perf_counter() - started)
    sizes = [4, 8, 16] if provider == "cpu" else [16, 32, 64, 128]
    sizes = [size for size in sizes if provider != "cpu" or size * one_round <= SLOW_BATCH]
    if not sizes:
        size = max(1, int(SLOW_BATCH / one_round))
        return Plan(first.lanes, first.threads, size, first.lanes / one_round)
    speeds = dict.fromkeys(sizes, 0.0)
    for _ in range(2):  # interleaved, so that a disturbance does not hit one size only
        for size in sizes:
            if not stopped():
                speed = measure(engine, spec, _with_share(first, size), _SLICE)
                speeds[size] = max(speeds[size], speed)
    best = sizes[0]
    for size in sizes[1:]:
        if speeds[size] > speeds[best] * _GAIN:
            best = size
    return Plan(first.lanes, first.threads, best, speeds[best])


def _smaller(plan: Plan, most: int | None) -> Plan:
    """Return the plan with a batch that the memory holds."""
    return plan if most is None else _with_share(plan, min(plan.share, most))


def _with_share(plan: Plan, share: int) -> Plan:
    return replace(plan, share=share)
