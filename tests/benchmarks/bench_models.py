"""How good the models are: imported, suggested, quick-retrained, judged by the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench_figures import Figure, at_least, at_most


def tagger(*arguments: object) -> dict[str, Any]:
    """Run a command with `--json` and return its result."""
    command = [sys.executable, "-m", "tagger", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def copied(sets: Path, work: Path, name: str) -> Path:
    """Copy the photos of a set into a folder of their own."""
    folder = work / name
    shutil.copytree(sets / name, folder, ignore=shutil.ignore_patterns("*.csv", "*.json", "*.txt"))
    return folder


def small_sets(sets: Path, work: Path) -> Iterator[Figure]:
    """Yield the figures of captions, scenes, garments and dogs."""
    yield from _retrained(sets, work, "captions", "tags", "map", 0.62, ["labels.csv"])
    files = ["annotations.json", "split.csv"]
    yield from _retrained(sets, work, "scenes", "tags", "map", 0.95, files)
    yield from _retrained(sets, work, "garments", "garment", "accuracy", 0.70, ["labels.csv"])
    folder = copied(sets, work, "dogs")
    tagger("import", folder, sets / "dogs" / "labels.csv")
    tagger("suggest", folder)
    breed = tagger("evaluate", folder, "--split", "val")["groups"]["breed"]
    yield at_least("dogs, starter: breed top-1", breed["accuracy"], 0.82)
    yield at_least("dogs, starter: breed top-3", breed["top3"], 0.95)


def _retrained(
    sets: Path, work: Path, name: str, group: str, measure: str, promised: float, files: list[str]
) -> Iterator[Figure]:
    folder = copied(sets, work, name)
    for file in files:
        tagger("import", folder, sets / name / file)
    tagger("suggest", folder)
    trained = tagger("train", folder)
    tagger("models", "use", trained["bundle"], "--library", folder)
    tagger("suggest", folder)
    found = tagger("evaluate", folder, "--split", "val")["groups"][group]
    yield at_least(f"{name}: {measure} of {group}, val", found[measure], promised)
    yield at_most(f"{name}: training", trained["total_s"], None, "s")
