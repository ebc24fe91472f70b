"""Speed, likeness and memory of suggesting, measured through the real program.

    python tests/benchmarks/bench_suggest.py                    everything: a quarter of an hour
    python tests/benchmarks/bench_suggest.py --only everyday    one part

Writes its sections of `resources/BENCHMARKS.md`. The photo sets are found as the tests find them
($TAGGER_TEST_DATA, else ../shared/data beside the checkout). Works in a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tests" / "suggest")]

from bench_loop import photo_sets, prepare_user  # noqa: E402
from bench_page import conditions, replace_section, table  # noqa: E402

SCRIPT = "python tests/benchmarks/bench_suggest.py --only"
COPIES = 20
"""The ten camera originals are measured under so many names each."""

MANY = 50_000
AT_ONCE = 250


def everyday(sets: Path, work: Path) -> None:
    """Measure small files."""
    shutil.copytree(sets / "everyday" / "photos", work / "everyday")
    _speed(work / "everyday", "everyday", "Suggesting: small photos (`everyday`, 192 x 128)")


def originals(sets: Path, work: Path) -> None:
    """Measure photos as they come from cameras."""
    folder = work / "originals"
    folder.mkdir()
    for photo in sorted((sets / "originals").glob("*.jpg")):
        for number in range(COPIES):
            shutil.copyfile(photo, folder / f"{number:02}-{photo.name}")
    _speed(folder, "originals", "Suggesting: camera originals (`originals`, 8 to 22 megapixels)")


def likeness(sets: Path, work: Path) -> None:
    """Compare the model's answers with those for photos decoded in full by Pillow."""
    from decoding_reference import Eye, reference_input

    from tagger.imaging.model_input import model_input

    eye = Eye(_starter())
    rows = [["photos", "number", "cosine, mean", "cosine, least", "same top suggestion"]]
    for name, folder in (("originals", sets / "originals"), ("everyday", sets / "everyday")):
        paths = sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".jpeg"))
        pieces = [paths[at : at + AT_ONCE] for at in range(0, len(paths), AT_ONCE)]
        found = [
            eye.likeness(
                [model_input(path, eye.input) for path in part],
                [reference_input(path, eye.input) for path in part],
            )
            for part in pieces
        ]
        cosines = np.concatenate([part for part, _ in found])
        same = sum(share * len(part) for part, share in found) / len(paths)
        figures = [f"{cosines.mean():.4f}", f"{cosines.min():.4f}", f"{same:.1%}"]
        rows.append([f"`{name}`", f"{len(paths):,}", *figures])
    text = (
        f"{conditions()}\n\nEmbeddings of model input decoded as the program does (reduced), and "
        f"by plain Pillow (in full).\n\n{table(rows)}\n\nAgain: `{SCRIPT} likeness`"
    )
    replace_section("suggest-likeness", "Reduced against full decoding", text)


def memory(sets: Path, work: Path) -> None:
    """Watch the suggester's memory over 50,000 photos."""
    from suggest_memory import at, many_links, memory_curve

    many_links(sets / "everyday" / "photos", work / "many", MANY)
    samples, result = memory_curve(work / "many", _starter())
    rows = [["photos done", "memory, MB", "after, s"]]
    for share in (0.0, 0.01, 0.25, 0.5, 0.75, 1.0):
        sample = at(samples, share)
        rows.append([f"{share:.0%}", f"{sample.rss_mb:.0f}", f"{sample.seconds:.0f}"])
    most = max(sample.rss_mb for sample in samples)
    text = (
        f"{conditions()}\n\nThe suggester's process over {result['photos']:,} photos in one run, "
        f"sampled every second; at most **{most:.0f} MB** (promised: 900). "
        f"{result['decoded']:,} photos at {result['photos_per_s']:.0f} photos/s, low priority.\n\n"
        f"{table(rows)}\n\nAgain: `{SCRIPT} memory`"
    )
    replace_section("suggest-memory", "Memory of the suggester", text)


def control(sets: Path, work: Path) -> None:
    """Time how soon the suggester does what it is told."""
    import bench_control

    bench_control.control(sets, work, _starter())


def damaged(sets: Path, work: Path) -> None:
    """Suggest for damaged photos."""
    import bench_control

    bench_control.damaged(sets, work, _starter())


def parts() -> dict[str, Callable[[Path, Path], None]]:
    """Return the parts by name, in the order they run."""
    return {
        "everyday": everyday,
        "originals": originals,
        "likeness": likeness,
        "memory": memory,
        "control": control,
        "damaged": damaged,
    }


def _speed(folder: Path, part: str, title: str) -> None:
    command = [sys.executable, "-m", "tagger", "bench", "suggest", str(folder), "--json"]
    command += ["--details", "--model", str(_starter())]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(found), flush=True)
    replace_section(f"suggest-{part}", title, f"{_speed_text(found)}\n\nAgain: `{SCRIPT} {part}`")


def _speed_text(found: dict[str, Any]) -> str:
    speeds = [
        ["", "photos/s"],
        ["D: decoding alone, all cores", f"{found['decode_per_s']:.1f}"],
        [f"I: model alone, batch {found['batch']}", f"{found['model_per_s']:.1f}"],
        ["B: the bound", f"{found['bound_per_s']:.1f}"],
        ["E: end to end", f"**{found['end_to_end_per_s']:.1f}**"],
        ["naive loop", f"{found['naive_per_s']:.1f}"],
        ["E/B (promised: 0.90)", f"**{found['ratio']:.3f}**"],
        ["E / naive", f"**{found['speedup']:.2f}**"],
    ]
    spent = found["breakdown_ms"]
    times = [["of one photo", *spent], ["core-ms", *(f"{part:.2f}" for part in spent.values())]]
    return (
        f"{conditions(found['load'])} {found['photos']:,} photos, {found['model']['name']}, "
        f"provider {found['provider']}, {found['rounds']} rounds of alternating slices, "
        f"{found['computed']:,} photos computed end to end; at most {found['rss_mb']:.0f} MB.\n\n"
        f"{table(speeds)}\n\n{table(times)}"
    )


def _starter() -> Path:
    """Return the folder of the starter that computes in float32."""
    from tagger.bundle.store import BundleStore
    from tagger.library.places import user_folder
    from trainer.starter.build import ensure_starter

    bundles = user_folder("bundles")
    return BundleStore(bundles).folder(ensure_starter(bundles).bundle_id)


def main() -> int:
    """Measure and write; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=sorted(parts()), action="append", help="one part")
    wanted = parser.parse_args().only
    os.environ["PYTHONPATH"] = str(CHECKOUT)
    with tempfile.TemporaryDirectory(prefix="tagger-figures-") as folder:
        work = Path(folder)
        prepare_user(work)
        for name, part in parts().items():
            if not wanted or name in wanted:
                part(photo_sets(), work)
                print(f"{name}: written", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
