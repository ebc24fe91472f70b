"""Use all cores without letting them wait for each other.

A matrix product that is shared out among cores ends when the last is done. Beside other programs
that is late, and a fit has thousands of them (networks on 500 photos: 349 s instead of 1.7 s). So
whole pieces of work are shared out, and a product stays on one core.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Result = TypeVar("Result")


def shared_out(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield the results of pieces of work in their order, as many at a time as there are cores."""
    with one_core_a_product(), ThreadPoolExecutor(cores()) as pool:
        yield from pool.map(work, items)


def one_core_a_product() -> threadpool_limits:
    """Return a context in which a matrix product stays on one core."""
    return threadpool_limits(1, "blas")


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
