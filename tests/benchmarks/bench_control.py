"""How soon the suggester does what it is told, and what becomes of damaged photos.

Parts of `bench_suggest.py`: each writes its section of `resources/BENCHMARKS.md`.
"""

from __future__ import annotations

import re
import statistics
import time
from collections import Counter
from pathlib import Path

import photo_fuzzer
from bench_page import conditions, replace_section, table
from suggest_helpers import Talk, copy_photos, scan_folder

from tagger.library.cache_problems import read_problems

PHOTOS, TIMES = 4_000, 12
"""Photos to be busy with, and how often each thing is asked."""

DAMAGED, SEED = 2_000, 20261121
VISIBLE = 12


def control(sets: Path, work: Path, bundle: Path) -> None:
    """Time pause, resume, stop and photos that come into view, in the midst of a run."""
    home = work / "control"
    copy_photos(sets / "everyday", home, PHOTOS)
    scan_folder(home)
    one = Talk(work / "suggester.log")
    waits: dict[str, list[float]] = {"pause": [], "resume": [], "in view": [], "stop": []}
    try:
        for number in range(TIMES):
            one.client.start(home, bundle)
            one.wait("batch")
            waits["in view"].append(_into_view(one, number))
            asked = time.monotonic()
            one.client.pause()
            waits["pause"].append(one.wait("paused")["at"] - asked)
            asked = time.monotonic()
            one.client.resume()
            waits["resume"].append(one.wait("batch")["at"] - asked)
            asked = time.monotonic()
            one.client.stop()
            waits["stop"].append(one.wait("stopped")["at"] - asked)
    finally:
        one.client.close()
    rows = [["from the wish to its effect, ms", "median", "most", "promised"]]
    for name, seconds in waits.items():
        named = f"{VISIBLE} photos in view: suggested" if name == "in view" else name
        promised = "" if name == "in view" else "200"
        figures = [f"{1000 * statistics.median(seconds):.0f}", f"{1000 * max(seconds):.0f}"]
        rows.append([named, *figures, promised])
    text = (
        f"{conditions()} {PHOTOS:,} photos of `everyday` under way, each asked {TIMES} times. "
        "*Resume* counts until the next batch is stored, *stop* until the run has told its result."
        f"\n\n{table(rows)}"
    )
    _keep("control", "Pause, resume, stop, and photos in view first", text)


def _into_view(one: Talk, number: int) -> float:
    """Return seconds until photos from the far end of the list are suggested."""
    first = PHOTOS - (number + 1) * VISIBLE
    wanted = set(range(first, first + VISIBLE))
    asked = time.monotonic()
    one.client.prioritise(sorted(wanted))
    done: set[int] = set()
    while not wanted <= done:
        message = one.wait("batch")
        done |= set(message["slots"])
    return float(message["at"]) - asked


def damaged(sets: Path, work: Path, bundle: Path) -> None:
    """Suggest for photos that a seeded fuzzer damaged."""
    home = work / "damaged"
    photo_fuzzer.fill(sets, home, DAMAGED, SEED)
    scan_folder(home)
    one = Talk(work / "suggester.log")
    try:
        one.client.start(home, bundle)
        result = one.wait("finished", seconds=600)
        status = Path(f"/proc/{one.client.pid}/status")
        most = re.findall(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else []
    finally:
        one.client.close()
    kinds = Counter(problem.kind for problem in read_problems(home / ".tagger" / "cache"))
    rows = [
        ["of the damaged photos", "number"],
        ["suggested all the same", f"{result['done']:,}"],
        *([f"problem: {kind}", f"{count:,}"] for kind, count in kinds.most_common()),
        ["crashes of the decoder", str(len(one.all("restarted")))],
        ["neither done nor a problem", str(DAMAGED - result["done"] - sum(kinds.values()))],
    ]
    memory = f" Memory at most {int(most[0]) / 1024:.0f} MB (promised: 900)." if most else ""
    text = (
        f"{conditions()} {DAMAGED:,} files of 17 formats, seed {SEED}, "
        f"{result['photos_per_s']:.0f} suggested a second.{memory}\n\n{table(rows)}"
    )
    _keep("damaged", "Damaged photos", text)


def _keep(part: str, title: str, text: str) -> None:
    again = f"Again: `python tests/benchmarks/bench_suggest.py --only {part}`"
    replace_section(f"suggest-{part}", title, f"{text}\n\n{again}")
