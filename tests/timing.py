"""Work measured by the processor's time, which other programs on the machine change little."""

import time


def cpu_seconds(work, times=3):
    """Return the least processor seconds of this process that `work()` took in so many tries."""

    def once():
        began = time.process_time()
        work()
        return time.process_time() - began

    return min(once() for _ in range(times))


def growth(work, small, large):
    """Return how many times as long `work(large)` takes as `work(small)`."""
    return cpu_seconds(lambda: work(large)) / cpu_seconds(lambda: work(small))
