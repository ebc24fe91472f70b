"""What a graphics card gives: bound, share of the bound, busy share, and nvJPEG, in one command.

    python tests/benchmarks/bench_gpu.py                        on CUDA; a few minutes
    python tests/benchmarks/bench_gpu.py --provider cpu --quick the same steps without a GPU
    python tests/benchmarks/bench_gpu.py --folder ~/Photos      other photos
    python tests/benchmarks/bench_gpu.py --write                into resources/BENCHMARKS.md

Runs `tagger doctor` and `tagger bench suggest` as they are, reads the card's load from nvidia-smi
beside them, and times torchvision's JPEG decoder on the card where torch is installed: if that is
faster than decoding by all cores while decoding is the limit, it is worth building in.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT), str(Path(__file__).parent)]

from bench_loop import photo_sets, prepare_user  # noqa: E402
from bench_page import conditions, replace_section, table  # noqa: E402

COPIES = 20
"""The camera originals are measured under so many names each."""

NVJPEG = """
import json, sys, time
from pathlib import Path
import torch
from torchvision.io import ImageReadMode, decode_jpeg
from torchvision.transforms.v2.functional import resize

device, size, seconds, *paths = sys.argv[1:]
files = [torch.frombuffer(bytearray(Path(path).read_bytes()), dtype=torch.uint8) for path in paths]

def batch():
    made = decode_jpeg(files, mode=ImageReadMode.RGB, device=device)
    pictures = [resize(each, [int(size), int(size)], antialias=True) for each in made]
    return torch.stack(pictures).cpu()

batch()
start, done = time.perf_counter(), 0
while time.perf_counter() - start < float(seconds):
    done += len(batch())
print(json.dumps(done / (time.perf_counter() - start)))
"""
"""Decodes and scales JPEG files with torchvision; a process of its own, for torch stays out."""


@dataclass
class Busy:
    """Samples the card's load twice a second while something runs.

    Attributes:
        shares: load of each sample, 0 to 1; empty without nvidia-smi.
    """

    shares: list[float] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Busy:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def words(self) -> str:
        """The upper half's mean: the parts of a bench in which the card has work."""
        if not self.shares:
            return "unknown"
        upper = sorted(self.shares)[len(self.shares) // 2 :]
        return f"{sum(upper) / len(upper):.0%} (most {max(self.shares):.0%})"

    def _watch(self) -> None:
        query = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        while not self._over.wait(0.5):
            try:
                answer = subprocess.run(query, capture_output=True, text=True, timeout=5)
                self.shares.append(int(answer.stdout.split()[0]) / 100)
            except (OSError, ValueError, IndexError, subprocess.SubprocessError):
                return


def tagger(*arguments: str) -> dict[str, Any]:
    """Run the program and return the line of JSON it prints."""
    command = [sys.executable, "-m", "tagger", *arguments, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, cwd=CHECKOUT, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def measured(name: str, folder: Path, provider: str, seconds: float) -> list[str]:
    """Return a row of figures: D, I, B, E, E/B, naive, batch, provider, the card's load."""
    with Busy() as busy:
        found = tagger(
            *("bench", "suggest", str(folder), "--details"),
            *("--provider", provider, "--seconds", str(seconds)),
        )
    print(f"{name}: {json.dumps(found)}", file=sys.stderr)
    keys = ("decode_per_s", "model_per_s", "bound_per_s", "end_to_end_per_s")
    return [
        name,
        *(f"{found[key]:,.0f}" for key in keys),
        f"{found['ratio']:.2f}",
        f"{found['naive_per_s']:,.0f}",
        str(found["batch"]),
        found["provider"],
        busy.words,
    ]


def stages(name: str, folder: Path, provider: str, seconds: float) -> list[list[str]]:
    """Return what a photo costs in each stage, a row each."""
    found = tagger(
        *("bench", "suggest", str(folder), "--details"),
        *("--provider", provider, "--seconds", str(seconds)),
    )
    return [[name, stage, f"{cost:.2f}"] for stage, cost in found["breakdown_ms"].items()]


def nvjpeg(folder: Path, device: str, seconds: float) -> str:
    """Return photos/s of torchvision's decoder with scaling, or why it was not tried."""
    if importlib.util.find_spec("torchvision") is None:
        return "not tried: torchvision is not installed"
    paths = [str(path) for path in sorted(folder.iterdir()) if path.suffix in (".jpg", ".jpeg")]
    command = [sys.executable, "-c", NVJPEG, device, "224", str(seconds), *paths[:32]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"not tried: {(done.stderr.strip().splitlines() or ['no reason'])[-1][:120]}"
    return f"{float(done.stdout):,.0f}"


def report(provider: str, folders: dict[str, Path], seconds: float) -> str:
    """Measure everything and return it as Markdown."""
    began = time.perf_counter()
    doctor = tagger("doctor", "--provider", provider)
    cards = ", ".join(gpu["name"] for gpu in doctor["gpus"]) or "no NVIDIA GPU"
    probe, half = doctor["probe"], doctor["half"]
    head = ["photos", "D", "I", "B", "E", "E/B", "naive", "batch", "provider", "card busy"]
    rows, costs, jpegs = [head], [["photos", "stage", "ms"]], [["photos", "decode + scale, /s"]]
    for name, folder in folders.items():
        rows.append(measured(name, folder, provider, seconds))
        costs += stages(name, folder, provider, seconds / 2)
        jpegs.append([name, nvjpeg(folder, "cpu" if provider == "cpu" else "cuda", 3.0)])
    versions = ", ".join(
        f"{key} {doctor['versions'][key] or 'none'}"
        for key in ("onnxruntime", "onnxruntime_package", "nvidia_driver", "cuda", "cudnn")
    )
    reasons = " ".join(problem["problem"] for problem in doctor["problems"]) or "none"
    return (
        f"{conditions(packages=('numpy', 'pillow'))} {cards}; {versions}.\n\n"
        f"{table(rows)}\n\n"
        f"D decoding by all cores, I model alone, B bound, E end to end, all photos/s.\n\n"
        f"Model alone in the doctor: processor {probe['cpu_per_s']}, card {probe['gpu_per_s']} "
        f"photos/s ({probe['why_not'] or 'both timed'}). Half precision: "
        f"{json.dumps(half) if half else 'not decided'}. Problems: {reasons}.\n\n"
        f"{table(costs)}\n\n"
        f"JPEG decoding by torchvision (on the card: nvJPEG), files in memory:\n\n"
        f"{table(jpegs)}\n\nTook {time.perf_counter() - began:.0f} s."
    )


def main() -> int:
    """Measure, print, and with --write keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--provider", default="cuda")
    parser.add_argument("--folder", type=Path, help="these photos only")
    parser.add_argument("--quick", action="store_true", help="a few seconds for each part")
    parser.add_argument("--write", action="store_true", help="into resources/BENCHMARKS.md")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        prepare_user(work)
        text = report(args.provider, _folders(args.folder, work), 8.0 if args.quick else 60.0)
    print(text)
    if args.write:
        again = "\n\nAgain: `python tests/benchmarks/bench_gpu.py --write`"
        replace_section("suggest-gpu", "Suggesting on a graphics card", text + again)
    return 0


def _folders(given: Path | None, work: Path) -> dict[str, Path]:
    if given is not None:
        return {given.name: given}
    sets, originals = photo_sets(), work / "originals"
    originals.mkdir()
    for photo in sorted((sets / "originals").glob("*.jpg")):
        for number in range(COPIES):
            shutil.copyfile(photo, originals / f"{number:02}-{photo.name}")
    return {"everyday": sets / "everyday" / "photos", "originals": originals}


if __name__ == "__main__":
    raise SystemExit(main())
