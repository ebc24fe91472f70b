"""How good the models are: imported, suggested, quick-retrained, judged by the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from bench_figures import Figure, at_least, at_most

from tagger.bundle.spec import BundleSpec
from tagger.library.places import user_folder

SLICES = 150


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


def fast_starter(sets: Path, work: Path) -> Iterator[Figure]:
    """Yield what the fast starter is beside the starter: speed in turns, and mean precision."""
    made = starters()
    speeds = _speeds_in_turn([model for _, model in made])
    yield at_least("starter: photos/s, batch 8, one thread", speeds[0], None)
    yield at_least("fast starter: the same", speeds[1], None)
    yield at_least("fast starter: times the starter's speed", speeds[1] / speeds[0], 2.2)
    folder = copied(sets, work, "everyday")
    tagger("import", folder, sets / "everyday" / "labels.csv")
    found = [_precisions(folder, spec.bundle_id) for spec, _ in made]
    for at, what in enumerate(("as delivered", "quickly retrained")):
        yield at_least(f"everyday, starter {what}: map of tags, val", found[0][at], None)
        yield at_least(f"everyday, fast starter {what}: the same", found[1][at], None)
        yield at_most(f"everyday {what}: lost by the fast one", found[0][at] - found[1][at], 0.005)


def starters() -> list[tuple[BundleSpec, Path]]:
    """Return the starter and the fast starter with their graphs, built if they are missing."""
    from trainer.starter.build import FAST_STARTER, STARTER, ensure_starter

    folder = user_folder("bundles")
    specs = [ensure_starter(folder, variant=variant) for variant in (STARTER, FAST_STARTER)]
    return [(spec, folder / spec.bundle_id / "model.onnx") for spec in specs]


def _speeds_in_turn(models: list[Path]) -> list[float]:
    """Return photos/s of each model, batch 8 and one thread, in short slices of each in turn."""
    images = np.random.default_rng(0).integers(0, 256, (8, 224, 224, 3), np.uint8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    sessions = [onnxruntime.InferenceSession(path, options) for path in models]
    seconds = [0.0] * len(sessions)
    for _ in range(SLICES):
        for at, session in enumerate(sessions):
            began = time.perf_counter()
            session.run(None, {"image": images})
            seconds[at] += time.perf_counter() - began
    return [SLICES * len(images) / each for each in seconds]


def _precisions(folder: Path, bundle: str) -> tuple[float, float]:
    """Return mean average precision of a starter and of its quickly retrained child."""
    tagger("models", "use", bundle, "--library", folder)
    tagger("suggest", folder)
    before = tagger("evaluate", folder, "--split", "val")["groups"]["tags"]["map"]
    trained = tagger("train", folder)["bundle"]
    tagger("models", "use", trained, "--library", folder)
    tagger("suggest", folder)
    return before, tagger("evaluate", folder, "--split", "val")["groups"]["tags"]["map"]


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
