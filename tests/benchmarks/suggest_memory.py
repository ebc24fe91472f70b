"""How much memory the suggester holds over a large folder, sampled while it works."""

from __future__ import annotations

import os
import queue
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagger.library.library import Library
from tagger.library.scan import scan
from tagger.suggest.client import SuggestClient


@dataclass(frozen=True)
class Sample:
    """The suggester at one moment: share of the photos done, megabytes held, seconds passed."""

    done: float
    rss_mb: float
    seconds: float


def many_links(source: Path, target: Path, count: int) -> None:
    """Fill a folder with so many photos: those of `source` again and again, under other names."""
    photos = sorted(path for path in source.rglob("*") if path.suffix in (".jpg", ".jpeg"))
    for number in range(count):
        folder = target / f"{number // len(photos):03d}"
        folder.mkdir(parents=True, exist_ok=True)
        photo = photos[number % len(photos)]
        link = folder / photo.name
        if not link.exists():
            link.symlink_to(photo)


def memory_curve(folder: Path, bundle: Path) -> tuple[list[Sample], dict[str, Any]]:
    """Suggest for a whole folder with the real child; return its memory and its result."""
    with Library.open(folder) as library:
        scan(library)
    said: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    client = SuggestClient(said.put)
    samples: list[Sample] = []
    start = time.monotonic()
    try:
        client.start(folder, bundle)
        while (message := said.get())["type"] != "finished":
            if message["type"] in ("error", "crashed"):
                raise SystemExit(message["message"])
            due = not samples or time.monotonic() - start - samples[-1].seconds >= 1.0
            if message["type"] == "progress" and due and message["total"]:
                share = message["done"] / message["total"]
                samples.append(Sample(share, rss_of(client.pid), time.monotonic() - start))
        samples.append(Sample(1.0, rss_of(client.pid), time.monotonic() - start))
        return samples, message
    finally:
        client.close()


def rss_of(pid: int | None) -> float:
    """Return the megabytes that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def at(samples: list[Sample], share: float) -> Sample:
    """Return the first sample at which this share of the photos was done."""
    return next(sample for sample in samples if sample.done >= share)
